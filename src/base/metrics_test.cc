#include "base/metrics.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hearth {
namespace {

TEST(Metrics, PrintsThePrometheusTextForm) {
  Histogram histogram(1, 10, 3);  // 1, 10, 100
  for (const double value : {0.5, 1.0, 2.0, 1000.0}) histogram.Observe(value);
  MetricsText text;
  text.Family("te_request_count", "counter", "Requests");
  text.Sample(3, {{"method", "sin\"gle"}});
  text.Family("te_size", "histogram", "Sizes");
  text.Sample(histogram);
  EXPECT_EQ(text.Take(),
            "# HELP te_request_count Requests\n"
            "# TYPE te_request_count counter\n"
            "te_request_count{method=\"sin\\\"gle\"} 3\n"
            "# HELP te_size Sizes\n"
            "# TYPE te_size histogram\n"
            "te_size_bucket{le=\"1\"} 2\n"
            "te_size_bucket{le=\"10\"} 3\n"
            "te_size_bucket{le=\"100\"} 3\n"
            "te_size_bucket{le=\"+Inf\"} 4\n"
            "te_size_sum 1003.5\n"
            "te_size_count 4\n");
}

TEST(Metrics, ThreadsLoseNoUpdate) {
  Counter counter;
  Histogram histogram(1, 2, 4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        counter.Add();
        histogram.Observe(3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4000);
  EXPECT_EQ(histogram.count(2), 4000);
  EXPECT_EQ(histogram.sum(), 12000);
}

}  // namespace
}  // namespace hearth
