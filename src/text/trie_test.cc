#include "text/trie.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

namespace hearth::text {
namespace {

std::vector<TrieUnit> Build(const std::map<std::string, int32_t>& entries) {
  std::vector<std::pair<std::string_view, int32_t>> views(entries.begin(), entries.end());
  auto units = BuildTrie(views);
  EXPECT_TRUE(units.has_value());
  return *units;
}

TEST(TrieTest, EmptyHasOnlyARoot) {
  const auto units = Build({});
  const Trie trie(units);
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(trie.Child(trie.At(Trie::kRoot), static_cast<uint8_t>(byte)), nullptr);
  }
}

RC_GTEST_PROP(TrieTest, HoldsItsEntriesAndNothingElse,
              (std::map<std::string, int32_t> entries, const std::vector<std::string>& others)) {
  entries.erase("");
  for (auto& [key, id] : entries) id &= 0x7FFFFFFF;
  const auto units = Build(entries);
  const Trie trie(units);
  for (const auto& [key, id] : entries) {
    const TrieUnit* node = trie.Find(key);
    RC_ASSERT(node != nullptr);
    RC_ASSERT(node->id == id);
  }
  for (const std::string& other : others) {
    const TrieUnit* node = trie.Find(other);
    const auto entry = entries.find(other);
    const auto after = entries.lower_bound(other);
    const bool is_prefix = after != entries.end() && after->first.starts_with(other);
    RC_ASSERT((node != nullptr) == (is_prefix || other.empty()));
    if (node != nullptr) RC_ASSERT((node->id >= 0) == (entry != entries.end()));
  }
}

// Every byte, NUL too, as first, inner and last.
TEST(TrieTest, AllStringsOfOneAndTwoBytes) {
  std::map<std::string, int32_t> entries;
  for (int a = 0; a < 256; ++a) {
    entries[std::string(1, static_cast<char>(a))] = a;
    for (int b = 0; b < 256; b += 3) {
      entries[std::string{static_cast<char>(a), static_cast<char>(b)}] = a * 256 + b;
    }
  }
  const auto units = Build(entries);
  const Trie trie(units);
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const TrieUnit* node = trie.Find(std::string{static_cast<char>(a), static_cast<char>(b)});
      ASSERT_EQ(node != nullptr, b % 3 == 0);
      if (node != nullptr) ASSERT_EQ(node->id, a * 256 + b);
    }
  }
}

}  // namespace
}  // namespace hearth::text
