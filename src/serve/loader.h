// From a packed file to a model that has answered once: what happens between listening and ready.
// Runs on its own thread.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "model/encoder.h"
#include "model/model.h"
#include "serve/lifecycle.h"
#include "serve/options.h"
#include "serve/start_times.h"

namespace hearth::serve {

struct LoadedModel {
  std::shared_ptr<const model::Model> model;
  std::vector<std::unique_ptr<model::Encoder>> encoders;  // one per worker
  int32_t max_tokens = 0;                                 // of one text
  kernels::Isa isa = kernels::Isa::kScalar;
  StartTimes times;  // of the phases here; the rest is the caller's
};

// The steps are told to `lifecycle` as they begin. `workers` ≥ 1.
Result<LoadedModel> Load(const ServeOptions& options, int workers, Lifecycle* lifecycle);

}  // namespace hearth::serve
