// AWS's scheduled actions as [[pool.schedule]] has them: the way back from schedule_times.h. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hearth::ecs {

// "cron(0 8 ? * MON-FRI *)" → "0 8 * * MON-FRI". nullopt for rate(…), at(…), a year, and what
// crontab(5) cannot say (L, W, #).
std::optional<std::string> CrontabOf(std::string_view aws_schedule);

}  // namespace hearth::ecs
