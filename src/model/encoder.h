// Encoder: the forward pass of BERT on packed texts (no padding anywhere), and pooling.
//
// One per worker thread, not thread-safe; owns its scratch memory, allocated once at construction
// (ScratchBytes says how much beforehand). The Model is shared and must not change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/team.h"
#include "kernels/kernels.h"
#include "model/model.h"

namespace hearth::model {

// Texts one after the other: ids and type ids of all, and each text's length in tokens (≥ 1). Not
// owned.
struct PackedTexts {
  std::span<const int32_t> ids;
  std::span<const int32_t> type_ids;
  std::span<const int32_t> lengths;
};

class Encoder {
 public:
  // `tokens_max`: the most tokens (all texts together) one Forward may get. `members_max`: the most
  // threads of a Team.
  Encoder(std::shared_ptr<const Model> model, const kernels::Kernels& kernels, int tokens_max,
          int members_max);
  ~Encoder();

  static size_t ScratchBytes(const ModelConfig& config, int tokens_max, int members_max);

  // Writes one pooled vector per text to `out` ([lengths.size()][hidden], f32, as pooled: not
  // normalised; see Normalize). ids are < vocab_size and lengths ≤ config.max_positions: the caller
  // (the tokenizer, or the check of client ids) saw to it. `team` may be null.
  void Forward(const PackedTexts& texts, std::span<float> out, Team* team);

  int tokens_max() const;

 private:
  struct Scratch;
  class Pass;
  std::shared_ptr<const Model> model_;
  const kernels::Kernels& kernels_;
  std::unique_ptr<Scratch> scratch_;
};

// Divides by the L2 norm (at least 1e-12, as torch.nn.functional.normalize).
void Normalize(std::span<float> vector);

}  // namespace hearth::model
