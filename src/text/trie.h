// Trie: byte strings → ids, as a double array in place. The units need no validation: a step
// outside the array or to a unit of another parent is a mismatch, and every step eats a byte of the
// text.
//
// The child of a node by byte b is the unit at base ^ b, if it is labelled b. No two nodes share a
// base; base 0 is nobody's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hearth::text {

struct TrieUnit {
  uint32_t link = 0;  // base << 9 | label | kUsed
  int32_t id = -1;    // of the string that ends here; negative: none

  static constexpr uint32_t kUsed = 256;
  static constexpr uint32_t kLabelMask = 511;
  static constexpr uint32_t kBaseShift = 9;
  static constexpr size_t kMaxUnits = size_t{1} << (32 - kBaseShift);
};
static_assert(sizeof(TrieUnit) == 8);

class Trie {
 public:
  static constexpr uint32_t kRoot = 0;

  Trie() = default;
  explicit Trie(std::span<const TrieUnit> units) : units_(units.data()), size_(units.size()) {}

  bool empty() const { return size_ == 0; }

  // The unit of `node`, a root (`node` is within the array) or what Child returned.
  const TrieUnit* At(uint32_t node) const { return units_ + node; }

  // nullptr: there is none.
  const TrieUnit* Child(const TrieUnit* parent, uint8_t byte) const {
    const size_t index = (parent->link >> TrieUnit::kBaseShift) ^ byte;
    if (index >= size_) return nullptr;
    const TrieUnit* child = units_ + index;
    return (child->link & TrieUnit::kLabelMask) == (byte | TrieUnit::kUsed) ? child : nullptr;
  }

  // The node that `path` leads to from the root.
  const TrieUnit* Find(std::string_view path) const;
  uint32_t IndexOf(const TrieUnit* unit) const { return static_cast<uint32_t>(unit - units_); }

 private:
  const TrieUnit* units_ = nullptr;
  size_t size_ = 0;
};

// The same entries give the same units. Strings are distinct and not empty. kUnsupported when there
// are too many.
Result<std::vector<TrieUnit>> BuildTrie(std::vector<std::pair<std::string_view, int32_t>> entries);

}  // namespace hearth::text
