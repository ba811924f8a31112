// Work: one request as the batcher sees it, and what it becomes there.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "serve/batch_policy.h"
#include "serve/metrics.h"
#include "text/tokenizer.h"

namespace hearth::serve {

// A request's texts once they are tokens, and room for their vectors.
struct PreparedTexts {
  std::vector<int32_t> ids;      // of all texts, one after the other
  std::vector<int32_t> lengths;  // in tokens, each ≥ 1
  std::vector<float> vectors;    // [lengths.size()][vector_size]: the batcher makes and fills it
};

// One request. Every call but wanted() comes from a worker thread, one at a time; exactly one of
// Finish and Fail ends it, or neither when it is dropped because nobody wants it.
class Work {
 public:
  virtual ~Work() = default;
  virtual Clock::time_point deadline() const = 0;
  virtual bool wanted() const = 0;
  // Parses and tokenises into `texts` (at least one). `scratch` is the worker's, to reuse.
  virtual Status Prepare(text::Encoding* scratch, PreparedTexts* texts) = 0;
  virtual void Finish(PreparedTexts& texts, const StageTimes& times) = 0;
  virtual void Fail(const Error& error) = 0;
};

}  // namespace hearth::serve
