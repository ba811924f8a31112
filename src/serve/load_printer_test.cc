#include "serve/load_printer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/json/parse.hpp>

#include "base/unique_fd.h"

namespace hearth::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const LoadMetric kMetric{.name_space = "hearth", .cluster = "prod", .service = "embed"};

TEST(EmbeddedMetricLine, IsOneLineOfTheFormat) {
  EXPECT_EQ(EmbeddedMetricLine(kMetric, 1'764'108'000'000, 1.25),
            R"({"_aws":{"Timestamp":1764108000000,"CloudWatchMetrics":[{"Namespace":"hearth",)"
            R"("Dimensions":[["Cluster","Service"]],"Metrics":[{"Name":"OfferedLoad"}]}]},)"
            R"("Cluster":"prod","Service":"embed","OfferedLoad":1.2500})"
            "\n");
}

TEST(EmbeddedMetricLine, IsJsonWhateverTheNames) {
  const LoadMetric odd{.name_space = "a\"b", .cluster = "c\\\n", .service = "\x01é"};
  const std::string line = EmbeddedMetricLine(odd, 0, 0);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto read = boost::json::parse(line).as_object();
  EXPECT_EQ(read.at("Cluster").as_string(), odd.cluster);
  EXPECT_EQ(read.at("Service").as_string(), odd.service);
}

RC_GTEST_PROP(LoadSlotTime, IsATenOfTheWallClock, ()) {
  const Clock::time_point now{milliseconds(*rc::gen::inRange<int64_t>(1'000'000, 1'000'000'000))};
  const milliseconds wall{*rc::gen::inRange<int64_t>(1'700'000'000'000, 1'800'000'000'000)};
  const Clock::time_point begin = LoadSlotBegin(now, wall);
  RC_ASSERT(begin <= now);
  RC_ASSERT(now < begin + kLoadSlot);
  RC_ASSERT(LoadSlotTime(begin, now, wall) == wall.count() / 10'000 * 10'000);
  // Seen late, by a wall clock that drifted a little, the slots are still six a minute.
  const milliseconds late{*rc::gen::inRange(0, 3'600'000)};
  const milliseconds drift{*rc::gen::inRange(-4'000, 4'000)};
  for (int slot = 0; slot < 12; ++slot) {
    RC_ASSERT(LoadSlotTime(begin + slot * kLoadSlot, now + late, wall + late + drift) ==
              wall.count() / 10'000 * 10'000 + slot * 10'000);
  }
}

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    out_ = UniqueFd(ends[0]);
    in_ = UniqueFd(ends[1]);
  }
  int in() const { return in_.get(); }
  std::string ReadLine() {
    std::string line;
    for (char byte = 0; byte != '\n'; line += byte) {
      pollfd ready{out_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 30'000) != 1 || ::read(out_.get(), &byte, 1) != 1) break;
    }
    return line;
  }

 private:
  UniqueFd out_, in_;
};

TEST(LoadPrinter, PrintsWhatItTakesOncePerSlot) {
  Pipe pipe;
  std::atomic<int> taken = 0;
  // A slot that is over already: the first look is at once.
  const Clock::time_point first = Clock::now() - kLoadSlot;
  LoadPrinter printer(kMetric, pipe.in(), first, [&](Clock::time_point now) {
    ++taken;
    EXPECT_GE(now, first + kLoadSlot);
    return std::vector<OfferedLoad::Closed>{{first, 0.5}, {first + kLoadSlot, 0.75}};
  });
  const auto one = boost::json::parse(pipe.ReadLine()).as_object();
  const auto two = boost::json::parse(pipe.ReadLine()).as_object();
  EXPECT_EQ(one.at("OfferedLoad"), 0.5);
  EXPECT_EQ(two.at("OfferedLoad"), 0.75);
  const int64_t at = one.at("_aws").at("Timestamp").as_int64();
  EXPECT_EQ(at % 10'000, 0);
  EXPECT_EQ(two.at("_aws").at("Timestamp").as_int64() - at, 10'000);
  EXPECT_EQ(taken, 1);
}

TEST(LoadPrinter, AReaderThatIsSlowHoldsNothingUp) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.in(), F_SETPIPE_SZ, 4096), 4096);
  std::atomic<bool> over = false;
  {
    LoadPrinter printer(kMetric, pipe.in(), Clock::now() - kLoadSlot, [&](Clock::time_point now) {
      over = true;
      return std::vector<OfferedLoad::Closed>(1000, {now, 1});
    });
    EXPECT_FALSE(pipe.ReadLine().empty());
  }  // ends though most lines found no room
  EXPECT_TRUE(over);
}

TEST(LoadPrinter, EndsInTheMiddleOfASlot) {
  Pipe pipe;
  const auto began = Clock::now();
  {
    LoadPrinter printer(kMetric, pipe.in(), began,
                        [](Clock::time_point) { return std::vector<OfferedLoad::Closed>{}; });
  }
  EXPECT_LT(Clock::now() - began, seconds(5));
}

}  // namespace
}  // namespace hearth::serve
