// Files that nobody meant as hearth.toml: one clear error each, in no time, and no crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/config.h"

namespace hearth::config {
namespace {

using testing::HasSubstr;

std::string Repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string MessageOf(std::string_view text) {
  const auto config = ParseConfig(text, "f");
  if (config) return "no error";
  EXPECT_EQ(config.error().message.find('\n'), std::string::npos);
  EXPECT_LT(config.error().message.size(), 600U);
  return config.error().message;
}

TEST(HostileConfig, LargeFilesAreRefused) {
  EXPECT_EQ(MessageOf(Repeated("a", 10'000'000)), "f: is larger than 1 MiB: no hearth.toml is");
  EXPECT_EQ(MessageOf(Repeated("# a\n", 250'000)), "no error") << "a large one that is good";
}

TEST(HostileConfig, DepthIsRefusedBeforeTheParserSeesIt) {
  const std::string deep = "is nested deeper than 32 levels";
  const std::string parts = "a key has more than 16 parts";
  EXPECT_EQ(MessageOf("[ecs]\na = " + std::string(500'000, '[')), "f:2: " + deep);
  EXPECT_EQ(MessageOf("a = " + Repeated("{a=", 100'000)), "f:1: " + deep);
  EXPECT_EQ(MessageOf("a = " + Repeated("[\n", 100'000)), "f:33: " + deep);
  EXPECT_EQ(MessageOf("[ecs]\n" + Repeated("a.", 400'000) + "a = 1"), "f:2: " + parts);
  EXPECT_EQ(MessageOf("[" + Repeated("ecs.", 200'000) + "a]\n"), "f:1: " + parts);
  EXPECT_EQ(MessageOf("[ecs]\n" + Repeated("\"a\" . ", 100'000) + "a = 1"), "f:2: " + parts);
  // Behind the ends of texts that are easily read wrongly.
  for (const char* text : {"\"\"\"x\"\"\"\"\"", "'''x'''''", "\"\\\"\"", "''", "\"\"", "'\\'",
                           "\"\"\"\\\"\"\"\"", "\"#\"", "\"\"\"\n#\n\"\"\""}) {
    const std::string hidden =
        fmt::format("[ecs]\nb = [ {}, {{ {}a = 1 }} ]", text, Repeated("a.", 300'000));
    EXPECT_THAT(MessageOf(hidden), HasSubstr(parts)) << text;
  }
}

TEST(HostileConfig, DotsAndBracketsInTextsAndCommentsAreNoDepth) {
  EXPECT_EQ(MessageOf("# " + Repeated("a.[{", 1000) + "\n[ecs.task_definition]\nx = \"" +
                      Repeated("[a.", 1000) + "\"\ny = '''\n" + Repeated("{.", 1000) +
                      "'''\nz = [" + Repeated("1.5, ", 1000) + "2]\n"),
            "no error");
}

TEST(HostileConfig, BytesThatAreNoTextAreNamedWithTheirLine) {
  using std::string_literals::operator""s;
  EXPECT_EQ(MessageOf("[pool]\nfloor\0 = 1"s), "f:2: has a NUL byte: it is no text file");
  EXPECT_EQ(MessageOf("[pool]\n\n# \xff"), "f:3: has the byte 0xff, which is not UTF-8");
  EXPECT_EQ(MessageOf("x = \"\xed\xa0\x80\""), "f:1: has the byte 0xed, which is not UTF-8");
  EXPECT_THAT(MessageOf("[pool]\n\u00e9 = 1"), HasSubstr("f:2: is not TOML"));
  EXPECT_EQ(MessageOf("[pool]\nname = \"\"\"\\\n p\u00e9\"\"\""),
            MessageOf("[pool]\nname = \"p\u00e9\""));
  EXPECT_EQ(MessageOf("\ufeff# \u00e9\n[pool]\nname = \"p\" # \u3000"), "no error");
  EXPECT_EQ(MessageOf("\xef\xbb\xbf[pool]\r\nfloor = 1\r\n"), "no error") << "of a Windows editor";
  EXPECT_THAT(MessageOf("[pool]\n\x01 = 1"), HasSubstr("f:2: is not TOML"));
}

TEST(HostileConfig, WhatIsNotTomlIsToldWithItsLine) {
  for (const char* text : {"[pool]\nfloor = ", "[pool]\nfloor 1", "[pool]\nfloor = 1 2",
                           "[pool]\n[pool]", "a = 1\na = 2", "[pool]\nfloor = 1\nfloor = 2",
                           "x = \"abc", "[pool\nfloor = 1", "{\"pool\": {}}", "floor: 2"}) {
    EXPECT_THAT(MessageOf(text), testing::ContainsRegex("^f:[0-9]+: is not TOML: .")) << text;
  }
}

RC_GTEST_PROP(HostileConfig, AnyTextIsAnsweredInOneLine, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "[", "]", "{", "}", "\"", "'", "\"\"\"", "'''", "\n", "\\", "#", ".", "=", ",", " ", "pool",
      "floor", "1", "a", "ecs", "-", "\xc3\xa9", "\xff", "2026-01-01", "[[", "]]", "inf"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  MessageOf(text);
}

class ConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "config-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string Loaded(const std::string& path) {
    const auto config = LoadConfig(path);
    return config ? "no error" : config.error().message;
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigFile, IsReadAndNamed) {
  const std::string path = folder_ / "my.toml";
  std::ofstream(path) << "[pool]\nfloor = 3\n";
  const auto config = LoadConfig(path);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pool.floor, 3);
  EXPECT_EQ(config->path, path);
  std::ofstream(path) << "[pool]\nfloor = x\n";
  EXPECT_THAT(Loaded(path), testing::StartsWith(path + ":2: is not TOML"));
}

TEST_F(ConfigFile, WithoutANameItIsTheFoldersOrTheDefaults) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  const auto none = LoadConfig("");
  std::ofstream("hearth.toml") << "[pool]\nfloor = 3\n";
  const auto there = LoadConfig("");
  std::ofstream("hearth.toml") << "[pool]\nflor = 3\n";
  const auto wrong = LoadConfig("");
  std::filesystem::current_path(before);
  ASSERT_TRUE(none && there);
  EXPECT_EQ(none->path, "");
  EXPECT_EQ(none->pool.floor, 2);
  EXPECT_EQ(there->path, "hearth.toml");
  EXPECT_EQ(there->pool.floor, 3);
  EXPECT_FALSE(wrong);
}

TEST_F(ConfigFile, ThatCannotBeReadIsNamed) {
  const std::string folder = folder_;
  EXPECT_EQ(Loaded(folder), fmt::format("cannot read \"{}\": Is a directory", folder));
  EXPECT_EQ(Loaded(folder + "/x"),
            fmt::format("cannot open \"{}/x\": No such file or directory", folder));
  EXPECT_EQ(LoadConfig(folder + "/x").error().code, Code::kNotFound);
  std::filesystem::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT(Loaded(folder + "/loop"), HasSubstr("cannot open"));
  EXPECT_EQ(Loaded("/proc/self/mem"), "cannot read \"/proc/self/mem\": Input/output error");
  EXPECT_EQ(Loaded("/dev/zero"), "/dev/zero: is larger than 1 MiB: no hearth.toml is");
}

}  // namespace
}  // namespace hearth::config
