#include "pool/simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "pool/simulation_test_support.h"

namespace hearth::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Simulation, EqualSeedsGiveEqualRuns) {
  SimulationConfig config;
  config.length = minutes(5);
  config.faults.mean_life = seconds(60);
  config.faults.start_fails = 0.2;
  const std::string first = Simulated(config, PoissonArrivals(100)).Summary();
  EXPECT_EQ(Simulated(config, PoissonArrivals(100)).Summary(), first);
  config.seed = 2;
  EXPECT_NE(Simulated(config, PoissonArrivals(100)).Summary(), first);
}

// The policy does not change which requests there are.
TEST(Simulation, PoliciesAreComparedOnTheSameRequests) {
  SimulationConfig config = Fixed(2);
  config.length = minutes(10);
  const SimulationResult small = Simulated(
      config, OnOffArrivals(50, Distribution::LogNormal(5, 5), Distribution::LogNormal(20, 20)));
  config.policy.max = 12;
  config.policy.spare = 3;
  const SimulationResult large = Simulated(
      config, OnOffArrivals(50, Distribution::LogNormal(5, 5), Distribution::LogNormal(20, 20)));
  EXPECT_EQ(small.requests, large.requests);
  EXPECT_GE(small.waits.QuantileSeconds(0.99), large.waits.QuantileSeconds(0.99));
  EXPECT_LT(small.replica_seconds, large.replica_seconds);
}

// Erlang's C: the share of requests that wait in an M/M/n queue with offered load `load`.
double ErlangC(int n, double load) {
  double blocked = 1;  // Erlang's B by its recursion
  for (int i = 1; i <= n; ++i) blocked = load * blocked / (i + load * blocked);
  return blocked / (1 - load / n * (1 - blocked));
}

TEST(Simulation, AgreesWithErlang) {
  for (const auto& [n, load] : std::vector<std::pair<int, double>>{{3, 1}, {8, 5}, {26, 20}}) {
    SimulationConfig config = Fixed(n);
    config.length = seconds(static_cast<int>(40'000 / load));
    config.service = Distribution::Exponential(0.2);
    config.hold_requests = 1'000'000;
    config.hold_time = std::chrono::hours(1);
    const SimulationResult result = Simulated(config, PoissonArrivals(load / 0.2));
    const double share =
        static_cast<double>(result.waits.waited()) / static_cast<double>(result.requests);
    EXPECT_NEAR(share, ErlangC(n, load), 0.015) << n;
    // The mean wait of M/M/n.
    EXPECT_NEAR(result.waits.mean_seconds(), ErlangC(n, load) * 0.2 / (n - load), 0.01) << n;
  }
}

TEST(Simulation, TakesMillionsOfRequests) {
  SimulationConfig config = Fixed(20);
  config.policy.max = 40;
  config.policy.spare = 4;
  const SimulationResult result = Simulated(config, PoissonArrivals(700));
  EXPECT_GT(result.requests, 2'500'000);
  EXPECT_EQ(result.answered, result.requests);
}

TEST(Simulation, TheWaitHistogramIsRightToThreePercent) {
  WaitHistogram waits;
  for (int i = 1; i <= 1000; ++i) waits.Add(milliseconds(i));
  for (int i = 0; i < 1000; ++i) waits.Add({});
  EXPECT_EQ(waits.QuantileSeconds(0.4), 0);
  EXPECT_NEAR(waits.QuantileSeconds(0.75), 0.5, 0.016);
  EXPECT_NEAR(waits.QuantileSeconds(0.999), 0.998, 0.032);
  EXPECT_EQ(waits.waited(), 1000);
  EXPECT_NEAR(static_cast<double>(waits.Above(milliseconds(900))), 100, 20);
}

TEST(Simulation, DistributionsHaveTheirMeans) {
  Random random(7);
  for (const Distribution& distribution :
       {Distribution::Constant(2), Distribution::Uniform(1, 4), Distribution::LogNormal(3, 2),
        Distribution::Measured({1, 2, 6}), Distribution::Exponential(0.5)}) {
    double sum = 0;
    constexpr int kDraws = 100'000;
    for (int i = 0; i < kDraws; ++i) {
      sum += std::chrono::duration<double>(distribution.Draw(random)).count();
    }
    EXPECT_NEAR(sum / kDraws, distribution.mean_seconds(), 0.03 * distribution.mean_seconds());
  }
  EXPECT_NEAR(Distribution::HeavyTailStart().mean_seconds(), 3.24, 1e-9);
}

TEST(Simulation, ArrivalsComeWhenTheyShould) {
  Random random(3);
  const auto counted = [&](const std::unique_ptr<ArrivalSource>& source, double from, double to) {
    Arrival arrival;
    int count = 0;
    while (source->Next(random, &arrival)) {
      const double at = std::chrono::duration<double>(arrival.at).count();
      if (at >= to) break;
      count += at >= from;
    }
    return count;
  };
  EXPECT_EQ(counted(NoArrivals(), 0, 100), 0);
  EXPECT_EQ(counted(ConstantArrivals(10), 0, 100.05), 1000);
  EXPECT_NEAR(counted(PoissonArrivals(100), 0, 100), 10'000, 400);
  EXPECT_EQ(counted(StepArrivals({{seconds(10), 50.0}, {seconds(20), 0.0}}), 0, 10), 0);
  EXPECT_NEAR(counted(StepArrivals({{seconds(10), 50.0}, {seconds(20), 0.0}}), 0, 1000), 500, 90);
  EXPECT_NEAR(
      counted(OnOffArrivals(100, Distribution::Constant(1), Distribution::Constant(3)), 0, 1000),
      25'000, 700);
  EXPECT_EQ(counted(BurstArrivals(0, seconds(10), 7), 0, 100.5), 70);
}

}  // namespace
}  // namespace hearth::pool
