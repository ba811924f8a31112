// The file and what it renders for ECS. Pure.
#pragma once

#include <chrono>

#include "doctor/facts.h"

namespace hearth::doctor {

// `now` says which floor of the schedule is in force.
StaticFacts GatherStatic(config::Config config, std::chrono::system_clock::time_point now);

}  // namespace hearth::doctor
