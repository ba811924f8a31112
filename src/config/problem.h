// One thing that is wrong in hearth.toml.
#pragma once

#include <string>

#include "base/result.h"

namespace hearth::config {

struct Problem {
  int line = 0;  // 0: of no line
  std::string message;
  Code code = Code::kInvalidArgument;
};

}  // namespace hearth::config
