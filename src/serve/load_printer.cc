#include "serve/load_printer.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <iterator>
#include <utility>

#include "base/json_print.h"

namespace hearth::serve {
namespace {

using std::chrono::milliseconds;

milliseconds WallClock() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

// A pipe that says it can be written has room for PIPE_BUF bytes, more than a line has.
void WriteIfRoom(int fd, const std::string& line) {
  pollfd room{fd, POLLOUT, 0};
  if (::poll(&room, 1, 0) != 1 || room.revents != POLLOUT) return;  // full, or nobody reads
  [[maybe_unused]] const ssize_t written = ::write(fd, line.data(), line.size());
}

}  // namespace

std::string EmbeddedMetricLine(const LoadMetric& metric, int64_t unix_milliseconds, double load) {
  std::string line = fmt::format(R"({{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":)",
                                 unix_milliseconds);
  AppendJsonString(metric.name_space, &line);
  fmt::format_to(std::back_inserter(line),
                 R"(,"Dimensions":[["Cluster","Service"]],"Metrics":[{{"Name":"{}"}}]}}]}},)",
                 kOfferedLoadName);
  line += R"("Cluster":)";
  AppendJsonString(metric.cluster, &line);
  line += R"(,"Service":)";
  AppendJsonString(metric.service, &line);
  fmt::format_to(std::back_inserter(line), R"(,"{}":{:.4f}}})", kOfferedLoadName, load);
  line += '\n';
  return line;
}

Clock::time_point LoadSlotBegin(Clock::time_point now, milliseconds since_1970) {
  return now - since_1970 % milliseconds(kLoadSlot);
}

int64_t LoadSlotTime(Clock::time_point moment, Clock::time_point now, milliseconds since_1970) {
  constexpr int64_t kTen = milliseconds(kLoadSlot).count();
  const milliseconds ago = std::chrono::duration_cast<milliseconds>(now - moment);
  return ((since_1970 - ago).count() + kTen / 2) / kTen * kTen;
}

LoadPrinter::LoadPrinter(LoadMetric metric, int fd, Clock::time_point first_slot, Take take)
    : metric_(std::move(metric)),
      fd_(fd),
      take_(std::move(take)),
      thread_([this, first_slot] { Run(first_slot + kLoadSlot); }) {
  pthread_setname_np(thread_.native_handle(), "load-printer");
}

LoadPrinter::~LoadPrinter() {
  over_.Fire();
  thread_.join();
}

void LoadPrinter::Run(Clock::time_point slot_end) {
  for (;;) {
    // Rounded up: looking a moment too early would find the slot open.
    const auto wait = std::chrono::ceil<milliseconds>(slot_end - Clock::now());
    if (!SleepUnless(over_, std::max(wait, milliseconds(0)))) return;
    const Clock::time_point now = Clock::now();
    for (const OfferedLoad::Closed& closed : take_(now)) {
      WriteIfRoom(fd_, EmbeddedMetricLine(metric_, LoadSlotTime(closed.begin, now, WallClock()),
                                          closed.load));
    }
    while (slot_end <= now) slot_end += kLoadSlot;
  }
}

}  // namespace hearth::serve
