// HfFolder: what a Hugging Face folder of a BERT sentence model says, checked, before any weight is
// read.
//
// The folder is obeyed: modules.json (Transformer, Pooling, Normalize), 1_Pooling/config.json,
// sentence_bert_config.json, config_sentence_transformers.json, config.json, tokenizer.json or
// vocab.txt. What hearth cannot do exactly is refused by name (kUnsupported); a file that is
// missing or says nonsense is kNotFound or kCorrupt. Pure reading, no state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace hearth::model {

// What the command line may say over the folder's head.
struct HfOptions {
  std::string name = {};  // empty: the folder's own
  kernels::DType dtype = kernels::DType::kF32;
  std::optional<Pooling> pooling = {};
  std::optional<bool> normalize = {};
};

struct HfFolder {
  ModelConfig config;
  text::TokenizerConfig tokenizer;
  std::string weights_path;        // model.safetensors
  std::vector<std::string> notes;  // for the user: what was overridden or ignored
};

Result<HfFolder> ReadHfFolder(const std::string& folder, const HfOptions& options);

}  // namespace hearth::model
