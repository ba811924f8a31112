#include "text/trie.h"

#include <algorithm>

namespace hearth::text {

const TrieUnit* Trie::Find(std::string_view path) const {
  const TrieUnit* node = empty() ? nullptr : At(kRoot);
  for (const char c : path) {
    if (node == nullptr) return nullptr;
    node = Child(node, static_cast<uint8_t>(c));
  }
  return node;
}

namespace {

using Entry = std::pair<std::string_view, int32_t>;

// First fit over the free units of the newest blocks of 256; older blocks keep their few holes, so
// that building is linear.
class Builder {
 public:
  Result<std::vector<TrieUnit>> Build(const std::vector<Entry>& entries);

 private:
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kOpenBlocks = 16;

  // Entries [first, last) share the first `depth` bytes, which lead to `node`.
  struct Range {
    uint32_t node;
    size_t first;
    size_t last;
    size_t depth;
  };

  void AddBlock();
  bool Fits(uint32_t base, const std::vector<uint8_t>& labels) const;
  uint32_t FindBase(const std::vector<uint8_t>& labels);
  void Place(const Range& range, const std::vector<Entry>& entries);

  std::vector<TrieUnit> units_;
  std::vector<bool> taken_;
  std::vector<bool> base_taken_;
  std::vector<uint32_t> free_;  // indices of free units of open blocks, ascending
  std::vector<Range> todo_;
};

void Builder::AddBlock() {
  const auto begin = static_cast<uint32_t>(units_.size());
  units_.resize(begin + kBlock);
  taken_.resize(begin + kBlock);
  base_taken_.resize(begin + kBlock);
  const uint32_t oldest_open =
      begin < kBlock * kOpenBlocks ? 0 : begin - kBlock * (kOpenBlocks - 1);
  std::erase_if(free_, [&](uint32_t index) { return index < oldest_open || taken_[index]; });
  for (uint32_t i = 0; i < kBlock; ++i) free_.push_back(begin + i);
}

bool Builder::Fits(uint32_t base, const std::vector<uint8_t>& labels) const {
  return !base_taken_[base] && std::none_of(labels.begin(), labels.end(),
                                            [&](uint8_t label) { return taken_[base ^ label]; });
}

uint32_t Builder::FindBase(const std::vector<uint8_t>& labels) {
  for (const uint32_t index : free_) {
    const uint32_t base = index ^ labels.front();
    if (!taken_[index] && Fits(base, labels)) return base;
  }
  const auto fresh = static_cast<uint32_t>(units_.size());
  AddBlock();
  return fresh;
}

void Builder::Place(const Range& range, const std::vector<Entry>& entries) {
  size_t first = range.first;
  if (entries[first].first.size() == range.depth) {
    units_[range.node].id = entries[first].second;
    ++first;
  }
  if (first == range.last) return;
  const auto label_of = [&](size_t i) {
    return static_cast<uint8_t>(entries[i].first[range.depth]);
  };
  std::vector<uint8_t> labels;
  for (size_t i = first; i < range.last; ++i) {
    if (labels.empty() || labels.back() != label_of(i)) labels.push_back(label_of(i));
  }
  const uint32_t base = FindBase(labels);
  base_taken_[base] = true;
  units_[range.node].link |= base << TrieUnit::kBaseShift;
  for (const uint8_t label : labels) {
    const uint32_t child = base ^ label;
    taken_[child] = true;
    units_[child].link = label | TrieUnit::kUsed;
    const size_t begin = first;
    while (first < range.last && label_of(first) == label) ++first;
    todo_.push_back({child, begin, first, range.depth + 1});
  }
}

Result<std::vector<TrieUnit>> Builder::Build(const std::vector<Entry>& entries) {
  AddBlock();
  taken_[Trie::kRoot] = true;
  base_taken_[0] = true;
  if (!entries.empty()) todo_.push_back({Trie::kRoot, 0, entries.size(), 0});
  for (size_t next = 0; next < todo_.size(); ++next) {
    if (units_.size() + kBlock > TrieUnit::kMaxUnits) {
      return Fail(Code::kUnsupported, "cannot index {} pieces: the trie exceeds {} units",
                  entries.size(), TrieUnit::kMaxUnits);
    }
    const Range range = todo_[next];
    Place(range, entries);
  }
  return std::move(units_);
}

}  // namespace

Result<std::vector<TrieUnit>> BuildTrie(std::vector<Entry> entries) {
  // string_view compares bytes as unsigned.
  std::sort(entries.begin(), entries.end());
  return Builder().Build(entries);
}

}  // namespace hearth::text
