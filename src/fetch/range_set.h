// RangeSet: which bytes of a file are there, as sorted, disjoint half-open ranges. A value.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace hearth::fetch {

struct Range {
  uint64_t from = 0;
  uint64_t to = 0;  // one past the last byte

  uint64_t length() const { return to - from; }
  bool operator==(const Range&) const = default;
};

class RangeSet {
 public:
  void Add(Range range);  // merged with what it touches; an empty one changes nothing
  void Clear() { ranges_.clear(); }

  uint64_t total() const;          // bytes in all
  uint64_t Prefix() const;         // how many bytes are there from byte 0 on without a gap
  std::vector<Range> All() const;  // in order
  std::vector<Range> MissingIn(Range whole) const;  // in order

 private:
  std::map<uint64_t, uint64_t> ranges_;  // from → to
};

}  // namespace hearth::fetch
