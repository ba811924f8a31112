#include "config/checks.h"

#include <algorithm>

#include "base/duration.h"
#include "config/size.h"

namespace hearth::config {
namespace {

class Checks {
 public:
  Checks(const Config& config, const KeyLines& lines, std::vector<Problem>* problems)
      : config_(config), lines_(lines), problems_(*problems) {}

  void Pool() {
    const struct Pool& pool = config_.pool;
    NotAbove("pool.floor", pool.floor, "pool.max", pool.max, Number);
    for (const ScheduleEntry& entry : pool.schedule) {
      if (entry.floor <= pool.max) continue;
      Add(entry.line, "pool.schedule.floor = {} must not be more than pool.max = {}{}", entry.floor,
          pool.max, OrDefault("pool.max"));
    }
  }

  void Replica() {
    const struct Replica& replica = config_.replica;
    if (replica.backend == Backend::kDocker) {
      if (replica.image.empty()) {
        Add(Line("replica.backend"),
            "replica.backend = \"docker\" needs replica.image, the image to run");
      }
    } else {
      for (const char* key : {"replica.image", "replica.mounts", "replica.network",
                              "replica.read_only", "replica.port"}) {
        if (Line(key) == 0) continue;
        Add(Line(key), "{} is of containers only: it needs replica.backend = \"docker\"{}", key,
            key == std::string_view("replica.image") ? ", a process has replica.command" : "");
      }
    }
    if (!replica.command.empty() && replica.command[0].empty()) {
      Add(Line("replica.command"), "replica.command must begin with a program, not with \"\"");
    }
    if (replica.start_timeout.count() != 0) {
      NotAbove("replica.start_time", replica.start_time.count(), "replica.start_timeout",
               replica.start_timeout.count(), Duration);
    }
    NotAbove("replica.health_timeout", replica.health_timeout.count(), "replica.health_interval",
             replica.health_interval.count(), Duration);
  }

  void Gateway() {
    const struct Gateway& gateway = config_.gateway;
    const int64_t all = gateway.request_timeout.count();
    NotAbove("gateway.hold_time", gateway.hold_time.count(), "gateway.request_timeout", all,
             Duration);
    NotAbove("gateway.first_byte_timeout", gateway.first_byte_timeout.count(),
             "gateway.request_timeout", all, Duration);
    NotAbove("gateway.retry_buffer_bytes", gateway.retry_buffer_bytes, "gateway.body_bytes_max",
             gateway.body_bytes_max, FormatSize);
    if (gateway.listen == config_.admin.listen && !gateway.listen.ends_with(":0")) {
      Add(std::max(Line("gateway.listen"), Line("admin.listen")),
          "gateway.listen and admin.listen are both \"{}\": they must differ", gateway.listen);
    }
  }

 private:
  static std::string Number(int64_t value) { return fmt::format("{}", value); }
  static std::string Duration(int64_t value) {
    return '"' + FormatDuration(std::chrono::milliseconds(value)) + '"';
  }

  int Line(std::string_view key) const {
    const auto found = lines_.find(key);
    return found == lines_.end() ? 0 : found->second;
  }
  std::string_view OrDefault(std::string_view key) const {
    return Line(key) == 0 ? " (the default)" : "";
  }

  template <typename... Args>
  void Add(int line, fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(
        {line, fmt::format(format, std::forward<Args>(args)...), Code::kUnprocessable});
  }

  void NotAbove(const char* small, int64_t small_value, const char* large, int64_t large_value,
                std::string (*print)(int64_t)) {
    if (small_value <= large_value) return;
    Add(Line(small) != 0 ? Line(small) : Line(large), "{} = {}{} must not be more than {} = {}{}",
        small, print(small_value), OrDefault(small), large, print(large_value), OrDefault(large));
  }

  const Config& config_;
  const KeyLines& lines_;
  std::vector<Problem>& problems_;
};

}  // namespace

void FollowGiven(const KeyLines& lines, Config* config) {
  const auto follow = [&lines](const char* key, auto* value, auto most) {
    if (!lines.contains(key)) *value = std::min(*value, most);
  };
  Gateway& gateway = config->gateway;
  follow("gateway.hold_time", &gateway.hold_time, gateway.request_timeout);
  follow("gateway.first_byte_timeout", &gateway.first_byte_timeout, gateway.request_timeout);
  follow("gateway.retry_buffer_bytes", &gateway.retry_buffer_bytes, gateway.body_bytes_max);
  follow("replica.health_timeout", &config->replica.health_timeout,
         config->replica.health_interval);
}

void CheckAcross(const Config& config, const KeyLines& lines, std::vector<Problem>* problems) {
  Checks checks(config, lines, problems);
  checks.Pool();
  checks.Replica();
  checks.Gateway();
}

}  // namespace hearth::config
