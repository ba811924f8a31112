#include "text/truncation.h"

#include <gtest/gtest.h>

namespace hearth::text {
namespace {

void Expect(PairLengths lengths, size_t max, size_t first, size_t second) {
  const PairLengths kept = LongestFirst(lengths, max);
  EXPECT_EQ(kept.first, first) << lengths.first << " + " << lengths.second << " to " << max;
  EXPECT_EQ(kept.second, second) << lengths.first << " + " << lengths.second << " to " << max;
}

// The results are what tokenizers 0.23.3 gives for words of one token.
TEST(TruncationTest, LongestFirst) {
  Expect({0, 0}, 0, 0, 0);
  Expect({5, 0}, 0, 0, 0);
  Expect({3, 4}, 7, 3, 4);
  Expect({2, 9}, 7, 2, 5);
  Expect({9, 2}, 7, 5, 2);
  Expect({4, 4}, 7, 3, 4);
  Expect({5, 4}, 7, 4, 3);
  Expect({4, 5}, 7, 3, 4);
  Expect({8, 8}, 7, 3, 4);
  Expect({9, 8}, 7, 4, 3);
  Expect({9, 0}, 7, 7, 0);
}

TEST(TruncationTest, NeverMoreThanAllowedNorThanThere) {
  for (size_t first = 0; first < 12; ++first) {
    for (size_t second = 0; second < 12; ++second) {
      for (size_t max = 0; max < 26; ++max) {
        const PairLengths kept = LongestFirst({first, second}, max);
        ASSERT_LE(kept.first, first);
        ASSERT_LE(kept.second, second);
        ASSERT_EQ(kept.first + kept.second, std::min(first + second, max));
      }
    }
  }
}

TEST(TruncationTest, KeepTokensCutsOneSide) {
  Encoding encoding;
  encoding.ids = {101, 1, 2, 3, 4, 102};
  KeepTokens(1, 5, 4, TruncationSide::kRight, &encoding);
  EXPECT_FALSE(encoding.truncated);
  KeepTokens(1, 5, 3, TruncationSide::kRight, &encoding);
  EXPECT_EQ(encoding.ids, (std::vector<int32_t>{101, 1, 2, 3, 102}));
  KeepTokens(1, 4, 1, TruncationSide::kLeft, &encoding);
  EXPECT_EQ(encoding.ids, (std::vector<int32_t>{101, 3, 102}));
  EXPECT_TRUE(encoding.truncated);
}

}  // namespace
}  // namespace hearth::text
