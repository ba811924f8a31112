#include "serve/wire_openai.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/json_print.h"
#include "serve/json_reader.h"

namespace hearth::serve {
namespace {

std::string_view TypeOf(Code code) {
  switch (code) {
    case Code::kUnauthorized:
      return "authentication_error";
    case Code::kOverloaded:
      return "rate_limit_error";
    default:
      break;
  }
  return TraitsOf(code).http_status < 500 ? "invalid_request_error" : "server_error";
}

}  // namespace

Result<EmbedRequest> ReadOpenAi(const boost::json::object& body) {
  EmbedRequest request;
  request.form = Form::kOpenAi;
  request.normalize = true;
  if (Status status = ReadInputs(body, "input", &request); !status) return Forward(status);
  auto format = ReadString(body, "encoding_format");
  if (!format) return Forward(format);
  request.base64 = *format && **format == "base64";
  if (*format && !request.base64 && **format != "float") {
    return Fail(Code::kUnprocessable, "`encoding_format` must be \"float\" or \"base64\"");
  }
  auto dimensions = ReadPositive(body, "dimensions");
  if (!dimensions) return Forward(dimensions);
  request.dimensions = *dimensions;
  for (const std::string_view unused : {"model", "user"}) {
    auto text = ReadString(body, unused);
    if (!text) return Forward(text);
  }
  return request;
}

void PrintOpenAi(const EmbedVectors& vectors, bool base64, std::string_view model,
                 std::string* out) {
  out->append(R"({"object":"list","data":[)");
  for (size_t i = 0; i < vectors.count(); ++i) {
    if (i > 0) out->push_back(',');
    out->append(R"({"object":"embedding","embedding":)");
    if (base64) {
      out->push_back('"');
      AppendBase64Floats(vectors.row(i), out);
      out->push_back('"');
    } else {
      AppendJsonFloats(vectors.row(i), out);
    }
    fmt::format_to(std::back_inserter(*out), R"(,"index":{}}})", i);
  }
  out->append(R"(],"model":)");
  AppendJsonString(model, out);
  fmt::format_to(std::back_inserter(*out),
                 R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}}}})", vectors.tokens);
}

std::string PrintOpenAiError(Code code, std::string_view message) {
  std::string out = R"({"error":{"message":)";
  AppendJsonString(message, &out);
  fmt::format_to(std::back_inserter(out), R"(,"type":"{}","param":null,"code":"{}"}}}})",
                 TypeOf(code),
                 code == Code::kUnauthorized ? "invalid_api_key" : TraitsOf(code).name);
  return out;
}

}  // namespace hearth::serve
