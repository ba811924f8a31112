// The container's check, and how long ECS waits for what.
#include <algorithm>
#include <array>

#include "base/duration.h"
#include "ecs/spec_parts.h"

namespace hearth::ecs {
namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;

constexpr seconds kStartUnmeasured{90};
constexpr seconds kStartPeriodMost{300};  // of ECS
constexpr seconds kStopMost{120};         // of Fargate
// For the replica's own end, after what it still worked on.
constexpr seconds kStopMargin{5};
constexpr seconds kStopLeast{2};
constexpr seconds kPullTime{300};
constexpr int kChecksToHealthy = 2;  // of the target group

seconds Whole(milliseconds time) { return ceil<seconds>(time); }

std::string Quoted(milliseconds time) { return '"' + FormatDuration(time) + '"'; }

// In the URL of a program inside a shell's quotes inside Python's: what means something to them is
// said in percent.
std::string Guarded(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (std::string_view("'\"\\$`").find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Without a load balancer the container's check is the only one that a rolling deployment waits
// for: it must say ready. With one, the target group says so, and the container's says alive.
std::vector<std::string> CheckCommand(const SpecSource& source, const EcsSpec& spec) {
  const config::Replica& replica = source.config.replica;
  const bool balanced = !source.Ecs().listener.empty();
  if (!source.Ecs().health_command.empty()) return source.Ecs().health_command;
  if (spec.hearth_inside) {
    return {"CMD", "/usr/local/bin/hearth", "probe", balanced ? "health" : "ready"};
  }
  return {"CMD-SHELL", fmt::format("python -c \"import urllib.request; "
                                   "urllib.request.urlopen('http://localhost:{}{}')\" || exit 1",
                                   spec.port, Guarded(balanced ? replica.health : replica.ready))};
}

Status FillCheck(const SpecSource& source, EcsSpec* spec) {
  const config::Ecs& ecs = source.Ecs();
  const auto& command = ecs.health_command;
  if (!command.empty() &&
      (command.size() < 2 || (command[0] != "CMD" && command[0] != "CMD-SHELL"))) {
    return source.Refuse(
        "ecs.health_command must be [\"CMD\", program, …] or "
        "[\"CMD-SHELL\", line], not begin with \"{}\"",
        command[0]);
  }
  if (ecs.health_timeout >= ecs.health_interval) {
    return source.Refuse("ecs.health_timeout = {} must be less than ecs.health_interval = {}",
                         Quoted(ecs.health_timeout), Quoted(ecs.health_interval));
  }
  spec->check = {.command = CheckCommand(source, *spec),
                 .interval = Whole(ecs.health_interval),
                 .timeout = Whole(ecs.health_timeout),
                 .retries = ecs.health_retries,
                 .start_period = Whole(ecs.start_period)};
  if (spec->check.start_period.count() == 0) {
    spec->check.start_period = std::min(StartAllowance(source), kStartPeriodMost);
  }
  return {};
}

// startPeriod ends at 300 s and is of the container alone: the grace covers longer loads, the first
// checks of the target group, and a model that is pulled first.
seconds GraceFor(const SpecSource& source, const EcsSpec& spec) {
  seconds grace = std::max(StartAllowance(source), spec.check.start_period);
  if (!source.Ecs().listener.empty()) grace += kChecksToHealthy * spec.check.interval;
  if (spec.pull) grace += kPullTime;
  return grace;
}

Status FillStop(const SpecSource& source, EcsSpec* spec) {
  const milliseconds drain = source.config.replica.drain_time;
  spec->stop_timeout = Whole(source.Ecs().stop_timeout);
  if (spec->stop_timeout.count() != 0) return {};
  const seconds wanted = std::max(Whole(drain) + kStopMargin, kStopLeast);
  if (wanted > kStopMost && source.Has("replica.drain_time")) {
    return source.Refuse(
        "replica.drain_time = {}: Fargate kills a task 120 s after it is told to "
        "stop; at most \"{}s\", or say ecs.stop_timeout = \"120s\"",
        Quoted(drain), (kStopMost - kStopMargin).count());
  }
  spec->stop_timeout = std::min(wanted, kStopMost);
  return {};
}

}  // namespace

seconds StartAllowance(const SpecSource& source) {
  if (!source.Has("replica.start_time")) return kStartUnmeasured;
  return Whole(2 * source.config.replica.start_time);
}

Status FillTimes(const SpecSource& source, EcsSpec* spec) {
  if (Status check = FillCheck(source, spec); !check) return check;
  const milliseconds grace = source.Ecs().grace;
  spec->grace = grace.count() != 0 ? Whole(grace) : GraceFor(source, *spec);
  return FillStop(source, spec);
}

}  // namespace hearth::ecs
