// Which waiting texts make the next forward. Pure: values in, decision out.
//
// Requests wait in the order in which they came; each has its own texts in order. Every text falls
// due some time after its request came: a millisecond for each token of the request up to its own
// end. What is due first is computed first. So a short request overtakes a long text or a big batch
// that came shortly before it, a big batch is paced and never holds the others up, and what has
// waited long enough is overtaken by nobody.
//
// A batch is filled in that order with whole texts up to the token budget; a text that does not fit
// is passed over for this batch (and what follows it in its request), and smaller ones behind it
// still get in. The first text goes in whatever its length.
//
// Packing many tokens into one forward gains nothing (measured: a token costs the same at 32, 64,
// 128, 256 and 512 tokens a forward), and everything else waits meanwhile: hence a budget per
// forward (--forward-tokens) well below a batch in TEI's sense (--max-batch-tokens).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hearth::serve {

using Clock = std::chrono::steady_clock;

// A request as the policy sees it.
struct WaitingRequest {
  std::span<const int32_t> text_tokens;  // of its texts that still wait, in order
  Clock::time_point came;
  int64_t tokens_taken = 0;  // of its texts that no longer wait
  Clock::time_point deadline;
  bool wanted = true;  // its client is still there
};

// When the first of its texts that wait falls due.
Clock::time_point DueTime(const WaitingRequest& request);

struct Pick {
  size_t request = 0;  // index into what was waiting
  size_t texts = 0;    // how many of its texts, from the first
  bool operator==(const Pick&) const = default;
};

struct BatchPlan {
  std::vector<Pick> picks;
  std::vector<size_t> expired;   // past their deadline: answer 504
  std::vector<size_t> unwanted;  // their client is gone: drop
  int64_t tokens = 0;            // of the picks together
};

// `waiting`: by age, oldest first.
BatchPlan PlanBatch(std::span<const WaitingRequest> waiting, int64_t token_budget,
                    Clock::time_point now);

// The budget of one forward when `tokens_waiting` wait and `workers_free` (this one counted) could
// compute: an equal share, so that all end together, but not below `tokens_least` (small forwards
// waste the machine) nor above `tokens_most`.
int64_t ForwardBudget(int64_t tokens_waiting, int workers_free, int64_t tokens_least,
                      int64_t tokens_most);

// Whether `texts` more, `tokens` long together, may join a queue.
bool QueueHasRoom(int64_t texts_waiting, int64_t tokens_waiting, int64_t texts, int64_t tokens,
                  int64_t texts_max, int64_t tokens_max);

}  // namespace hearth::serve
