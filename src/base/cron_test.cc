#include "base/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth {
namespace {

using testing::HasSubstr;

// The values whose bits are set: "0 30".
std::string Values(uint64_t bits) {
  std::string out;
  for (int i = 0; i < 64; ++i) {
    if (((bits >> i) & 1U) == 0) continue;
    if (!out.empty()) out += ' ';
    out += fmt::format("{}", i);
  }
  return out;
}

std::string Field(uint64_t Cron::* field, const char* text) {
  const auto cron = ParseCron(text);
  return cron ? Values((*cron).*field) : cron.error().message;
}

TEST(Cron, FieldsAreNumbersRangesListsStepsAndNames) {
  EXPECT_EQ(Field(&Cron::minutes, "5 * * * *"), "5");
  EXPECT_EQ(Field(&Cron::minutes, "*/20 * * * *"), "0 20 40");
  EXPECT_EQ(Field(&Cron::minutes, "7-20/6,59 * * * *"), "7 13 19 59");
  EXPECT_EQ(Field(&Cron::hours, "0 8-11 * * *"), "8 9 10 11");
  EXPECT_EQ(Field(&Cron::hours, "0 */1000 * * *"), "0");
  EXPECT_EQ(Field(&Cron::days, "0 0 */10 * *"), "1 11 21 31");
  EXPECT_EQ(Field(&Cron::months, "0 0 1 JAN,mar-May,12 *"), "1 3 4 5 12");
  EXPECT_EQ(Field(&Cron::weekdays, "0 0 * * 1-5"), "1 2 3 4 5");
  EXPECT_EQ(Field(&Cron::weekdays, "0 0 * * Mon-fri"), "1 2 3 4 5");
  EXPECT_EQ(Field(&Cron::weekdays, "0 0 * * 7"), "0");
  EXPECT_EQ(Field(&Cron::weekdays, "0 0 * * 5-7"), "0 5 6");
  EXPECT_EQ(Field(&Cron::weekdays, "0 0 * * sat-sun"), "0 6");
  EXPECT_EQ(Field(&Cron::weekdays, "0 0 * * *"), "0 1 2 3 4 5 6");
  EXPECT_EQ(Field(&Cron::minutes, "\t 1   2 * * *  "), "1");
}

TEST(Cron, WhatIsWrongIsNamedWithWhatIsExpected) {
  for (const char* wrong :
       {"60 * * * *", "-1 * * * *",    "5/15 * * * *", "*/0 * * * *",         "1,,2 * * * *",
        "1- * * * *", "20-10 * * * *", "* 24 * * *",   "* * 0 * *",           "* * 32 * *",
        "* * * 13 *", "* * * 0 *",     "* * * * 8",    "* * * * fri-mon",     "* * * foo *",
        "x * * * *",  "** * * * *",    "1.5 * * * *",  "99999999999 * * * *", "*/ * * * *",
        ", * * * *"}) {
    const auto cron = ParseCron(wrong);
    ASSERT_FALSE(cron) << wrong;
    EXPECT_EQ(cron.error().code, Code::kInvalidArgument);
    EXPECT_THAT(cron.error().message, HasSubstr("such as")) << wrong;
  }
  EXPECT_EQ(ParseCron("0 24 * * *").error().message,
            "the hour \"24\" must be of numbers from 0 to 23, such as 8, 8-18 or */2");
  for (const char* wrong : {"", "   ", "* * * *", "* * * * * *", "@daily"}) {
    EXPECT_THAT(ParseCron(wrong).error().message, HasSubstr("five fields")) << wrong;
  }
}

TEST(Cron, ADateThatNeverComesIsRefused) {
  EXPECT_THAT(ParseCron("0 0 30 feb *").error().message, HasSubstr("has a day \"30\""));
  EXPECT_FALSE(ParseCron("0 0 31 4,6,9,11 *"));
  EXPECT_TRUE(ParseCron("0 0 29 2 *"));
  EXPECT_TRUE(ParseCron("0 0 31 4,5 *"));
  EXPECT_TRUE(ParseCron("0 0 30 2 1")) << "or every Monday of February";
}

TEST(Cron, TwoRestrictedDayFieldsAreEither) {
  const auto either = *ParseCron("0 0 13 * 5");
  EXPECT_TRUE(either.OnDay(1, 13, 2));
  EXPECT_TRUE(either.OnDay(1, 12, 5));
  EXPECT_FALSE(either.OnDay(1, 12, 4));
  const auto both = *ParseCron("0 0 */2 * 5");
  EXPECT_TRUE(both.OnDay(1, 13, 5));
  EXPECT_FALSE(both.OnDay(1, 13, 4));
  EXPECT_FALSE(both.OnDay(1, 12, 5));
  EXPECT_FALSE(ParseCron("0 0 13 2 5")->OnDay(1, 13, 5)) << "the month counts in any case";
}

TEST(TimeZoneName, IsNeverAPath) {
  for (const char* good : {"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+5",
                           "America/Port-au-Prince"}) {
    EXPECT_TRUE(IsTimeZoneName(good)) << good;
  }
  for (const char* bad : {"", "/etc/passwd", "../etc/passwd", "Europe/../x", "file:/x", "localtime",
                          "Europe/Paris ", "Europe\\Paris"}) {
    EXPECT_FALSE(IsTimeZoneName(bad)) << bad;
  }
}

}  // namespace
}  // namespace hearth
