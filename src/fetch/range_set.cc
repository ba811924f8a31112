#include "fetch/range_set.h"

#include <algorithm>
#include <iterator>

namespace hearth::fetch {

void RangeSet::Add(Range range) {
  if (range.from >= range.to) return;
  auto at = ranges_.upper_bound(range.from);
  if (at != ranges_.begin() && std::prev(at)->second >= range.from) --at;
  while (at != ranges_.end() && at->first <= range.to) {
    range.from = std::min(range.from, at->first);
    range.to = std::max(range.to, at->second);
    at = ranges_.erase(at);
  }
  ranges_.emplace(range.from, range.to);
}

uint64_t RangeSet::total() const {
  uint64_t sum = 0;
  for (const auto& [from, to] : ranges_) sum += to - from;
  return sum;
}

uint64_t RangeSet::Prefix() const {
  return ranges_.empty() || ranges_.begin()->first != 0 ? 0 : ranges_.begin()->second;
}

std::vector<Range> RangeSet::All() const {
  std::vector<Range> out;
  out.reserve(ranges_.size());
  for (const auto& [from, to] : ranges_) out.push_back({from, to});
  return out;
}

std::vector<Range> RangeSet::MissingIn(Range whole) const {
  std::vector<Range> out;
  uint64_t reached = whole.from;
  for (const auto& [from, to] : ranges_) {
    if (to <= reached) continue;
    if (from >= whole.to) break;
    if (from > reached) out.push_back({reached, from});
    reached = to;
  }
  if (reached < whole.to) out.push_back({reached, whole.to});
  return out;
}

}  // namespace hearth::fetch
