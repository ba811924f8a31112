#include "base/log.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

constexpr int64_t kWhen = 1764054439123;  // 2025-11-25T07:07:19.123Z

TEST(Log, WritesOneJsonObjectPerLine) {
  EXPECT_EQ(LogLine(LogFormat::kJson, LogLevel::kInfo, kWhen, "ready \"now\"",
                    {{"port", int64_t{8000}}, {"ms", 3.14159}, {"path", "a\nb"}, {"ok", true}}),
            R"({"time":"2025-11-25T07:07:19.123Z","level":"info","message":"ready \"now\"",)"
            R"("port":8000,"ms":3.142,"path":"a\nb","ok":true})"
            "\n");
}

TEST(Log, WritesTextForPeopleOnOneLine) {
  EXPECT_EQ(LogLine(LogFormat::kText, LogLevel::kWarn, kWhen, "two\nlines",
                    {{"a", "plain"}, {"b", "with space"}}),
            "2025-11-25T07:07:19.123Z warn  two lines a=plain b=\"with space\"\n");
}

}  // namespace
}  // namespace hearth
