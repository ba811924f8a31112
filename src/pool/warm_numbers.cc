#include "pool/warm_numbers.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace hearth::pool {
namespace {

constexpr int kReplicasMax = 10'000;

void Set(std::optional<int>& stored, const std::optional<int>& wanted) {
  if (!wanted) return;
  stored = *wanted < 0 ? std::nullopt : wanted;
}

}  // namespace

WarmNumbers::WarmNumbers(const config::Pool& pool, Schedule schedule)
    : pool_(&pool), schedule_(std::move(schedule)) {}

Result<WarmNumbers> WarmNumbers::Create(const config::Pool& pool) {
  std::vector<ScheduleRule> rules;
  rules.reserve(pool.schedule.size());
  for (const config::ScheduleEntry& entry : pool.schedule) {
    rules.push_back({entry.cron, entry.timezone, entry.floor});
  }
  auto schedule = Schedule::Parse(rules);
  if (!schedule) return Forward(schedule);
  return WarmNumbers(pool, *std::move(schedule));
}

void WarmNumbers::Restore(const StoredPolicy& stored) { stored_ = stored; }

Status WarmNumbers::Scale(std::optional<int> floor, std::optional<int> spare,
                          std::optional<int> max) {
  for (const auto& [name, wanted, least] :
       {std::tuple("floor", floor, 0), {"spare", spare, 0}, {"max", max, 1}}) {
    if (wanted && *wanted >= 0 && (*wanted < least || *wanted > kReplicasMax)) {
      return Fail(Code::kUnprocessable, "cannot set {} to {}: it must be from {} to {}", name,
                  *wanted, least, kReplicasMax);
    }
  }
  const StoredPolicy before = stored_;
  Set(stored_.floor, floor);
  Set(stored_.spare, spare);
  Set(stored_.max, max);
  const int least = stored_.floor.value_or(in_force_.rule >= 0 ? in_force_.floor : pool_->floor);
  const int most = this->max().value;
  if (least <= most) return {};
  stored_ = before;
  return Fail(Code::kUnprocessable,
              "cannot set floor {} with max {}: floor must not be above max; change both together",
              least, most);
}

void WarmNumbers::Look(int64_t unix_s) {
  const bool due = !looked_unix_s_ || unix_s < *looked_unix_s_ ||
                   (in_force_.until_unix_s != 0 && unix_s >= in_force_.until_unix_s);
  if (!due) return;
  in_force_ = schedule_.At(unix_s);
  looked_unix_s_ = unix_s;
}

Sourced WarmNumbers::Pick(const std::optional<int>& stored, int configured, int standard) {
  if (stored) return {*stored, "hearth scale"};
  // A file that spells out the default is not told apart from one that does not name the key.
  return {configured, configured == standard ? "default" : "hearth.toml"};
}

Sourced WarmNumbers::floor() const {
  Sourced floor = Pick(stored_.floor, pool_->floor, config::Pool{}.floor);
  if (!stored_.floor && in_force_.rule >= 0) {
    const auto& entry = pool_->schedule[static_cast<size_t>(in_force_.rule)];
    floor = {in_force_.floor, fmt::format("schedule \"{}\"", entry.cron)};
  }
  floor.value = std::min(floor.value, max().value);
  return floor;
}

Sourced WarmNumbers::spare() const {
  return Pick(stored_.spare, pool_->spare, config::Pool{}.spare);
}

Sourced WarmNumbers::max() const { return Pick(stored_.max, pool_->max, config::Pool{}.max); }

std::string WarmNumbers::ConfigText() const {
  std::string text =
      fmt::format("floor={} spare={} max={}", pool_->floor, pool_->spare, pool_->max);
  for (const config::ScheduleEntry& entry : pool_->schedule) {
    text += fmt::format(" [{} {} {}]", entry.cron, entry.timezone, entry.floor);
  }
  return text;
}

}  // namespace hearth::pool
