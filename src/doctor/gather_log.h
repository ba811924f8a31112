// What the last tasks logged.
#pragma once

#include "doctor/facts.h"
#include "doctor/live_ask.h"

namespace hearth::doctor {

// Fills log_lines from the streams of the tasks that ended or began last, of live's task
// definition.
void GatherLog(LiveAsk& ask, const ecs::EcsSpec& spec, LiveFacts* live);

}  // namespace hearth::doctor
