// Reading a request's JSON strictly, with messages that name the field. Over Boost.JSON; only
// wire_*.cc include this.
//
// What a body may be: valid UTF-8 (else kInvalidArgument), no lone surrogates (likewise), nested 64
// deep at most, an object. NUL characters are text. Unknown fields are ignored. Of duplicate keys
// the last counts, as in Python's json module and therefore in the FastAPI servers that hearth
// stands in for. A field that is null counts as absent.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/wire.h"

namespace hearth::serve {

// A parsed body; owns its memory.
class JsonBody {
 public:
  static Result<JsonBody> Parse(std::string_view body);

  JsonBody(JsonBody&&) noexcept;
  JsonBody& operator=(JsonBody&&) noexcept;
  ~JsonBody();

  const boost::json::object& root() const;

 private:
  struct State;
  explicit JsonBody(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The value of `field`; null when it is absent or null.
const boost::json::value* Find(const boost::json::object& object, std::string_view field);

// "a string", "a list", …: for messages.
std::string_view KindOf(const boost::json::value& value);

// kUnprocessable naming `field` when it is there and not of that type.
Result<std::optional<bool>> ReadBool(const boost::json::object& object, std::string_view field);
Result<std::optional<std::string>> ReadString(const boost::json::object& object,
                                              std::string_view field);
// A whole number ≥ 1 that fits 32 bits.
Result<std::optional<int32_t>> ReadPositive(const boost::json::object& object,
                                            std::string_view field);
// A list of whole numbers that fit 32 bits; `field` is what messages call it. Whether the
// vocabulary has them is checked later, where the model is known.
Result<std::vector<int32_t>> ReadTokenIds(const boost::json::array& list, std::string_view field);

// TEI's and OpenAI's `inputs`: a text, a list of token ids, or a list of texts and lists of token
// ids. Sets inputs and list of `request`. kInvalidArgument for an empty list, text or list of ids,
// naming which.
Status ReadInputs(const boost::json::object& object, std::string_view field, EmbedRequest* request);

}  // namespace hearth::serve
