#include "text/truncation.h"

#include <algorithm>
#include <utility>

namespace hearth::text {
namespace {

template <typename T>
void Erase(std::vector<T>* values, size_t begin, size_t end) {
  if (values->empty()) return;
  values->erase(values->begin() + static_cast<ptrdiff_t>(begin),
                values->begin() + static_cast<ptrdiff_t>(end));
}

}  // namespace

PairLengths LongestFirst(PairLengths lengths, size_t max) {
  if (lengths.first + lengths.second <= max) return lengths;
  const bool first_is_longer = lengths.first > lengths.second;
  const size_t shorter = std::min(lengths.first, lengths.second);
  PairLengths kept{shorter, shorter <= max ? std::max(shorter, max - shorter) : shorter};
  if (kept.first + kept.second > max) kept = {max / 2, max / 2 + max % 2};
  if (first_is_longer) std::swap(kept.first, kept.second);
  return kept;
}

void KeepTokens(size_t begin, size_t end, size_t keep, TruncationSide side, Encoding* encoding) {
  if (end - begin <= keep) return;
  encoding->truncated = true;
  const size_t from = side == TruncationSide::kRight ? begin + keep : begin;
  const size_t to = side == TruncationSide::kRight ? end : end - keep;
  Erase(&encoding->ids, from, to);
  Erase(&encoding->offsets, from, to);
}

}  // namespace hearth::text
