#include "serve/json_reader.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parser.hpp>
#include <limits>
#include <utility>

namespace hearth::serve {
namespace json = boost::json;

namespace {

constexpr size_t kDepthMax = 64;
constexpr size_t kFirstBlockBytes = 4096;

// Why the body is not JSON, in words for the client rather than for Boost's developers.
std::string Explain(const boost::system::error_code& error) {
  if (error == json::error::too_deep) return fmt::format("nested deeper than {} levels", kDepthMax);
  if (error == json::error::incomplete) return "it ends too early";
  if (error == json::error::extra_data) return "something follows its end";
  if (error == json::error::illegal_leading_surrogate ||
      error == json::error::illegal_trailing_surrogate ||
      error == json::error::expected_utf16_escape) {
    return "a \\u escape is half of a surrogate pair";
  }
  return error.message();
}

tl::unexpected<Error> WrongType(std::string_view field, std::string_view wanted,
                                const json::value& value) {
  return Fail(Code::kUnprocessable, "`{}` must be {}, not {}", field, wanted, KindOf(value));
}

Result<int32_t> ReadInt32(const json::value& value, std::string_view field) {
  if (value.is_uint64()) {
    return Fail(Code::kUnprocessable, "`{}` is out of range: {}", field, value.get_uint64());
  }
  if (!value.is_int64()) return WrongType(field, "a whole number", value);
  const int64_t number = value.get_int64();
  if (number < std::numeric_limits<int32_t>::min() ||
      number > std::numeric_limits<int32_t>::max()) {
    return Fail(Code::kUnprocessable, "`{}` is out of range: {}", field, number);
  }
  return static_cast<int32_t>(number);
}

Result<Input> ReadInput(const json::value& value, const std::string& field) {
  if (const auto* text = value.if_string()) {
    if (text->empty()) {
      return Fail(Code::kInvalidArgument, "`{}` must not be an empty string", field);
    }
    return Input(std::string(text->data(), text->size()));
  }
  if (const auto* list = value.if_array()) {
    if (list->empty()) return Fail(Code::kInvalidArgument, "`{}` must not be an empty list", field);
    auto ids = ReadTokenIds(*list, field);
    if (!ids) return Forward(ids);
    return Input(std::move(*ids));
  }
  return WrongType(field, "a string or a list of token ids", value);
}

}  // namespace

struct JsonBody::State {
  std::array<unsigned char, kFirstBlockBytes> block;
  json::monotonic_resource memory{block.data(), block.size()};
  json::value root;
};

JsonBody::JsonBody(std::unique_ptr<State> state) : state_(std::move(state)) {}
JsonBody::JsonBody(JsonBody&&) noexcept = default;
JsonBody& JsonBody::operator=(JsonBody&&) noexcept = default;
JsonBody::~JsonBody() = default;

const json::object& JsonBody::root() const { return state_->root.get_object(); }

Result<JsonBody> JsonBody::Parse(std::string_view body) {
  auto state = std::make_unique<State>();
  json::parse_options options;
  options.max_depth = kDepthMax;
  std::array<unsigned char, kFirstBlockBytes> scratch;
  json::parser parser(&state->memory, options, scratch.data(), scratch.size());
  boost::system::error_code error;
  const size_t read = parser.write(body.data(), body.size(), error);
  if (error) {
    return Fail(Code::kInvalidArgument, "the body is not valid JSON: {} (after {} of {} bytes)",
                Explain(error), read, body.size());
  }
  state->root = parser.release();
  if (!state->root.is_object()) {
    return Fail(Code::kUnprocessable, "the body must be a JSON object, not {}",
                KindOf(state->root));
  }
  return JsonBody(std::move(state));
}

std::string_view KindOf(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

const json::value* Find(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains({field.data(), field.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::optional<bool>> ReadBool(const json::object& object, std::string_view field) {
  const json::value* value = Find(object, field);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_bool()) return WrongType(field, "a boolean", *value);
  return std::optional<bool>(value->get_bool());
}

Result<std::optional<std::string>> ReadString(const json::object& object, std::string_view field) {
  const json::value* value = Find(object, field);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return WrongType(field, "a string", *value);
  const json::string& text = value->get_string();
  return std::optional<std::string>(std::string(text.data(), text.size()));
}

Result<std::optional<int32_t>> ReadPositive(const json::object& object, std::string_view field) {
  const json::value* value = Find(object, field);
  if (value == nullptr) return std::optional<int32_t>();
  auto number = ReadInt32(*value, field);
  if (!number) return Forward(number);
  if (*number < 1) {
    return Fail(Code::kUnprocessable, "`{}` must be at least 1, not {}", field, *number);
  }
  return std::optional<int32_t>(*number);
}

Result<std::vector<int32_t>> ReadTokenIds(const json::array& list, std::string_view field) {
  std::vector<int32_t> ids;
  ids.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    // The field's full name is built only for an error: token ids come by the thousand.
    const json::value& value = list[i];
    if (value.is_int64()) {
      const int64_t number = value.get_int64();
      if (number >= 0 && number <= std::numeric_limits<int32_t>::max()) {
        ids.push_back(static_cast<int32_t>(number));
        continue;
      }
    }
    const std::string name = fmt::format("{}[{}]", field, i);
    if (!value.is_number()) return WrongType(name, "a token id", value);
    auto number = ReadInt32(value, name);
    if (!number) return Forward(number);
    return Fail(Code::kUnprocessable, "`{}` must be a token id, not {}", name, *number);
  }
  return ids;
}

Status ReadInputs(const json::object& object, std::string_view field, EmbedRequest* request) {
  const json::value* value = Find(object, field);
  if (value == nullptr) return Fail(Code::kUnprocessable, "`{}` is missing", field);
  const json::array* list = value->if_array();
  if (list == nullptr && !value->is_string()) {
    return WrongType(field, "a string, or a list of strings or token ids", *value);
  }
  // A list of numbers is one text, given as its token ids.
  if (list == nullptr || (!list->empty() && list->front().is_number())) {
    auto input = ReadInput(*value, std::string(field));
    if (!input) return Forward(input);
    request->inputs.push_back(std::move(*input));
    return {};
  }
  if (list->empty()) return Fail(Code::kInvalidArgument, "`{}` must not be an empty list", field);
  request->list = true;
  request->inputs.reserve(list->size());
  for (size_t i = 0; i < list->size(); ++i) {
    auto input = ReadInput((*list)[i], fmt::format("{}[{}]", field, i));
    if (!input) return Forward(input);
    request->inputs.push_back(std::move(*input));
  }
  return {};
}

}  // namespace hearth::serve
