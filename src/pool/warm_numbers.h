// WarmNumbers: floor, spare and max as they are in force, and where each comes from. Pure given the
// time of day.
//
// What `hearth scale` has set wins over a schedule, a schedule over hearth.toml, until [pool]
// changes there. A floor above max counts as max.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "pool/schedule.h"
#include "pool/state_dir.h"

namespace hearth::pool {

// A number and where it comes from: "hearth.toml", "default", "hearth scale", "schedule \"0 8 * *
// 1-5\"".
struct Sourced {
  int value = 0;
  std::string source;
};

class WarmNumbers {
 public:
  // kInvalidArgument: a schedule that cannot be read. `pool` outlives it.
  static Result<WarmNumbers> Create(const config::Pool& pool);

  // What an earlier controller has stored.
  void Restore(const StoredPolicy& stored);
  // Absent: as it is. Negative: back to hearth.toml's. kUnprocessable: floor above max, or out of
  // range; nothing changes then.
  Status Scale(std::optional<int> floor, std::optional<int> spare, std::optional<int> max);
  const StoredPolicy& stored() const { return stored_; }

  // Looks the schedule up when it is due: after its `until`, or when the clock went back.
  void Look(int64_t unix_s);

  Sourced floor() const;
  Sourced spare() const;
  Sourced max() const;

  // What in [pool] must change for stored numbers to be forgotten.
  std::string ConfigText() const;

 private:
  WarmNumbers(const config::Pool& pool, Schedule schedule);
  static Sourced Pick(const std::optional<int>& stored, int configured, int standard);

  const config::Pool* pool_;
  Schedule schedule_;
  StoredPolicy stored_;
  Schedule::InForce in_force_;
  std::optional<int64_t> looked_unix_s_;
};

}  // namespace hearth::pool
