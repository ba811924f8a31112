#include "serve/wire_seed.h"

#include <utility>

#include "base/json_print.h"
#include "serve/json_reader.h"

namespace hearth::serve {

Result<EmbedRequest> ReadSeed(const boost::json::object& body) {
  auto text = ReadString(body, "text");
  if (!text) return Forward(text);
  if (!*text) {
    return Fail(Code::kUnprocessable, "`text` is missing (or `inputs`, for TEI's form)");
  }
  EmbedRequest request;
  request.form = Form::kSeed;
  request.inputs.emplace_back(std::move(**text));
  return request;
}

void PrintSeed(const EmbedVectors& vectors, std::string* out) {
  out->append(R"({"embedding":)");
  AppendJsonFloats(vectors.row(0), out);
  out->push_back('}');
}

}  // namespace hearth::serve
