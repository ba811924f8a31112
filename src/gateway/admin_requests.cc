#include "gateway/admin_requests.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <initializer_list>
#include <utility>

namespace hearth::gateway {
namespace json = boost::json;
namespace {

constexpr int64_t kReplicasMax = 10'000;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

Result<json::object> ParseObject(std::string_view body,
                                 std::initializer_list<std::string_view> fields) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) {
    return Fail(Code::kInvalidArgument, "the body is not JSON: {}", error.message());
  }
  if (!value.is_object()) return Fail(Code::kInvalidArgument, "the body must be a JSON object");
  for (const auto& field : value.get_object()) {
    const std::string_view key(field.key().data(), field.key().size());
    if (std::find(fields.begin(), fields.end(), key) != fields.end()) continue;
    return Fail(Code::kUnprocessable, "there is no field \"{}\" here; known: {}", key,
                fmt::join(fields, ", "));
  }
  return std::move(value.get_object());
}

Result<std::optional<int>> ReadCount(const json::object& object, std::string_view field,
                                     int64_t least) {
  const json::value* value = object.if_contains(json::string_view(field.data(), field.size()));
  if (value == nullptr) return std::nullopt;
  if (value->is_null()) return pool::Controller::kAsInFile;
  if (!value->is_int64() || value->get_int64() < least || value->get_int64() > kReplicasMax) {
    return Fail(Code::kUnprocessable,
                "`{}` must be a whole number from {} to {}, or null for hearth.toml's, not {}",
                field, least, kReplicasMax, json::serialize(*value));
  }
  return static_cast<int>(value->get_int64());
}

Result<std::optional<std::string>> ReadText(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(json::string_view(field.data(), field.size()));
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_string() || value->get_string().empty()) {
    return Fail(Code::kUnprocessable, "`{}` must be a text that is not empty", field);
  }
  return std::string(View(value->get_string()));
}

Result<std::optional<std::vector<std::string>>> ReadCommand(const json::object& object) {
  const json::value* value = object.if_contains("command");
  if (value == nullptr || value->is_null()) return std::nullopt;
  std::vector<std::string> words;
  const json::array* list = value->if_array();
  bool good = list != nullptr && !list->empty();
  for (size_t i = 0; good && i < list->size(); ++i) {
    const json::string* word = (*list)[i].if_string();
    good = word != nullptr && word->find('\0') == json::string::npos;
    if (good) words.emplace_back(View(*word));
  }
  if (!good || words.front().empty()) {
    return Fail(Code::kUnprocessable,
                R"(`command` must be a list of words, such as ["uvicorn", "app:app", "--port", )"
                R"("{port}"])");
  }
  return words;
}

}  // namespace

Result<ScaleChange> ParseScale(std::string_view body) {
  auto object = ParseObject(body, {"floor", "spare", "max"});
  if (!object) return Forward(object);
  auto floor = ReadCount(*object, "floor", 0);
  if (!floor) return Forward(floor);
  auto spare = ReadCount(*object, "spare", 0);
  if (!spare) return Forward(spare);
  auto max = ReadCount(*object, "max", 1);
  if (!max) return Forward(max);
  if (!*floor && !*spare && !*max) {
    return Fail(Code::kUnprocessable, "give at least one of floor, spare and max");
  }
  return ScaleChange{*floor, *spare, *max};
}

Result<AdminActions::RollChange> ParseRoll(std::string_view body) {
  auto object = ParseObject(body, {"model", "image", "command"});
  if (!object) return Forward(object);
  auto model = ReadText(*object, "model");
  if (!model) return Forward(model);
  auto image = ReadText(*object, "image");
  if (!image) return Forward(image);
  auto command = ReadCommand(*object);
  if (!command) return Forward(command);
  if (!*model && !*image && !*command) {
    return Fail(Code::kUnprocessable, "give one of model, image and command");
  }
  return AdminActions::RollChange{*std::move(model), *std::move(image), *std::move(command)};
}

Result<pool::ReplicaId> ParseDrain(std::string_view body) {
  auto object = ParseObject(body, {"replica"});
  if (!object) return Forward(object);
  auto name = ReadText(*object, "replica");
  if (!name) return Forward(name);
  const std::string text = name->value_or("");
  pool::ReplicaId id;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = text.size() < 2
                                 ? std::from_chars_result{end, std::errc::invalid_argument}
                                 : std::from_chars(text.data() + 1, end, id.value);
  if (error != std::errc() || stop != end || text[0] != 'r') {
    return Fail(Code::kUnprocessable, "`replica` must be a replica's name, such as r7, not \"{}\"",
                text);
  }
  return id;
}

}  // namespace hearth::gateway
