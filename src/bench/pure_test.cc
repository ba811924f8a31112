// The pure parts: statistics, corpus, arrivals, request forms, targets, and what /proc says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "bench/arrivals.h"
#include "bench/corpus.h"
#include "bench/machine.h"
#include "bench/process_usage.h"
#include "bench/request_form.h"
#include "bench/stats.h"
#include "bench/target.h"

namespace hearth::bench {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Stats, QuantilesAreSamplesByNearestRank) {
  std::vector<double> samples(100);
  std::iota(samples.begin(), samples.end(), 1.0);
  std::ranges::reverse(samples);
  const Summary summary = Summarize(samples);
  EXPECT_EQ(summary.n, 100U);
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.p50, 50);
  EXPECT_EQ(summary.p90, 90);
  EXPECT_EQ(summary.p99, 99);
  EXPECT_EQ(summary.max, 100);
  EXPECT_EQ(summary.mean, 50.5);
  EXPECT_EQ(Summarize({7}).p99, 7);
  EXPECT_EQ(Summarize({}).n, 0U);
}

TEST(Stats, MedianOfFewIsTheMiddle) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
}

RC_GTEST_PROP(Stats, AQuantileIsNotExceededByItsShare,
              (const std::vector<int>& numbers, unsigned share)) {
  RC_PRE(!numbers.empty());
  std::vector<double> sorted(numbers.begin(), numbers.end());
  std::ranges::sort(sorted);
  const double q = static_cast<double>(share % 101) / 100;
  const double value = Quantile(sorted, q);
  const auto below = std::ranges::count_if(sorted, [&](double x) { return x <= value; });
  const auto strictly = std::ranges::count_if(sorted, [&](double x) { return x < value; });
  RC_ASSERT(static_cast<double>(below) >= q * static_cast<double>(sorted.size()) - 1e-6);
  RC_ASSERT(strictly == 0 ||
            static_cast<double>(strictly) < q * static_cast<double>(sorted.size()) + 1e-6);
}

TEST(Corpus, MixedLengthsHaveThePublishedDistribution) {
  const Corpus corpus = MakeCorpus({}, 2000, 1);
  std::vector<double> lengths(corpus.tokens.begin(), corpus.tokens.end());
  const Summary summary = Summarize(lengths);
  EXPECT_NEAR(summary.mean, 32.3, 1.0);
  EXPECT_NEAR(summary.p50, 23, 1);
  EXPECT_NEAR(summary.p90, 65, 3);
  EXPECT_NEAR(summary.p99, 148, 8);
  EXPECT_LE(summary.max, 250);
  EXPECT_GE(summary.min, 4);
}

TEST(Corpus, ATextOfNTokensHasNMinusTwoWords) {
  const Corpus corpus = MakeCorpus({.mixed = false, .tokens = 16}, 10, 1);
  for (const std::string& text : corpus.texts) EXPECT_EQ(std::ranges::count(text, ' '), 13);
  EXPECT_THAT(corpus.tokens, testing::Each(16));
}

TEST(Corpus, TheSeedDecides) {
  EXPECT_EQ(MakeCorpus({}, 50, 3).texts, MakeCorpus({}, 50, 3).texts);
  EXPECT_NE(MakeCorpus({}, 50, 3).texts, MakeCorpus({}, 50, 4).texts);
}

TEST(Corpus, NamesAreReadAndRefused) {
  EXPECT_EQ(ParseCorpus("mixed")->Name(), "mixed");
  EXPECT_EQ(ParseCorpus("128")->Name(), "128");
  for (const char* wrong : {"", "2", "513", "12x", "large"}) {
    EXPECT_FALSE(ParseCorpus(wrong).has_value()) << wrong;
  }
}

TEST(Arrivals, ConstantOnesHaveEqualGapsAndNoDrift) {
  const auto at = Arrivals(ArrivalKind::kConstant, 300, seconds(10), 1);
  ASSERT_EQ(at.size(), 3000U);
  EXPECT_EQ(at[0], nanoseconds(0));
  EXPECT_NEAR(static_cast<double>(at[2999].count()), 2999e9 / 300, 1);
}

