// [[pool.schedule]]'s crons as AWS's scheduled actions say them. Pure.
//
// crontab(5) has five fields, numbers week days from 0 and takes either day field where both are
// given. AWS has six (a year), numbers them from 1 = SUN, and takes one day field: "?" in the
// other. Source: "Schedule scaling actions using cron expressions" of Application Auto Scaling.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// "0 8 * * 1-5" → "0 8 ? * MON-FRI *". kInvalidArgument for what is no cron; kUnprocessable, with
// the remedy, where both day fields say something.
Result<std::string> AwsCron(std::string_view cron);

// One for each entry, named "<service>-floor-1", "-2", … in the order of the file. kUnprocessable
// also for two entries of the same times: the last would hold in a pool, on AWS either might.
Result<std::vector<ScaleTimes>> TimesOf(const std::vector<config::ScheduleEntry>& schedule,
                                        std::string_view service);

}  // namespace hearth::ecs
