// An answer that the gateway gives by itself. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::gateway {

struct OwnAnswer {
  int status = 500;
  Code code = Code::kInternal;
  std::string message;
};

// Appends head and body: {"error": …, "error_type": …}; with Retry-After when it is a 503.
// `head_only`: for HEAD. `request_id` may be empty.
void PrintOwnAnswer(const OwnAnswer& answer, std::string_view request_id, bool close,
                    bool head_only, std::string* out);

}  // namespace hearth::gateway