TEST(Arrivals, RandomOnesKeepTheRate) {
  const auto at = Arrivals(ArrivalKind::kPoisson, 1000, seconds(20), 7);
  EXPECT_NEAR(static_cast<double>(at.size()), 20000, 600);  // 4 standard deviations
  EXPECT_TRUE(std::ranges::is_sorted(at));
  EXPECT_LT(at.back(), seconds(20));
  // Gaps of a Poisson process are as spread as they are long.
  double sum = 0;
  double squares = 0;
  for (size_t i = 1; i < at.size(); ++i) {
    const auto gap = static_cast<double>((at[i] - at[i - 1]).count());
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(at.size() - 1);
  const double mean = sum / n;
  EXPECT_NEAR(std::sqrt(squares / n - mean * mean) / mean, 1.0, 0.05);
}

TEST(RequestForm, BodiesAreWhatTheServersExpect) {
  const std::vector<std::string> one = {"a \"b\""};
  const std::vector<std::string> two = {"a", "b"};
  EXPECT_EQ(*MakeBody(Form::kSeed, one), R"({"text":"a \"b\""})");
  EXPECT_EQ(*MakeBody(Form::kTei, two), R"({"inputs":["a","b"]})");
  EXPECT_EQ(*MakeBody(Form::kOpenAi, two), R"({"input":["a","b"],"model":"all-MiniLM-L6-v2"})");
  EXPECT_EQ(MakeBody(Form::kSeed, two).error().code, Code::kUsage);
}

TEST(RequestForm, AnswersAreCountedOrRefused) {
  EXPECT_EQ(ReadAnswer(Form::kSeed, R"({"embedding":[1,2,3]})")->dimensions, 3U);
  EXPECT_EQ(ReadAnswer(Form::kTei, "[[1,2],[3,4],[5,6]]")->vectors, 3U);
  EXPECT_EQ(ReadAnswer(Form::kOpenAi, R"({"data":[{"embedding":[1]},{"embedding":[2]}]})")->vectors,
            2U);
  for (const char* wrong :
       {"", "{}", "[]", "[[]]", R"({"embedding":[]})", R"({"embedding":"x"})", R"({"data":[]})",
        R"({"data":[1]})", R"({"error":"model not loaded"})"}) {
    for (const Form form : {Form::kSeed, Form::kTei, Form::kOpenAi}) {
      EXPECT_FALSE(ReadAnswer(form, wrong).has_value()) << wrong;
    }
  }
}

TEST(Target, CommandsUrlsLabelsAndForms) {
  const auto command = ParseTarget("hearth=build/hearth serve --port {port}", Form::kSeed);
  ASSERT_TRUE(command.has_value()) << command.error().message;
  EXPECT_EQ(command->label, "hearth");
  EXPECT_THAT(command->command, ElementsAre("build/hearth", "serve", "--port", "{port}"));
  const auto url = ParseTarget("tei:tei=http://127.0.0.1:80/", Form::kSeed);
  ASSERT_TRUE(url.has_value()) << url.error().message;
  EXPECT_EQ(url->form, Form::kTei);
  EXPECT_EQ(url->url, "http://127.0.0.1:80");
  EXPECT_FALSE(url->is_command());
  const auto bare = ParseTarget("/usr/bin/server -p {port}", Form::kOpenAi);
  ASSERT_TRUE(bare.has_value()) << bare.error().message;
  EXPECT_EQ(bare->label, "server");
  EXPECT_EQ(bare->form, Form::kOpenAi);
  EXPECT_EQ(ParseTarget("http://localhost:9000", Form::kSeed)->label, "http://localhost:9000");
}

