#include "bench/toml_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace hearth::bench {
namespace {

using std::chrono::milliseconds;

struct Case {
  const char* name;
  const char* before;
  const char* after;
};

class TomlEdit : public testing::TestWithParam<Case> {};

TEST_P(TomlEdit, SetsTheValueAndNothingElse) {
  const auto edited = SetStartTime(GetParam().before, milliseconds(850));
  ASSERT_TRUE(edited.has_value()) << edited.error().message;
  EXPECT_EQ(*edited, GetParam().after);
  // Doing it again changes nothing.
  EXPECT_EQ(*SetStartTime(*edited, milliseconds(850)), *edited);
}

INSTANTIATE_TEST_SUITE_P(
    All, TomlEdit,
    testing::Values(
        Case{"Empty", "", "[replica]\nstart_time = \"850ms\"\n"},
        Case{"Replaced",
             "# mine\n[replica]  # one\nready = \"/r\"\nstart_time   = \"2s\"  # "
             "measured\n\n[pool]\nfloor=2\n",
             "# mine\n[replica]  # one\nready = \"/r\"\nstart_time   = \"850ms\"  # "
             "measured\n\n[pool]\nfloor=2\n"},
        Case{"Added", "[pool]\nfloor = 2\n[replica] # é\ncpu = 1\n",
             "[pool]\nfloor = 2\n[replica] # é\nstart_time = \"850ms\"\ncpu = 1\n"},
        Case{"Appended", "[pool]\nfloor = 2",
             "[pool]\nfloor = 2\n\n[replica]\nstart_time = \"850ms\"\n"},
        Case{"Inline", "replica = { cpu = 1 }\n",
             "replica = { start_time = \"850ms\", cpu = 1 }\n"},
        Case{"Dotted", "replica.start_time = '1s'\n", "replica.start_time = \"850ms\"\n"},
        Case{"LastLine", "[replica]", "[replica]\nstart_time = \"850ms\""},
        Case{"AfterUnicode",
             "[replica]\nenv = { \"名\" = \"é\", start_time = 1 }\nstart_time = \"9s\"",
             "[replica]\nenv = { \"名\" = \"é\", start_time = 1 }\nstart_time = \"850ms\""},
        Case{"DecoyInAString", "[x]\ntext = '''\n[replica]\nstart_time = \"1s\"\n'''\n",
             "[x]\ntext = '''\n[replica]\nstart_time = \"1s\"\n'''\n\n[replica]\nstart_time = "
             "\"850ms\"\n"}),
    [](const auto& info) { return info.param.name; });

TEST(TomlEditErrors, AFileThatIsNotTomlIsRefused) {
  EXPECT_EQ(SetStartTime("[replica\n", milliseconds(1)).error().code, Code::kCorrupt);
  EXPECT_EQ(SetStartTime("replica = 3\n", milliseconds(1)).error().code, Code::kCorrupt);
}

TEST(TomlEditErrors, WhatCannotBePlacedIsLeftToThePerson) {
  const auto edited = SetStartTime("replica.cpu = 1\n[pool]\nfloor = 2\n", milliseconds(1));
  ASSERT_FALSE(edited.has_value());
  EXPECT_THAT(edited.error().message, testing::HasSubstr("start_time = \"1ms\""));
}

TEST(TomlEdit, WritesTheFileWhole) {
  const std::string path = testing::TempDir() + "toml_edit_test.toml";
  std::filesystem::remove(path);
  const auto text = [&] {
    std::ifstream file(path);
    return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  };
  ASSERT_TRUE(WriteStartTime(path, milliseconds(12)).has_value());
  EXPECT_EQ(text(), "[replica]\nstart_time = \"12ms\"\n");
  ASSERT_TRUE(WriteStartTime(path, milliseconds(3000)).has_value());
  EXPECT_EQ(text(), "[replica]\nstart_time = \"3s\"\n");
  std::ofstream(path) << "[replica";
  EXPECT_THAT(WriteStartTime(path, milliseconds(12)).error().message, testing::HasSubstr(path));
  EXPECT_EQ(text(), "[replica");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace hearth::bench
