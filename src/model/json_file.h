// Reading the JSON files of a model folder: a whole file as one object, and typed look-ups whose
// errors name the file and the key. Includes Boost.JSON: for .cc files of this room only.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::model {

// The value of `text`; kCorrupt, beginning with `what`, when it is not JSON, is nested more than 32
// deep, or (if refused) an object has the same key twice.
enum class DuplicateKeys { kLastWins, kRefused };
Result<boost::json::value> ParseJson(std::string_view text, std::string_view what,
                                     DuplicateKeys duplicates = DuplicateKeys::kLastWins);

class JsonFile {
 public:
  // kNotFound when there is no such file.
  static Result<JsonFile> Read(const std::string& path);
  // A file that is not there reads as an empty object.
  static Result<JsonFile> ReadOrEmpty(const std::string& path);

  bool there() const { return !value_.is_null(); }
  const std::string& path() const { return path_; }
  const boost::json::value& value() const { return value_; }
  // The value at `key` of the file's object; null when absent, JSON null, or the file is not an
  // object.
  const boost::json::value* Find(std::string_view key) const;

  // Required values: an absent one or one of another type is kCorrupt, naming file and key.
  Result<std::string> String(std::string_view key) const;
  Result<int32_t> PositiveInt(std::string_view key) const;
  Result<double> Number(std::string_view key) const;
  // With a default for an absent or null one.
  Result<std::string> String(std::string_view key, std::string_view fallback) const;
  Result<bool> Bool(std::string_view key, bool fallback) const;

  tl::unexpected<Error> WrongType(std::string_view key, std::string_view expected) const;

 private:
  JsonFile(std::string path, boost::json::value value)
      : path_(std::move(path)), value_(std::move(value)) {}

  std::string path_;
  boost::json::value value_;
};

// The member of an object at `key`, null when absent, null or `value` is no object.
const boost::json::value* FindMember(const boost::json::value& value, std::string_view key);

}  // namespace hearth::model
