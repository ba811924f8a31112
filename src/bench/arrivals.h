// When an open-loop load sends its requests: fixed beforehand, whatever the server does.
//
// A latency is measured from the planned instant, not from when a connection happened to be free;
// so a server that stalls pays for every request that should have been sent meanwhile (no
// coordinated omission). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace hearth::bench {

enum class ArrivalKind { kConstant, kPoisson };

// Offsets from the start, ascending, all below `duration`. `rate` is requests per second, positive.
std::vector<std::chrono::nanoseconds> Arrivals(ArrivalKind kind, double rate,
                                               std::chrono::nanoseconds duration, uint64_t seed);

}  // namespace hearth::bench
