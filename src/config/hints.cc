#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "config/keys.h"

namespace hearth::config {
namespace {

std::string Folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  return out;
}

// Levenshtein's distance; `a` and `b` are short.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

struct Known {
  std::string_view table;  // "" is the top
  std::string_view name;
  bool is_table = false;
};

std::string_view Prefix(std::string_view path, size_t dot) {
  return dot == std::string_view::npos ? "" : path.substr(0, dot);
}

// Every key and every table.
std::vector<Known> AllKnown() {
  std::vector<Known> all;
  std::string_view table;
  const auto add = [&](const KeyFacts& facts) {
    if (facts.Table() != table) {
      table = facts.Table();
      const size_t dot = table.rfind('.');
      all.push_back({Prefix(table, dot), table.substr(dot + 1), true});  // npos + 1 is 0
    }
    all.push_back({table, facts.Name()});
  };
  for (const auto& key : Keys()) add(key.facts);
  for (const auto& key : ScheduleKeys()) add(key.facts);
  return all;
}

std::string PathOf(const Known& known) {
  return known.table.empty() ? std::string(known.name)
                             : fmt::format("{}.{}", known.table, known.name);
}

std::string Header(std::string_view table) {
  return table == "pool.schedule" ? "[[pool.schedule]]" : fmt::format("[{}]", table);
}

std::string NamesOf(std::string_view table, const std::vector<Known>& all) {
  constexpr size_t kBytesMax = 300;
  std::string names;
  for (const Known& known : all) {
    if (known.table != table) continue;
    if (!names.empty()) names += ", ";
    names += table.empty() ? Header(known.name) : std::string(known.name);
  }
  if (names.size() > kBytesMax) return "docs/config.md has the keys of " + Header(table);
  return table.empty() ? "there are the tables " + names
                       : fmt::format("the keys of {} are {}", Header(table), names);
}

}  // namespace

std::string HintFor(std::string_view table, std::string_view name) {
  const std::vector<Known> all = AllKnown();
  if (name.size() > 64) return NamesOf(table, all);
  const std::string folded = Folded(name);
  const Known* nearest = nullptr;
  size_t least = std::max<size_t>(1, folded.size() / 2);
  for (const Known& known : all) {
    // The same word in another table is surely meant; a similar one is better in its own.
    const size_t distance = Distance(folded, Folded(known.name));
    const size_t cost = distance == 0 ? 0 : distance + (known.table == table ? 0 : 1);
    if (cost > least || (nearest != nullptr && cost == least)) continue;
    nearest = &known;
    least = cost;
  }
  if (nearest == nullptr) return NamesOf(table, all);
  if (nearest->is_table) return fmt::format("did you mean {}?", Header(PathOf(*nearest)));
  const bool moved = nearest->table != table;
  if (moved && least == 0) return fmt::format("it belongs in {}", Header(nearest->table));
  return fmt::format("did you mean \"{}\"{}?", nearest->name,
                     moved ? " of " + Header(nearest->table) : "");
}

}  // namespace hearth::config
