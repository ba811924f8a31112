#include "serve/wire_tei.h"

#include <utility>

#include "base/json_print.h"
#include "serve/json_reader.h"

namespace hearth::serve {
namespace {

Result<text::TruncationSide> ReadSide(const boost::json::object& body) {
  auto side = ReadString(body, "truncation_direction");
  if (!side) return Forward(side);
  if (!*side || **side == "Right" || **side == "right") return text::TruncationSide::kRight;
  if (**side == "Left" || **side == "left") return text::TruncationSide::kLeft;
  return Fail(Code::kUnprocessable, "`truncation_direction` must be \"Right\" or \"Left\"");
}

}  // namespace

Result<EmbedRequest> ReadTei(const boost::json::object& body) {
  EmbedRequest request;
  request.form = Form::kTei;
  if (Status status = ReadInputs(body, "inputs", &request); !status) return Forward(status);
  auto truncate = ReadBool(body, "truncate");
  if (!truncate) return Forward(truncate);
  request.truncate = *truncate;
  auto side = ReadSide(body);
  if (!side) return Forward(side);
  request.side = *side;
  auto normalize = ReadBool(body, "normalize");
  if (!normalize) return Forward(normalize);
  request.normalize = normalize->value_or(true);
  auto prompt_name = ReadString(body, "prompt_name");
  if (!prompt_name) return Forward(prompt_name);
  request.prompt_name = std::move(*prompt_name);
  auto dimensions = ReadPositive(body, "dimensions");
  if (!dimensions) return Forward(dimensions);
  request.dimensions = *dimensions;
  return request;
}

void PrintTei(const EmbedVectors& vectors, std::string* out) {
  out->push_back('[');
  for (size_t i = 0; i < vectors.count(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonFloats(vectors.row(i), out);
  }
  out->push_back(']');
}

}  // namespace hearth::serve
