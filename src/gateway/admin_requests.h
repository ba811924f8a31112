// Reading the bodies of the admin API's POSTs, strictly: a field that is not known is an error that
// names those that are. Pure. Failures are kInvalidArgument (not JSON, not an object) and
// kUnprocessable (a field).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/admin.h"
#include "pool/replica.h"

namespace hearth::gateway {

// What is absent stays as it is; null is Controller::kAsInFile.
struct ScaleChange {
  std::optional<int> floor, spare, max;
};

Result<ScaleChange> ParseScale(std::string_view body);
Result<AdminActions::RollChange> ParseRoll(std::string_view body);
Result<pool::ReplicaId> ParseDrain(std::string_view body);

}  // namespace hearth::gateway
