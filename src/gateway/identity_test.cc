#include "gateway/identity.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace hearth::gateway {
namespace {

TEST(RequestId, IsVisibleCharactersAndShort) {
  EXPECT_TRUE(IsRequestId("a"));
  EXPECT_TRUE(IsRequestId("req-1/~!\""));
  EXPECT_TRUE(IsRequestId(std::string(128, 'x')));
  EXPECT_FALSE(IsRequestId(std::string(129, 'x')));
  EXPECT_FALSE(IsRequestId(""));
  EXPECT_FALSE(IsRequestId("a b"));
  EXPECT_FALSE(IsRequestId("a\tb"));
  EXPECT_FALSE(IsRequestId("gr\xc3\xbc\xc3\x9f"));
  EXPECT_FALSE(IsRequestId("a\x7f"));
}

TEST(Traceparent, IsWellFormedOrNot) {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_TRUE(IsTraceparent(good));
  EXPECT_TRUE(IsTraceparent("cc" + good.substr(2) + "-what-comes-later"));
  EXPECT_TRUE(IsTraceparent("cc" + good.substr(2)));
  const std::string zeros32(32, '0');
  const std::string zeros16(16, '0');
  for (const std::string& bad : std::vector<std::string>{
           std::string(),
           good.substr(1),
           good + "-more",
           good + "x",
           "ff" + good.substr(2),
           "cc" + good.substr(2) + "x",
           "00-" + zeros32 + good.substr(35),
           good.substr(0, 36) + zeros16 + "-01",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-001",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
       }) {
    EXPECT_FALSE(IsTraceparent(bad)) << bad;
  }
}

TEST(Traceparent, OneThatBeginsHereIsWellFormed) {
  RandomHex random(7);
  for (int i = 0; i < 1000; ++i) {
    std::string text;
    AppendTraceparent(&random, &text);
    EXPECT_TRUE(IsTraceparent(text)) << text;
  }
}

TEST(RandomHex, DoesNotRepeat) {
  RandomHex random;
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    std::string text;
    random.Append(32, &text);
    EXPECT_EQ(text.size(), 32U);
    EXPECT_TRUE(seen.insert(text).second) << text;
  }
}

}  // namespace
}  // namespace hearth::gateway
