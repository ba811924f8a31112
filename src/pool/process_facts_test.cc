#include "pool/process_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <cstdlib>

namespace hearth::pool {
namespace {

std::string StatLine(const std::string& name, char state, int64_t start) {
  std::string line = "4711 (" + name + ") " + state + " 1 4710 4709";
  for (int field = 7; field < 22; ++field) line += " 0";
  return line + " " + std::to_string(start) + " 99 98 97\n";
}

TEST(ProcessFacts, ReadsTheFieldsWhateverTheProgramIsCalled) {
  for (const char* name : {"sleep", "a b", "x) R 1 1 1", "((", ")", ""}) {
    const auto stat = ParseProcessStat(StatLine(name, 'S', 123'456'789'012));
    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->group, 4710);
    EXPECT_EQ(stat->session, 4709);
    EXPECT_EQ(stat->start_ticks, 123'456'789'012);
  }
}

TEST(ProcessFacts, NoTextCrashesTheParser) {
  EXPECT_FALSE(ParseProcessStat(""));
  EXPECT_FALSE(ParseProcessStat("1 (a) S 1"));
  EXPECT_TRUE(rc::check("any text", [](const std::string& text, uint8_t cut) {
    (void)ParseProcessStat(text);
    const std::string line = StatLine(text, 'R', 5);
    (void)ParseProcessStat(std::string_view(line).substr(0, cut));
  }));
}

TEST(ProcessFacts, KnowsThisProcess) {
  const auto stat = ReadProcessStat(::getpid());
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->group, ::getpgrp());
  EXPECT_GT(ResidentBytesOf(::getpid()).value_or(0), 100'000);
  EXPECT_EQ(ReadVariableOf(::getpid(), "PATH"), std::string(std::getenv("PATH")));
  EXPECT_FALSE(ReadVariableOf(::getpid(), "PAT"));
  EXPECT_FALSE(ReadProcessStat(0x7fffffff));
  EXPECT_FALSE(ResidentBytesOf(0x7fffffff));
  EXPECT_THAT(AllProcesses(), ::testing::Contains(::getpid()));
}

}  // namespace
}  // namespace hearth::pool
