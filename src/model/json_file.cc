#include "model/json_file.h"

#include <boost/json/basic_parser_impl.hpp>
#include <limits>
#include <set>
#include <vector>

#include "base/mapped_file.h"

namespace hearth::model {

namespace json = boost::json;

namespace {

// Follows the events of a parse and stops at the first key that its object already has.
// The names are Boost.JSON's. NOLINTBEGIN(readability-identifier-naming)
struct DuplicateFinder {
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_key_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_string_size = std::numeric_limits<size_t>::max();

  std::vector<std::set<std::string>> objects;
  std::string key;
  std::string duplicate;
  bool found = false;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(size_t, json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    objects.emplace_back();
    return true;
  }
  bool on_object_end(size_t, json::error_code&) {
    objects.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, size_t, json::error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, json::error_code& error) {
    key.append(part.data(), part.size());
    if (!objects.back().insert(key).second) {
      duplicate = key;
      found = true;
      error = json::error::syntax;
      return false;
    }
    key.clear();
    return true;
  }
  bool on_string_part(json::string_view, size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};
// NOLINTEND(readability-identifier-naming)

}  // namespace

Result<json::value> ParseJson(std::string_view text, std::string_view what,
                              DuplicateKeys duplicates) {
  if (duplicates == DuplicateKeys::kRefused) {
    json::basic_parser<DuplicateFinder> finder(json::parse_options{});
    json::error_code error;
    finder.write_some(false, text.data(), text.size(), error);
    if (finder.handler().found) {
      return Fail(Code::kCorrupt, "{}: the key \"{:.100}\" is there twice", what,
                  finder.handler().duplicate);
    }
  }
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return Fail(Code::kCorrupt, "{}: not valid JSON ({})", what, error.message());
  return value;
}

const json::value* FindMember(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  const json::value* member =
      object == nullptr ? nullptr : object->if_contains(json::string_view(key.data(), key.size()));
  return member == nullptr || member->is_null() ? nullptr : member;
}

Result<JsonFile> JsonFile::Read(const std::string& path) {
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  const auto bytes = file->bytes();
  auto value = ParseJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                         fmt::format("cannot read \"{}\"", path));
  if (!value) return Forward(value);
  if (value->is_null()) return Fail(Code::kCorrupt, "cannot use \"{}\": it holds null", path);
  return JsonFile(path, std::move(*value));
}

Result<JsonFile> JsonFile::ReadOrEmpty(const std::string& path) {
  auto file = Read(path);
  if (file || file.error().code != Code::kNotFound) return file;
  return JsonFile(path, nullptr);
}

const json::value* JsonFile::Find(std::string_view key) const { return FindMember(value_, key); }

tl::unexpected<Error> JsonFile::WrongType(std::string_view key, std::string_view expected) const {
  const json::value* value = Find(key);
  if (value == nullptr) {
    return Fail(Code::kCorrupt, "cannot use \"{}\": \"{}\" is missing", path_, key);
  }
  return Fail(Code::kCorrupt, "cannot use \"{}\": \"{}\" is {:.60}, not {}", path_, key,
              json::serialize(*value), expected);
}

Result<std::string> JsonFile::String(std::string_view key) const {
  const json::value* value = Find(key);
  if (value == nullptr || !value->is_string()) return WrongType(key, "a string");
  return std::string(value->get_string());
}

Result<std::string> JsonFile::String(std::string_view key, std::string_view fallback) const {
  if (Find(key) == nullptr) return std::string(fallback);
  return String(key);
}

Result<int32_t> JsonFile::PositiveInt(std::string_view key) const {
  const json::value* value = Find(key);
  if (value == nullptr || !value->is_int64() || value->get_int64() <= 0 ||
      value->get_int64() > std::numeric_limits<int32_t>::max()) {
    return WrongType(key, "a whole number above 0");
  }
  return static_cast<int32_t>(value->get_int64());
}

Result<double> JsonFile::Number(std::string_view key) const {
  const json::value* value = Find(key);
  if (value != nullptr && value->is_double()) return value->get_double();
  if (value != nullptr && value->is_int64()) return static_cast<double>(value->get_int64());
  return WrongType(key, "a number");
}

Result<bool> JsonFile::Bool(std::string_view key, bool fallback) const {
  const json::value* value = Find(key);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) return WrongType(key, "true or false");
  return value->get_bool();
}

}  // namespace hearth::model
