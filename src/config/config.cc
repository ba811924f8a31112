#include "config/config.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "config/checks.h"
#include "config/read_value.h"
#include "config/shape.h"

namespace hearth::config {
namespace {

int LineOf(const toml::key& key) { return static_cast<int>(key.source().begin.line); }

// The name of a key in a message: as it is when it can stand there, else in quotes.
std::string Named(std::string_view table, std::string_view name) {
  const bool bare = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  const std::string shown = bare && name.size() <= 60 ? std::string(name) : Shown(name);
  return table.empty() ? shown : fmt::format("{}.{}", table, shown);
}

// Walks the tree of one file, table by table, and gathers what is wrong.
class Reader {
 public:
  explicit Reader(Config* config) : config_(*config) {}

  void ReadRoot(const toml::table& root) {
    for (const auto& [key, node] : root) {
      if (IsTable(key.str())) {
        ReadTableOf(std::string(key.str()), key, node);
      } else {
        AddUnknown("", key);
      }
    }
    config_.ecs.given = root.contains("ecs");
    FollowGiven(lines_, &config_);
    // With a value that could not be read, what is told of two would not be true.
    if (problems_.empty()) CheckAcross(config_, lines_, &problems_);
    for (const auto& [key, line] : lines_) config_.given.insert(key);
  }

  // Of several problems, the first in the file.
  const Problem* First() const {
    const auto first = std::ranges::min_element(problems_, {}, &Problem::line);
    return first == problems_.end() ? nullptr : &*first;
  }

 private:
  static bool IsTable(std::string_view name) {
    return std::ranges::any_of(Keys(), [&](const auto& key) { return key.facts.Table() == name; });
  }

  template <typename Owner>
  static const Key<Owner>* Find(std::span<const Key<Owner>> keys, const std::string& path) {
    const auto found =
        std::ranges::find(keys, path, [](const auto& key) { return key.facts.path; });
    return found == keys.end() ? nullptr : &*found;
  }

  void ReadTableOf(const std::string& path, const toml::key& key, const toml::node& node) {
    if (const toml::table* table = node.as_table()) return ReadTable(path, *table);
    Add(key, "{} must be one table: write [{}] once", path, path);
  }

  void ReadTable(std::string_view table, const toml::table& values) {
    for (const auto& [key, node] : values) {
      const std::string path = fmt::format("{}.{}", table, key.str());
      if (path == "pool.schedule") {
        ReadSchedule(key, node);
      } else if (const Key<Config>* known = Find(Keys(), path)) {
        lines_[path] = LineOf(key);
        Set(key, node, known->facts, known->target(config_));
      } else if (IsTable(path)) {
        ReadTableOf(path, key, node);
      } else {
        AddUnknown(table, key);
      }
    }
  }

  void ReadSchedule(const toml::key& key, const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr || !(list->empty() || list->is_array_of_tables())) {
      Add(key, "pool.schedule must be a list of tables: write [[pool.schedule]] above each");
      return;
    }
    lines_["pool.schedule"] = LineOf(key);
    for (const toml::node& item : *list) ReadEntry(*item.as_table());
  }

  void ReadEntry(const toml::table& values) {
    ScheduleEntry entry;
    entry.line = static_cast<int>(values.source().begin.line);
    for (const auto& [key, node] : values) {
      const std::string path = fmt::format("pool.schedule.{}", key.str());
      if (const Key<ScheduleEntry>* known = Find(ScheduleKeys(), path)) {
        Set(key, node, known->facts, known->target(entry));
      } else {
        AddUnknown("pool.schedule", key);
      }
    }
    for (const char* needed : {"cron", "floor"}) {
      if (values.contains(needed)) continue;
      problems_.push_back({entry.line, fmt::format("[[pool.schedule]] needs {}", needed)});
    }
    config_.pool.schedule.push_back(std::move(entry));
  }

  void Set(const toml::key& key, const toml::node& node, const KeyFacts& facts,
           const Target& target) {
    const auto wrong = SetValue(node, facts, target);
    if (wrong) Add(key, "{} = {}: {}", facts.path, Shown(node), *wrong);
  }

  void AddUnknown(std::string_view table, const toml::key& key) {
    Add(key, "{}: there is no such key; {}", Named(table, key.str()), HintFor(table, key.str()));
  }

  template <typename... Args>
  void Add(const toml::key& key, fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back({LineOf(key), fmt::format(format, std::forward<Args>(args)...)});
  }

  Config& config_;
  KeyLines lines_;
  std::vector<Problem> problems_;
};

tl::unexpected<Error> FailAt(const std::string& name, const Problem& problem) {
  if (problem.line == 0) return Fail(problem.code, "{}: {}", name, problem.message);
  return Fail(problem.code, "{}:{}: {}", name, problem.line, problem.message);
}

// The parser's words, in one line.
std::string OneLine(std::string_view text) {
  std::string out(text.substr(0, ValidUtf8Prefix(text.substr(0, 200))));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return out;
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, const std::string& name) {
  if (const auto problem = ShapeProblem(text)) return FailAt(name, *problem);
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return FailAt(name, {static_cast<int>(error.source().begin.line),
                         "is not TOML: " + OneLine(error.description())});
  }
  Config config;
  Reader reader(&config);
  reader.ReadRoot(parsed.table());
  if (const Problem* first = reader.First()) return FailAt(name, *first);
  return config;
}

}  // namespace hearth::config
