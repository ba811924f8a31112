// Runs a program to its end and keeps what it writes. No shell.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace hearth::aws {

struct ProcessLimits {
  std::chrono::milliseconds time{60'000};
  size_t out_bytes_max = size_t{1} << 20U;
  size_t error_bytes_max = size_t{64} * 1024;  // of stderr the first so many are kept
};

struct ProcessEnd {
  int exit_code = 0;  // 128 + its number for a signal
  std::string out;
  std::string error;
};

// `words[0]` is looked for in PATH; stdin is empty; the environment is this process's. It runs in a
// process group of its own, all of which is killed when a limit is hit. Any exit code is an end.
// kNotFound (no such program), kIo, kDeadlineExceeded, kTooLarge; messages name words[0] and
// nothing that it wrote.
Result<ProcessEnd> RunProcess(const std::vector<std::string>& words,
                              const ProcessLimits& limits = {});

}  // namespace hearth::aws
