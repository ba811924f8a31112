// Bodies of every wire form: whatever the bytes, parsing ends in a request or an error, and a
// request can be answered.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "serve/wire_forms.h"

namespace {

void Check(const hearth::Result<hearth::serve::EmbedRequest>& request) {
  if (!request) {
    if (request.error().message.empty()) std::abort();
    hearth::serve::PrintError(false, request.error().code, request.error().message);
    hearth::serve::PrintError(true, request.error().code, request.error().message);
    return;
  }
  if (request->inputs.empty()) std::abort();
  const std::vector<float> vectors(request->inputs.size() * 2, 0.5F);
  if (hearth::serve::PrintVectors(*request, {vectors, 2, 1, 7}, "model").empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  Check(hearth::serve::ParseNative(body));
  Check(hearth::serve::ParseOpenAi(body));
  return 0;
}
