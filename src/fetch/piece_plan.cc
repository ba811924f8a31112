#include "fetch/piece_plan.h"

#include <algorithm>

namespace hearth::fetch {

PiecePlan::PiecePlan(uint64_t size, uint64_t piece_bytes, const RangeSet& done)
    : size_(size), done_(done) {
  if (done_.total() == 0 && size > 0 && size <= piece_bytes) {
    waiting_.push_back({{0, size}, true, 0});
    return;
  }
  for (const Range& gap : done_.MissingIn({0, size})) {
    for (uint64_t from = gap.from; from < gap.to; from += piece_bytes) {
      waiting_.push_back({{from, std::min(gap.to, from + piece_bytes)}, false, 0});
    }
  }
}

std::optional<Piece> PiecePlan::Next() {
  if (waiting_.empty()) return std::nullopt;
  const Piece piece = waiting_.front();
  waiting_.pop_front();
  return piece;
}

bool PiecePlan::Arrived(const Piece& piece, Range range) {
  if (!current(piece)) return false;
  done_.Add(range);
  return true;
}

void PiecePlan::OneStream(uint32_t generation) {
  if (generation != generation_) return;
  ++generation_;
  done_.Clear();
  waiting_.assign(1, {{0, size_}, true, generation_});
}

}  // namespace hearth::fetch
