#include "ecs/schedule_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/cron.h"

namespace hearth::ecs {
namespace {

using testing::HasSubstr;

std::string Aws(std::string_view cron) {
  const auto text = AwsCron(cron);
  return text ? *text : "! " + text.error().message;
}

TEST(AwsCron, SaysTheSameInSixFields) {
  EXPECT_EQ(Aws("0 8 * * 1-5"), "0 8 ? * MON-FRI *");
  EXPECT_EQ(Aws("0 8 * * mon-fri"), "0 8 ? * MON-FRI *");
  EXPECT_EQ(Aws("30 20 * * *"), "30 20 * * ? *");
  EXPECT_EQ(Aws("*/15 * * * *"), "0,15,30,45 * * * ? *");
  EXPECT_EQ(Aws("0 0 1 jan *"), "0 0 1 1 ? *");
  EXPECT_EQ(Aws("0 0 1,15 6-8 *"), "0 0 1,15 6-8 ? *");
  // Both 0 and 7 are Sunday; AWS's number 1 is.
  EXPECT_EQ(Aws("0 0 * * 0"), "0 0 ? * SUN *");
  EXPECT_EQ(Aws("0 0 * * 7"), "0 0 ? * SUN *");
  EXPECT_EQ(Aws("0 0 * * 6,0"), "0 0 ? * SUN,SAT *");
  EXPECT_EQ(Aws("0 0 * * 0-7"), "0 0 * * ? *");
  EXPECT_EQ(Aws("0 9-17/2 * * 1,3"), "0 9,11,13,15,17 ? * MON,WED *");
  // Either of two, one of which is every day.
  EXPECT_EQ(Aws("0 0 1-31 * 1"), "0 0 * * ? *");
  EXPECT_EQ(Aws("0 0 1 * 0-6"), "0 0 * * ? *");
}

TEST(AwsCron, RefusesBothDayFieldsWithTheRemedy) {
  EXPECT_THAT(Aws("0 0 1 * 1"), HasSubstr("write two entries, one with each"));
  EXPECT_THAT(Aws("0 0 */2 * 1-5"), HasSubstr("leave one of them \"*\""));
  EXPECT_THAT(Aws("0 0 * *"), HasSubstr("must have five fields"));
}

TEST(TimesOf, NamesActionsInTheOrderOfTheFileAndRefusesTheSameTimesTwice) {
  std::vector<config::ScheduleEntry> schedule = {
      {.cron = "0 8 * * 1-5", .timezone = "Europe/Paris", .floor = 4, .line = 0},
      {.cron = "0 20 * * *", .timezone = "UTC", .floor = 1, .line = 0}};
  const auto times = TimesOf(schedule, "pool");
  ASSERT_TRUE(times) << times.error().message;
  ASSERT_EQ(times->size(), 2U);
  EXPECT_EQ((*times)[0].name, "pool-floor-1");
  EXPECT_EQ((*times)[0].cron, "0 8 ? * MON-FRI *");
  EXPECT_EQ((*times)[0].timezone, "Europe/Paris");
  EXPECT_EQ((*times)[0].floor, 4);
  EXPECT_EQ((*times)[1].name, "pool-floor-2");
  schedule[1] = {.cron = "0 8 * * mon-fri", .timezone = "Europe/Paris", .floor = 2, .line = 0};
  EXPECT_THAT(
      TimesOf(schedule, "pool").error().message,
      HasSubstr("pool.schedule.cron = \"0 8 * * mon-fri\" has the times of an entry before"));
  schedule[1].timezone = "UTC";
  EXPECT_TRUE(TimesOf(schedule, "pool"));
}

// AWS's own reading of a field, from its documentation: "?" and "*" are all.
bool AwsHas(std::string_view field, int value, int sunday_is) {
  constexpr std::array<std::string_view, 7> kNames = {"SUN", "MON", "TUE", "WED",
                                                      "THU", "FRI", "SAT"};
  if (field == "*" || field == "?") return true;
  const auto number = [&](std::string_view text) {
    const auto name = std::ranges::find(kNames, text);
    if (name != kNames.end()) return static_cast<int>(name - kNames.begin()) + sunday_is;
    int out = -1;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
  };
  while (!field.empty()) {
    const std::string_view item = field.substr(0, field.find(','));
    field.remove_prefix(std::min(field.size(), item.size() + 1));
    const size_t dash = item.find('-');
    const int first = number(item.substr(0, dash));
    const int last = dash == std::string_view::npos ? first : number(item.substr(dash + 1));
    if (value >= first && value <= last) return true;
  }
  return false;
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

RC_GTEST_PROP(AwsCron, NamesTheSameMinutesAndDays, ()) {
  const auto field = [](int least, int most) {
    const int a = *rc::gen::inRange(least, most + 1);
    const int b = *rc::gen::inRange(a, most + 1);
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        return std::string("*");
      case 1:
        return fmt::format("{}", a);
      case 2:
        return fmt::format("{}-{}", a, b);
      case 3:
        return fmt::format("{},{}", b, a);
      default:
        return fmt::format("*/{}", a + 1);
    }
  };
  const std::string text = fmt::format("{} {} {} {} {}", field(0, 59), field(0, 23), field(1, 28),
                                       field(1, 12), field(0, 7));
  const auto cron = ParseCron(text);
  RC_ASSERT(cron.has_value());
  const auto aws = AwsCron(text);
  if (!aws) {
    RC_ASSERT(aws.error().code == Code::kUnprocessable);
    return;
  }
  const auto words = Words(*aws);
  RC_ASSERT(words.size() == 6U && words[5] == "*");
  RC_ASSERT((words[2] == "?") != (words[4] == "?"));
  for (int minute = 0; minute < 60; ++minute) {
    RC_ASSERT(AwsHas(words[0], minute, 0) == (((cron->minutes >> minute) & 1U) != 0));
  }
  for (int hour = 0; hour < 24; ++hour) {
    RC_ASSERT(AwsHas(words[1], hour, 0) == (((cron->hours >> hour) & 1U) != 0));
  }
  for (int month = 1; month <= 12; ++month) {
    for (int day = 1; day <= 31; ++day) {
      for (int weekday = 0; weekday < 7; ++weekday) {
        const bool on_aws =
            AwsHas(words[3], month, 0) && AwsHas(words[2], day, 0) && AwsHas(words[4], weekday, 0);
        RC_ASSERT(on_aws == cron->OnDay(month, day, weekday));
      }
    }
  }
}

}  // namespace
}  // namespace hearth::ecs
