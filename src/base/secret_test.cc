#include "base/secret.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(Secret, MatchesItselfOnly) {
  const Secret secret("s3cret");
  EXPECT_TRUE(secret.Matches("s3cret"));
  for (const char* other : {"", "s3cre", "s3cret ", "S3cret", "s3creT"}) {
    EXPECT_FALSE(secret.Matches(other)) << other;
  }
}

TEST(Secret, RandomHexIsAsLongAsAskedForAndNeverTheSame) {
  EXPECT_EQ(RandomHex(16).size(), 32U);
  EXPECT_NE(RandomHex(16), RandomHex(16));
  EXPECT_EQ(RandomHex(16).find_first_not_of("0123456789abcdef"), std::string::npos);
}

}  // namespace
}  // namespace hearth
