// The text form of `hearth status`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <iterator>

#include "base/duration.h"
#include "cli/pool_view.h"

namespace hearth::cli {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr size_t kDecisionsShown = 5;
constexpr std::array kColumns = {"REPLICA", "STATE",  "BUSY", "AGE",
                                 "START",   "MEMORY", "PID",  "VERSION"};
using Row = std::array<std::string, kColumns.size()>;

// "45 ms", "12.5 s", "3m 20s", "2h 05m", "3d 04h"
std::string TimeText(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(seconds);
  if (whole < 3'600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  if (whole < 86'400) return fmt::format("{}h {:02}m", whole / 3'600, whole / 60 % 60);
  return fmt::format("{}d {:02}h", whole / 86'400, whole / 3'600 % 24);
}

Row RowOf(const PoolView::Replica& replica) {
  std::string state = replica.state;
  if (replica.ejected) state += ", ejected";
  if (replica.adopted) state += ", adopted";
  return {replica.id,
          state,
          fmt::format("{}/{}", replica.busy, replica.slots),
          TimeText(replica.age_seconds),
          replica.start_seconds > 0 ? TimeText(replica.start_seconds) : "-",
          replica.memory_bytes > 0
              ? fmt::format("{:.1f} MB", static_cast<double>(replica.memory_bytes) / 1e6)
              : "-",
          replica.pid > 0 ? fmt::format("{}", replica.pid) : replica.container.substr(0, 12),
          replica.current ? replica.version : replica.version + " (old)"};
}

void AppendRow(const Row& row, const std::array<size_t, kColumns.size()>& widths,
               std::string* out) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (i + 1 == row.size()) {
      fmt::format_to(Out(*out), "{}\n", row[i]);
    } else {
      fmt::format_to(Out(*out), "{:<{}}  ", row[i], widths[i]);
    }
  }
}

void AppendReplicas(const PoolView& view, std::string* out) {
  std::vector<Row> rows = {Row()};
  for (size_t i = 0; i < kColumns.size(); ++i) rows[0][i] = kColumns[i];
  for (const PoolView::Replica& replica : view.replicas) {
    if (replica.state != "gone") rows.push_back(RowOf(replica));
  }
  std::array<size_t, kColumns.size()> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) AppendRow(row, widths, out);
  for (const PoolView::Replica& replica : view.replicas) {
    if (replica.state != "gone") continue;
    fmt::format_to(Out(*out), "{} ended {} ago: {}{}\n", replica.id, TimeText(replica.gone_seconds),
                   replica.end_reason,
                   replica.log.empty() ? "" : fmt::format(" (log: {})", replica.log));
  }
}

}  // namespace

std::string NumbersLine(const PoolView& view) {
  const auto keep_warm = std::chrono::milliseconds(std::llround(view.keep_warm_seconds * 1e3));
  return fmt::format("floor {} ({}) · spare {} ({}) · max {} ({}) · keep warm {}", view.floor.value,
                     view.floor.source, view.spare.value, view.spare.source, view.max.value,
                     view.max.source, FormatDuration(keep_warm));
}

std::string StatusText(const PoolView& view) {
  std::string out =
      fmt::format("{} at {}: {} ready, {} starting, {} in use, {} waiting; {} wanted\n{}\n",
                  view.name, view.gateway, view.ready, view.starting, view.in_use, view.waiting,
                  view.desired, NumbersLine(view));
  if (!view.roll.empty()) fmt::format_to(Out(out), "roll: {}\n", view.roll);
  out += "\n";
  AppendReplicas(view, &out);
  for (size_t i = 0; i < std::min(view.decisions.size(), kDecisionsShown); ++i) {
    const PoolView::Decision& decision = view.decisions[i];
    const double ago =
        static_cast<double>(std::max<int64_t>(view.now_ms - decision.at_ms, 0)) / 1e3;
    fmt::format_to(Out(out), "{}{:>8} ago: {} wanted, {} in use: {}\n", i == 0 ? "\n" : "",
                   TimeText(ago), decision.desired, decision.in_use, decision.reason);
  }
  return out;
}

}  // namespace hearth::cli
