// The table of keys: each key of hearth.toml once, with where it goes, its range and what it means.
// Defaults are those of a fresh Config.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace hearth::config {

// Where a value goes. Its type is the key's type: whole number, number, yes or no, text, duration
// (milliseconds), size (int64_t, bytes), list of texts, table of texts, free table, backend.
template <typename... Ts>
using PlacesOf = std::variant<Ts*...>;
using Target =
    PlacesOf<int, double, bool, std::string, std::chrono::milliseconds, int64_t,
             std::vector<std::string>, std::map<std::string, std::string>, JsonTable, Backend>;

// What a text must look like: `words` for the reference; `wrong` gives "must be …", or nothing.
struct Form {
  std::string_view words;
  std::optional<std::string> (*wrong)(std::string_view text);
};

struct KeyFacts {
  std::string_view path;  // "pool.floor"
  std::string_view meaning;
  double least = 0;  // numbers, milliseconds, bytes
  double most = 0;
  bool or_zero = false;              // zero is taken below `least`: off, or derived
  bool whole_seconds = false;        // of a duration: AWS takes no parts of one
  const Form* form = nullptr;        // of a text, of each in a list
  std::string_view in_default = {};  // what the default means, where its value does not say it

  std::string_view Table() const { return path.substr(0, path.rfind('.')); }
  std::string_view Name() const { return path.substr(path.rfind('.') + 1); }
};

template <typename Owner>
struct Key {
  KeyFacts facts;
  Target (*target)(Owner& owner);
};

std::span<const Key<Config>> Keys();
std::span<const Key<ScheduleEntry>> ScheduleKeys();  // of each [[pool.schedule]]

// "whole number", "duration", …
std::string_view TypeWords(const Target& target);
// "from 0 to 1000", "a path such as …"; empty when anything goes.
std::string RangeWords(const KeyFacts& facts, const Target& target);
// A value as hearth.toml writes it.
std::string Printed(const Target& target);

// After an unknown `name` in `table` ("pool"; "" is the top): which one was meant.
std::string HintFor(std::string_view table, std::string_view name);

}  // namespace hearth::config
