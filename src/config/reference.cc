#include <fmt/format.h>

#include "config/config.h"
#include "config/keys.h"

namespace hearth::config {
namespace {

void AppendRow(const KeyFacts& facts, const Target& target, std::string* out) {
  const std::string fallback =
      facts.in_default.empty() ? '`' + Printed(target) + '`' : std::string(facts.in_default);
  *out += fmt::format("| `{}` | {} | {} | {} | {} |\n", facts.Name(), TypeWords(target), fallback,
                      RangeWords(facts, target), facts.meaning);
}

void AppendHead(std::string_view header, std::string* out) {
  *out += fmt::format(
      "### `{}`\n\n| key | type | default | range or form | meaning |\n|---|---|---|---|---|\n",
      header);
}

}  // namespace

std::string ConfigReference() {
  std::string out;
  Config config;
  std::string_view table;
  for (const Key<Config>& key : Keys()) {
    if (key.facts.Table() != table) {
      if (!out.empty()) out += '\n';
      table = key.facts.Table();
      AppendHead(fmt::format("[{}]", table), &out);
    }
    AppendRow(key.facts, key.target(config), &out);
  }
  out += '\n';
  AppendHead("[[pool.schedule]]", &out);
  ScheduleEntry entry;
  for (const auto& key : ScheduleKeys()) AppendRow(key.facts, key.target(entry), &out);
  return out;
}

}  // namespace hearth::config