TEST(Target, WhatIsWrongIsSaid) {
  EXPECT_THAT(ParseTarget("server --port 80", Form::kSeed).error().message, HasSubstr("{port}"));
  EXPECT_THAT(ParseTarget("x:grpc=server {port}", Form::kSeed).error().message, HasSubstr("grpc"));
  EXPECT_THAT(ParseTarget("x=", Form::kSeed).error().message, HasSubstr("no command"));
  EXPECT_THAT(ParseTarget("server 'open {port}", Form::kSeed).error().message, HasSubstr("quote"));
}

TEST(Target, WordsAreSplitLikeAShell) {
  EXPECT_THAT(*SplitWords(R"(  a 'b c'  "d\"e" f\ g '' )"),
              ElementsAre("a", "b c", "d\"e", "f g", ""));
  EXPECT_THAT(*SplitWords(""), testing::IsEmpty());
  EXPECT_THAT(WithPort({"a{port}b{port}", "c"}, 81), ElementsAre("a81b81", "c"));
}

TEST(Target, PathsOfOneTarget) {
  const std::vector<std::string> entries = {"/a", "x=/b", "y=/c", "./d=e"};
  EXPECT_THAT(PathsFor(entries, "x"), ElementsAre("/a", "/b", "./d=e"));
  EXPECT_THAT(PathsFor(entries, "z"), ElementsAre("/a", "./d=e"));
}

TEST(Target, OnlyLoopbackIsThisMachine) {
  for (const char* here : {"http://127.0.0.1:8000", "http://127.9.9.9", "http://localhost:1",
                           "http://[::1]:80", "unix:/x.sock"}) {
    EXPECT_TRUE(IsThisMachine(here)) << here;
  }
  for (const char* there : {"http://example.com", "http://10.0.0.1:8000",
                            "http://localhost.example.com/", "ftp://127.0.0.1"}) {
    EXPECT_FALSE(IsThisMachine(there)) << there;
  }
}

TEST(ProcessUsage, ParsesWhatTheKernelPrints) {
  const MemoryUsage usage = ParseSmapsRollup(
      "00400000-7fff [rollup]\nRss:  100 kB\nPss:   60 kB\nPss_Dirty: 9 kB\nShared_Clean: 1 "
      "kB\nPrivate_Clean: 20 kB\n"
      "Private_Dirty:  30 kB\n");
  EXPECT_EQ(usage.rss, 100 * 1024);
  EXPECT_EQ(usage.pss, 60 * 1024);
  EXPECT_EQ(usage.private_clean, 20 * 1024);
  EXPECT_EQ(usage.private_dirty, 30 * 1024);
  const MachineCpu cpu = ParseStat("cpu  100 20 30 4000 50 6 7 8 0 0\ncpu0 1 1 1\n", 100);
  EXPECT_DOUBLE_EQ(cpu.busy, 1.63);
  EXPECT_DOUBLE_EQ(cpu.stolen, 0.08);
}

TEST(ProcessUsage, CountsThisProcess) {
  const std::vector<pid_t> self = {::getpid()};
  EXPECT_EQ(ProcessTree(::getpid()), self);
  std::vector<char> block(32 << 20, 'x');
  const MemoryUsage usage = MemoryOf(self);
  EXPECT_GT(usage.private_dirty, 32 << 20);
  EXPECT_GT(block[block.size() / 2], 0);
  EXPECT_GT(ThreadSecondsOf(self), 0);
}

TEST(Machine, FactsComeFromCpuInfo) {
  MachineFacts facts;
  ParseCpuInfo(
      "processor : 0\nmodel name\t: AMD EPYC 7R13\nflags\t\t: fpu avx avx2 fma avx512f avx512vl\n",
      &facts);
  EXPECT_EQ(facts.processor, "AMD EPYC 7R13");
  EXPECT_EQ(facts.instruction_sets, "avx2 fma avx512f");
  facts = ReadMachineFacts();
  EXPECT_GE(facts.cores, 1);
  EXPECT_THAT(facts.kernel, HasSubstr("Linux"));
}

}  // namespace
}  // namespace hearth::bench
