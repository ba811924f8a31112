// What a replica may need in memory, at the limits it is given: the most that any load can make of
// it. Pure: values in, bytes out. docs/memory.md has the table and how to choose a size.
//
// `needed` is what the container must have. Weights lie in the page cache: the kernel can drop
// them, but every forward reads all of them, so a container without room for them reads from disk
// all the time. All else cannot be reclaimed: without room for it the kernel kills the process.
//
// memory_plan.cc says of each constant whether it is measured or an upper estimate; an overload in
// a real container (tests/image/memory_test.py) holds the sum true.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/options.h"

namespace hearth::model {
class Model;
}

namespace hearth::serve {

// Of a packed model, in bytes unless said.
struct ModelSizes {
  int64_t file = 0;
  int64_t encoder = 0;  // all weights but the word table
  int32_t hidden_size = 0;
  int32_t max_tokens = 0;
  int64_t worker_scratch = 0;  // of one encoder, for the options that the sizes were asked with
};

struct MemoryItem {
  std::string_view name;  // snake_case, stable
  std::string_view what;  // in words
  int64_t bytes = 0;
  bool reclaimable = false;
};

struct MemoryPlan {
  std::vector<MemoryItem> items;
  int64_t needed = 0;
  int64_t unreclaimable = 0;
  std::optional<int64_t> limit;  // of the container; absent: none
};

// The most tokens that one forward may get: a text goes in whole, however long.
int ForwardTokensMax(const ServeOptions& options, int32_t model_max_tokens);

ModelSizes SizesOf(const model::Model& model, const ServeOptions& options, int workers);

// `workers` ≥ 1; `limit` in bytes.
MemoryPlan PlanMemory(const ModelSizes& model, const ServeOptions& options, int workers,
                      std::optional<int64_t> limit);

// kUnsupported, with both figures, the three largest items and the flags that lower them, when the
// plan exceeds its limit.
Status CheckFits(const MemoryPlan& plan);

}  // namespace hearth::serve
