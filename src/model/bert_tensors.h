// BertTensors: which tensors of a safetensors file fill which tensor of the packed file.
//
// Binding checks that every tensor is there once, of the right shape and a readable type, and that
// no unknown one is left over: a file that binds has exactly the weights of its config.json.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/model.h"
#include "model/safetensors.h"

namespace hearth::model {

// The parts of one packed tensor, one after the other along its columns. PyTorch keeps a matrix as
// [out][in]: part.shape is [columns of this part][rows].
struct PackSource {
  std::vector<const Tensor*> parts;
  float scale_of_first = 1;  // 1/√head_size for Q
};

struct BertTensors {
  std::vector<PackSource> sources;  // in the order of PlanTensors
  std::vector<std::string>
      skipped;  // known and not needed: the pooler, heads of pre-training, position_ids
};

// kCorrupt or kUnsupported, naming the tensor, its found and its expected shape. `file` must
// outlive the result.
Result<BertTensors> BindBertTensors(const SafeTensors& file, const ModelConfig& config);

}  // namespace hearth::model
