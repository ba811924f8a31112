// What the tests of the simulation share.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>

#include "pool/simulation.h"

namespace hearth::pool {
using FaultKind = ScriptedFault::Kind;
using OnLook = std::function<void(const SimulationLook&)>;

inline SimulationResult Simulated(const SimulationConfig& config,
                                  std::unique_ptr<ArrivalSource> arrivals,
                                  const OnLook& on_look = {}) {
  return Simulate(config, *arrivals, on_look);
}

inline bool Works(const ReplicaView& view) {
  return view.state == ReplicaState::kReady && !view.ejected && !view.hung;
}

inline int Working(const Observation& observation) {
  return static_cast<int>(
      std::count_if(observation.replicas.begin(), observation.replicas.end(), Works));
}

inline int Running(const Observation& observation) {
  return static_cast<int>(std::count_if(
      observation.replicas.begin(), observation.replicas.end(), [](const ReplicaView& view) {
        return view.state == ReplicaState::kReady || view.state == ReplicaState::kStarting;
      }));
}

inline int64_t Outcomes(const SimulationResult& result) {
  return result.answered + result.refused + result.expired + result.failed + result.timed_out;
}

inline HistoryRules Rules(const SimulationConfig& config) {
  HistoryRules rules;
  rules.attempts_max = config.attempts_max;
  rules.retry_share = config.retry_share;
  rules.retry_at_least = config.retry_at_least;
  rules.may_repeat = [](std::string_view words) { return words == "repeatable"; };
  return rules;
}

inline SimulationConfig Fixed(int replicas) {
  SimulationConfig config;
  config.policy = {.floor = replicas, .spare = 0, .max = replicas};
  config.initial_ready = replicas;
  return config;
}

}  // namespace hearth::pool
