// Any bytes as a history on disk: an error that says where, or events that print and read back as
// they are; and the checker comes to an end on whatever they say.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pool/history.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto events = hearth::pool::ParseHistory(text);
  if (!events) {
    Require(events.error().message.find("line ") != std::string::npos);
    return 0;
  }
  std::string printed;
  for (const auto& event : *events) printed += hearth::pool::HistoryLine(event);
  const auto again = hearth::pool::ParseHistory(printed);
  Require(again.has_value() && again->size() == events->size());
  std::string printed_again;
  for (const auto& event : *again) printed_again += hearth::pool::HistoryLine(event);
  Require(printed_again == printed);

  hearth::pool::HistoryRules rules;
  rules.may_repeat = [](std::string_view words) { return words.starts_with("get"); };
  const auto strict = hearth::pool::CheckHistory(*events, rules);
  rules.ended = false;
  Require(hearth::pool::CheckHistory(*events, rules).size() <= strict.size());
  return 0;
}
