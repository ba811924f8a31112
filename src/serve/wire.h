// What every form of embedding request says once it is read, and what every form of answer is
// printed from. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "text/tokenizer.h"

namespace hearth::serve {

enum class Form { kSeed, kTei, kOpenAi };

// One thing to embed: UTF-8 text, or token ids.
using Input = std::variant<std::string, std::vector<int32_t>>;

struct EmbedRequest {
  Form form = Form::kSeed;
  bool list = false;  // the inputs came as a list (a batch, in TEI's terms), not as one text
  std::vector<Input> inputs;
  std::optional<bool> truncate;  // absent: as the server's --auto-truncate
  text::TruncationSide side = text::TruncationSide::kRight;
  std::optional<bool> normalize;  // absent: as the model says
  std::optional<std::string> prompt_name;
  std::optional<int32_t> dimensions;  // ≥ 1
  bool base64 = false;
};

// The vectors of a request, ready to print: [count][stride], of which the first `dimensions`
// columns are sent.
struct EmbedVectors {
  std::span<const float> values;
  size_t stride = 0;
  size_t dimensions = 0;
  int64_t tokens = 0;  // of all inputs together, as the model saw them

  size_t count() const { return stride == 0 ? 0 : values.size() / stride; }
  std::span<const float> row(size_t i) const { return values.subspan(i * stride, dimensions); }
};

}  // namespace hearth::serve
