// For tests: a gateway in miniature that plays random traffic and faults on a virtual clock, with
// the real Dispatcher and RetryBudget, and writes its history. What it writes is valid: the checker
// must accept it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pool/history.h"

namespace hearth::pool {

// Same seed and number of steps: same history. Everything ends in order.
std::vector<Event> GenerateHistory(uint64_t seed, int steps);

// What the generator repeats: requests whose words begin with "get-".
HistoryRules GeneratorRules();

}  // namespace hearth::pool
