#include "config/keys.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "config/forms.h"
#include "config/keys_ecs.h"

namespace hearth::config {
namespace {

constexpr double kSecond = 1000;
constexpr double kHour = 3600 * kSecond;
constexpr double kMiB = 1024.0 * 1024;
constexpr double kTiB = kMiB * kMiB;

constexpr Key<Config> kPoolKeys[] = {
    {{.path = "model.source",
      .meaning = "what is served: `hf://org/name[@revision]`, `s3://bucket/prefix`, a folder or a "
                 "packed file",
      .in_default = "none: the command or image brings its own"},
     [](Config& c) -> Target { return &c.model.source; }},

    {{.path = "pool.name",
      .meaning = "tells this pool's replicas from another's on the same machine",
      .form = &kPoolName},
     [](Config& c) -> Target { return &c.pool.name; }},
    {{.path = "pool.floor",
      .meaning = "never fewer replicas than this; on ECS MinCapacity",
      .most = 1000},
     [](Config& c) -> Target { return &c.pool.floor; }},
    {{.path = "pool.spare", .meaning = "ready replicas kept above those in use", .most = 1000},
     [](Config& c) -> Target { return &c.pool.spare; }},
    {{.path = "pool.max",
      .meaning = "never more replicas than this, `surge` left out",
      .least = 1,
      .most = 1000},
     [](Config& c) -> Target { return &c.pool.max; }},
    {{.path = "pool.keep_warm",
      .meaning = "how long surplus is kept, and how much history a scale-in needs",
      .least = 10,
      .most = 24 * kHour},
     [](Config& c) -> Target { return &c.pool.keep_warm; }},
    {{.path = "pool.slots",
      .meaning = "requests that a replica works on at a time",
      .least = 1,
      .most = 10'000,
      .or_zero = true,
      .in_default = "0: a hearth replica says its own, any other has 1"},
     [](Config& c) -> Target { return &c.pool.slots; }},
    {{.path = "pool.surge",
      .meaning = "how many more than `max` may run during a roll",
      .least = 1,
      .most = 100},
     [](Config& c) -> Target { return &c.pool.surge; }},
    {{.path = "pool.state_dir",
      .meaning = "where the pool keeps logs, versions and what runs",
      .in_default = "`.hearth` beside hearth.toml"},
     [](Config& c) -> Target { return &c.pool.state_dir; }},

    {{.path = "replica.backend",
      .meaning = "whether a replica is a process of this machine or a Docker container"},
     [](Config& c) -> Target { return &c.replica.backend; }},
    {{.path = "replica.command",
      .meaning = "the server, word by word; `{port}`, `{socket}` and `{name}` are filled in. With "
                 "`image`: what follows the image",
      .in_default = "none: hearth's own server on `model.source`, or the image's own command"},
     [](Config& c) -> Target { return &c.replica.command; }},
    {{.path = "replica.image",
      .meaning = "docker only, and needed there: the image",
      .in_default = "none"},
     [](Config& c) -> Target { return &c.replica.image; }},
    {{.path = "replica.env",
      .meaning = "environment variables, all of them texts",
      .form = &kVariable,
      .in_default = "none"},
     [](Config& c) -> Target { return &c.replica.env; }},
    {{.path = "replica.mounts",
      .meaning = "docker only: what the container sees of this machine",
      .form = &kMount,
      .in_default = "none"},
     [](Config& c) -> Target { return &c.replica.mounts; }},
    {{.path = "replica.network",
      .meaning = "docker only: published on loopback, or the machine's own network",
      .form = &kNetwork},
     [](Config& c) -> Target { return &c.replica.network; }},
    {{.path = "replica.read_only",
      .meaning = "docker only: the container cannot write into its image"},
     [](Config& c) -> Target { return &c.replica.read_only; }},
    {{.path = "replica.port",
      .meaning = "docker only, network `bridge`: the port inside the container",
      .least = 1,
      .most = 65'535},
     [](Config& c) -> Target { return &c.replica.port; }},
    {{.path = "replica.retry_safe",
      .meaning = "paths whose requests may be sent a second time, to another replica",
      .form = &kUrlPath,
      .in_default = "none; of hearth's own server its work routes"},
     [](Config& c) -> Target { return &c.replica.retry_safe; }},
    {{.path = "replica.ready",
      .meaning = "answers 200 when the replica can work",
      .form = &kUrlPath},
     [](Config& c) -> Target { return &c.replica.ready; }},
    {{.path = "replica.health",
      .meaning = "answers 200 while the replica is alive",
      .form = &kUrlPath},
     [](Config& c) -> Target { return &c.replica.health; }},
    {{.path = "replica.cpu",
      .meaning = "CPUs of one replica; a process replica of hearth uses this many threads",
      .least = 0.01,
      .most = 1024},
     [](Config& c) -> Target { return &c.replica.cpu; }},
    {{.path = "replica.memory",
      .meaning = "memory of one replica, at most",
      .least = 6 * kMiB,
      .most = 16 * kTiB,
      .or_zero = true,
      .in_default = "0: no limit"},
     [](Config& c) -> Target { return &c.replica.memory_bytes; }},
    {{.path = "replica.start_time",
      .meaning = "how long a replica takes to get ready; `hearth bench start --write` measures it",
      .least = 1,
      .most = kHour},
     [](Config& c) -> Target { return &c.replica.start_time; }},
    {{.path = "replica.start_timeout",
      .meaning = "a replica that is not ready by then is given up",
      .least = kSecond / 10,
      .most = 24 * kHour,
      .or_zero = true,
      .in_default = "0: 10 × `start_time`, at least 30 s"},
     [](Config& c) -> Target { return &c.replica.start_timeout; }},
    {{.path = "replica.drain_time",
      .meaning = "for what a draining replica still works on",
      .most = kHour},
     [](Config& c) -> Target { return &c.replica.drain_time; }},
    {{.path = "replica.health_interval",
      .meaning =
          "between two health checks of a replica; longer where that is over 25 a second in all",
      .least = 10,
      .most = kHour},
     [](Config& c) -> Target { return &c.replica.health_interval; }},
    {{.path = "replica.health_timeout",
      .meaning = "of one health check; unless given, never more than `health_interval`",
      .least = 10,
      .most = kHour},
     [](Config& c) -> Target { return &c.replica.health_timeout; }},

    {{.path = "gateway.listen", .meaning = "the pool's one address", .form = &kListen},
     [](Config& c) -> Target { return &c.gateway.listen; }},
    {{.path = "gateway.connections", .meaning = "clients at once", .least = 1, .most = 100'000},
     [](Config& c) -> Target { return &c.gateway.connections; }},
    {{.path = "gateway.hold_requests",
      .meaning = "requests that may wait for a slot",
      .most = 100'000},
     [](Config& c) -> Target { return &c.gateway.hold_requests; }},
    {{.path = "gateway.hold_time",
      .meaning = "and for how long; unless given, never more than `request_timeout`",
      .most = kHour},
     [](Config& c) -> Target { return &c.gateway.hold_time; }},
    {{.path = "gateway.request_timeout",
      .meaning = "of one request, all in all",
      .least = 1,
      .most = 24 * kHour},
     [](Config& c) -> Target { return &c.gateway.request_timeout; }},
    {{.path = "gateway.first_byte_timeout",
      .meaning = "of one attempt, from sent to the first byte of the answer; unless given, never "
                 "more than `request_timeout`",
      .least = 1,
      .most = 24 * kHour},
     [](Config& c) -> Target { return &c.gateway.first_byte_timeout; }},
    {{.path = "gateway.body_bytes_max",
      .meaning = "the largest body that is taken",
      .least = 1,
      .most = kTiB},
     [](Config& c) -> Target { return &c.gateway.body_bytes_max; }},
    {{.path = "gateway.retry_buffer_bytes",
      .meaning =
          "a body up to this may be sent again; unless given, never more than `body_bytes_max`",
      .most = 64 * kMiB},
     [](Config& c) -> Target { return &c.gateway.retry_buffer_bytes; }},
    {{.path = "gateway.retry_budget",
      .meaning =
          "attempts beyond the first, as a share of the requests in flight; never fewer than 3",
      .most = 1},
     [](Config& c) -> Target { return &c.gateway.retry_budget; }},

    {{.path = "admin.listen",
      .meaning = "the live page, metrics and the admin API; never public",
      .form = &kLoopback},
     [](Config& c) -> Target { return &c.admin.listen; }},
};

// The pool's and those of [ecs], as one list.
constexpr auto kKeys = [] {
  std::array<Key<Config>, std::size(kPoolKeys) + kEcsKeys.size()> all{};
  std::ranges::copy(kEcsKeys, std::ranges::copy(kPoolKeys, all.begin()).out);
  return all;
}();

constexpr Key<ScheduleEntry> kScheduleKeys[] = {
    {{.path = "pool.schedule.cron",
      .meaning = "when this entry begins to hold: minute, hour, day of month, month, day of week",
      .form = &kCron,
      .in_default = "needed"},
     [](ScheduleEntry& e) -> Target { return &e.cron; }},
    {{.path = "pool.schedule.timezone", .meaning = "the zone of `cron`", .form = &kTimeZone},
     [](ScheduleEntry& e) -> Target { return &e.timezone; }},
    {{.path = "pool.schedule.floor",
      .meaning = "the floor from then on, until the next entry",
      .most = 1000,
      .in_default = "needed"},
     [](ScheduleEntry& e) -> Target { return &e.floor; }},
};

}  // namespace

std::span<const Key<Config>> Keys() { return kKeys; }
std::span<const Key<ScheduleEntry>> ScheduleKeys() { return kScheduleKeys; }

}  // namespace hearth::config
