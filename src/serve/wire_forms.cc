#include "serve/wire_forms.h"

#include <boost/json/object.hpp>

#include "base/json_print.h"
#include "serve/json_reader.h"
#include "serve/wire_openai.h"
#include "serve/wire_seed.h"
#include "serve/wire_tei.h"

namespace hearth::serve {
namespace {

// Longest float in JSON with its comma, on average less.
constexpr size_t kFloatBytes = 14;

}  // namespace

Result<EmbedRequest> ParseNative(std::string_view body) {
  auto json = JsonBody::Parse(body);
  if (!json) return Forward(json);
  const bool tei = json->root().contains("inputs");
  if (tei && json->root().contains("text")) {
    return Fail(Code::kUnprocessable, "give either `text` or `inputs`, not both");
  }
  return tei ? ReadTei(json->root()) : ReadSeed(json->root());
}

Result<EmbedRequest> ParseOpenAi(std::string_view body) {
  auto json = JsonBody::Parse(body);
  if (!json) return Forward(json);
  return ReadOpenAi(json->root());
}

std::string PrintVectors(const EmbedRequest& request, const EmbedVectors& vectors,
                         std::string_view model) {
  std::string out;
  out.reserve(vectors.count() * (vectors.dimensions * kFloatBytes + 64) + 256);
  switch (request.form) {
    case Form::kSeed:
      PrintSeed(vectors, &out);
      break;
    case Form::kTei:
      PrintTei(vectors, &out);
      break;
    case Form::kOpenAi:
      PrintOpenAi(vectors, request.base64, model, &out);
      break;
  }
  return out;
}

std::string PrintError(bool openai, Code code, std::string_view message) {
  if (openai) return PrintOpenAiError(code, message);
  std::string out = R"({"error":)";
  AppendJsonString(message, &out);
  out.append(R"(,"error_type":")").append(TraitsOf(code).name).append("\"}");
  return out;
}

}  // namespace hearth::serve
