#include "text/ascii.h"

#include <gtest/gtest.h>

#include "text/unicode.h"

namespace hearth::text {
namespace {

// The short cut agrees with the generated tables on what it does not hand over.
TEST(AsciiTest, FoldsAgreeWithTheTables) {
  for (const uint32_t switches : {0U, kCleanText, kLowercase, kCleanText | kLowercase}) {
    const Fold& fold = AsciiFold(switches);
    for (char32_t c = 0; c < 256; ++c) {
      const CharInfo& info = InfoOf(c);
      const uint8_t kind = fold[c];
      if (kind == kNotPlain) continue;
      ASSERT_LT(c, 128U);
      ASSERT_FALSE((switches & kCleanText) != 0 && (info.flags & kDeleted) != 0) << uint32_t{c};
      ASSERT_EQ(kind == kAsciiSpace, (info.flags & kWhiteSpace) != 0) << uint32_t{c};
      ASSERT_EQ(kind == kAsciiPunctuation, (info.flags & kPunctuation) != 0) << uint32_t{c};
      ASSERT_EQ(info.order, 0);
      ASSERT_EQ(info.decomposition_size, 0);
      if (kind < kFirstLetter) continue;
      const int32_t lower = (switches & kLowercase) != 0 ? info.lower : 0;
      ASSERT_EQ(kind, static_cast<int32_t>(c) + lower);
    }
    ASSERT_EQ(fold['\0'], kNotPlain);
    ASSERT_GE(fold['z'], kFirstLetter);
  }
}

}  // namespace
}  // namespace hearth::text
