// From a packed file to a model that has answered once: what happens between listening and ready.
// Runs on its own thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "model/encoder.h"
#include "model/model.h"
#include "serve/lifecycle.h"
#include "serve/memory_plan.h"
#include "serve/options.h"
#include "serve/start_times.h"

namespace hearth::serve {

struct LoadedModel {
  std::shared_ptr<const model::Model> model;
  std::vector<std::unique_ptr<model::Encoder>> encoders;  // one per worker
  int32_t max_tokens = 0;                                 // of one text
  kernels::Isa isa = kernels::Isa::kScalar;
  MemoryPlan memory;
  StartTimes times;  // of the phases here; the rest is the caller's
};

// The steps are told to `lifecycle` as they begin, and how far reading is; once a second to `log`
// too. `workers` ≥ 1. kUnsupported, before a weight is read, when the plan (memory_plan.h) does not
// fit `memory_limit` and options.force is not set.
Result<LoadedModel> Load(const ServeOptions& options, int workers,
                         std::optional<int64_t> memory_limit, const Log& log, Lifecycle* lifecycle);

}  // namespace hearth::serve
