// LoadPrinter: the thread that prints a replica's offered load for CloudWatch, six times a minute,
// as lines in the embedded metric format: each is one log event by itself, and CloudWatch makes a
// metric of it. One metric with exactly the dimensions Cluster and Service, so that SUM and
// SAMPLE_COUNT over a minute speak of the whole service (ecs/spare_policy.h).
//
// The time of a line is when its slot of 10 s began, on the wall clock's tens of seconds. Lines are
// printed when idle and while loading too: they are how running replicas are counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "serve/offered_load.h"
#include "serve/options.h"

namespace hearth::serve {

// The name of the metric: ecs/spare_policy.h's too.
inline constexpr std::string_view kOfferedLoadName = "OfferedLoad";
inline constexpr std::chrono::seconds kLoadSlot{10};

// The line with its newline. Pure.
std::string EmbeddedMetricLine(const LoadMetric& metric, int64_t unix_milliseconds, double load);

// When the slot that `now` lies in began: `since_1970` is the wall clock's at the same moment.
// Pure.
Clock::time_point LoadSlotBegin(Clock::time_point now, std::chrono::milliseconds since_1970);

// The wall clock's tens of seconds at `moment`, in ms since 1970, told by a clock that may have
// been set meanwhile. Pure.
int64_t LoadSlotTime(Clock::time_point moment, Clock::time_point now,
                     std::chrono::milliseconds since_1970);

class LoadPrinter {
 public:
  // Slots that have ended (serve::Batcher::TakeLoad). Called until the destructor returns.
  using Take = std::function<std::vector<OfferedLoad::Closed>(Clock::time_point now)>;

  // `fd` takes each line in one write; a line that it has no room for is left out, so that whoever
  // reads slowly holds nothing up. `first_slot` as given to WatchLoad.
  LoadPrinter(LoadMetric metric, int fd, Clock::time_point first_slot, Take take);
  ~LoadPrinter();
  LoadPrinter(const LoadPrinter&) = delete;
  LoadPrinter& operator=(const LoadPrinter&) = delete;

 private:
  void Run(Clock::time_point slot_end);

  const LoadMetric metric_;
  const int fd_;
  const Take take_;
  Cancel over_;
  std::thread thread_;
};

}  // namespace hearth::serve
