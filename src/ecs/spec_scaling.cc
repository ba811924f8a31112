// How many, and what scales them.
#include <algorithm>

#include "base/duration.h"
#include "ecs/schedule_times.h"
#include "ecs/spare_policy.h"
#include "ecs/spec_parts.h"
#include "pool/schedule.h"

namespace hearth::ecs {
namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;

// A target tracking policy scales in after 15 minutes of 15 below its target.
constexpr std::chrono::minutes kKeepWarmLeast{15};
constexpr seconds kStartUnmeasured{45};
// From the decision to the container's first moment: a place, a network interface, the image.
constexpr seconds kPlacing{60};

Status CheckPool(const SpecSource& source) {
  const config::Pool& pool = source.config.pool;
  if (source.Has("pool.keep_warm") && pool.keep_warm < kKeepWarmLeast) {
    return source.Refuse(
        "pool.keep_warm = \"{}\": on ECS surplus is kept 15 minutes at least, since "
        "target tracking scales in after 15 of 15 minutes: say \"15m\", or leave "
        "it out",
        FormatDuration(pool.keep_warm));
  }
  if (source.Ecs().desired > pool.max) {
    return source.Refuse(
        "ecs.desired = {} must not be more than pool.max = {}: what is above is "
        "scaled in at once",
        source.Ecs().desired, pool.max);
  }
  return {};
}

Status FillSchedule(const SpecSource& source, EcsSpec* spec) {
  spec->schedule = source.config.pool.schedule;
  std::vector<pool::ScheduleRule> rules;
  for (const auto& entry : spec->schedule)
    rules.push_back({entry.cron, entry.timezone, entry.floor});
  // Whether each zone is one; AWS would say so only after half of the pool is made.
  if (auto parsed = pool::Schedule::Parse(rules); !parsed) {
    return source.Refuse("pool.schedule: {}", parsed.error().message);
  }
  auto times = TimesOf(spec->schedule, spec->service);
  if (!times) return source.Refuse("{}", times.error().message);
  spec->times = *std::move(times);
  return {};
}

Status FillSpare(const SpecSource& source, EcsSpec* spec) {
  const config::Ecs& ecs = source.Ecs();
  spec->spare_policy = ecs.spare_policy && spec->hearth_inside;
  if (ecs.spare_policy && !spec->hearth_inside && source.Has("ecs.scaling.spare_policy")) {
    return source.Refuse(
        "ecs.scaling.spare_policy = true needs hearth inside the replica: it is fed "
        "by a metric that hearth's own server prints, and this server is another");
  }
  if (!spec->spare_policy) return {};
  const auto none = std::ranges::find(spec->schedule, 0, &config::ScheduleEntry::floor);
  const char* key = spec->floor == 0               ? "pool.floor"
                    : none != spec->schedule.end() ? "pool.schedule.floor"
                                                   : nullptr;
  if (key != nullptr) {
    return source.Refuse(
        "{} = 0: with ecs.scaling.spare_policy it must be 1 or more, since without "
        "a replica nothing says how many are needed; or say spare_policy = false",
        key);
  }
  return {};
}

Status FillProtection(const SpecSource& source, EcsSpec* spec) {
  const seconds after = ceil<seconds>(source.Ecs().protect_after);
  if (after.count() == 0) return {};
  if (!spec->hearth_inside) {
    return source.Refuse(
        "ecs.protect_after = \"{}s\" needs hearth inside the replica: the task "
        "protects itself, and this server is another",
        after.count());
  }
  spec->protect_after = after;
  return {};
}

}  // namespace

Status FillScaling(const SpecSource& source, EcsSpec* spec) {
  const config::Pool& pool = source.config.pool;
  const config::Ecs& ecs = source.Ecs();
  if (Status good = CheckPool(source); !good) return good;
  spec->floor = pool.floor;
  spec->spare = pool.spare;
  spec->max = pool.max;
  spec->slots = pool.slots;
  spec->desired = ecs.desired;
  spec->cpu_target = ecs.cpu_target;
  spec->scale_out_cooldown = ceil<seconds>(ecs.scale_out_cooldown);
  spec->scale_in_cooldown = ceil<seconds>(ecs.scale_in_cooldown);
  spec->metric_namespace = ecs.metric_namespace;
  const seconds start = source.Has("replica.start_time")
                            ? ceil<seconds>(source.config.replica.start_time)
                            : kStartUnmeasured;
  spec->spare_out_cooldown = ecs.spare_out_cooldown.count() != 0
                                 ? ceil<seconds>(ecs.spare_out_cooldown)
                                 : SpareOutCooldown(kPlacing + start);
  if (Status done = FillSchedule(source, spec); !done) return done;
  if (Status done = FillSpare(source, spec); !done) return done;
  return FillProtection(source, spec);
}

}  // namespace hearth::ecs
