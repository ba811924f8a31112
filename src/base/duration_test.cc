#include "base/duration.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hearth {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kYear{31'536'000'000};

TEST(Duration, IsReadInEveryUnit) {
  const auto ms = [](std::string_view text) -> int64_t {
    const auto read = ReadDuration(text, milliseconds(0), kYear);
    return read ? read->count() : -1;
  };
  EXPECT_EQ(ms("250ms"), 250);
  EXPECT_EQ(ms("2s"), 2000);
  EXPECT_EQ(ms("2"), 2000);
  EXPECT_EQ(ms("2.5m"), 150'000);
  EXPECT_EQ(ms("1h"), 3'600'000);
  EXPECT_EQ(ms("0s"), 0);
  for (const char* wrong : {"", "s", "-1s", "+1s", "1 s", "1d", "1S", "nan", "inf", "1e3s", "0x1s",
                            "1s ", ".5s", "0.5ms", "1h30m", "99999999h", "1\xc2\xb5s"}) {
    EXPECT_EQ(ms(wrong), -1) << wrong;
  }
}

TEST(Duration, OutsideOfTheBoundsIsNothing) {
  EXPECT_FALSE(ReadDuration("99ms", milliseconds(100), milliseconds(200)));
  EXPECT_TRUE(ReadDuration("100ms", milliseconds(100), milliseconds(200)));
  EXPECT_TRUE(ReadDuration("0.2s", milliseconds(100), milliseconds(200)));
  EXPECT_FALSE(ReadDuration("201ms", milliseconds(100), milliseconds(200)));
  EXPECT_EQ(ParseDuration("25h").error().code, Code::kUsage);
  EXPECT_EQ(ParseDuration("0s").error().code, Code::kUsage);
  EXPECT_EQ(*ParseDuration("24h"), milliseconds(86'400'000));
}

TEST(Duration, IsWrittenShort) {
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0s");
  EXPECT_EQ(FormatDuration(milliseconds(7)), "7ms");
  EXPECT_EQ(FormatDuration(milliseconds(999)), "999ms");
  EXPECT_EQ(FormatDuration(milliseconds(2000)), "2s");
  EXPECT_EQ(FormatDuration(milliseconds(2350)), "2.35s");
  EXPECT_EQ(FormatDuration(milliseconds(90'000)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(300'000)), "5m");
  EXPECT_EQ(FormatDuration(milliseconds(7'200'000)), "2h");
}

RC_GTEST_PROP(Duration, WhatIsWrittenReadsBack, ()) {
  const auto ms = milliseconds(*rc::gen::inRange<int64_t>(0, 31'536'000'000));
  const auto read = ReadDuration(FormatDuration(ms), milliseconds(0), kYear);
  RC_ASSERT(read == ms);
}

}  // namespace
}  // namespace hearth
