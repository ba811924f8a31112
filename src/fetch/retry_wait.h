// How long to wait before asking again, and when to give up. Pure: `random` comes from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/result.h"

namespace hearth::fetch {

// A failed try, as far as trying again goes.
struct Failure {
  Error error;
  bool transient = false;                       // worth another try
  std::optional<uint32_t> retry_after_seconds;  // the server's own wish
};

// Failures that may pass: a connection that broke or stalled, 408, 429, 5xx, and (a few times) an
// answer that is not what was asked for. Not: a certificate.
bool IsTransient(const Error& error);

inline constexpr int kTriesMax = 10;        // in a row without a single byte
inline constexpr int kRefusedTriesMax = 3;  // of wrong answers, and of addresses that expired

// The wait before try number `tries` + 1 (`tries` ≥ 1 have failed in a row): 0.2 s, doubled each
// time up to 20 s, of which `random` in [0, 1) takes up to a half away; never less than the server
// asked for. Nothing: give up, as the tries or the time until the deadline do not suffice.
std::optional<std::chrono::milliseconds> WaitBeforeRetry(const Failure& failure, int tries,
                                                         double random,
                                                         std::chrono::milliseconds until_deadline);

}  // namespace hearth::fetch
