// Model: one packed file, open. Configuration, tokenizer and weights, all used in place from the
// mapping.
//
// Immutable and shared (`shared_ptr<const Model>`); any thread may read. Nothing is copied at Open:
// a second replica on the machine shares every page of the weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "kernels/kernels.h"
#include "text/tokenizer.h"

namespace hearth::model {

enum class Pooling : uint32_t { kMean = 0, kCls = 1, kMax = 2, kMeanSqrtLen = 3 };

struct ModelConfig {
  std::string name;  // e.g. "sentence-transformers/all-MiniLM-L6-v2"; what /info and the OpenAI
                     // route report
  std::string architecture;  // "bert"
  int32_t hidden_size = 0;   // a multiple of 16
  int32_t layers = 0;
  int32_t heads = 0;
  int32_t intermediate_size = 0;  // a multiple of 16
  int32_t vocab_size = 0;
  int32_t max_positions = 0;
  int32_t type_vocab_size = 0;
  float layer_norm_epsilon = 0;
  int32_t max_tokens = 0;  // min(max_seq_length of sentence_bert_config.json, max_positions)
  Pooling pooling = Pooling::kMean;
  bool normalize = true;
  kernels::DType dtype = kernels::DType::kF32;
  std::map<std::string, std::string> prompts;
  std::string default_prompt_name;  // empty: none
};

struct LayerWeights {
  kernels::Panels qkv;  // [hidden][3·hidden], 1/√head_size folded into Q
  const float* qkv_bias = nullptr;
  kernels::Panels attention_out;  // [hidden][hidden]
  const float* attention_out_bias = nullptr;
  const float* attention_norm_gamma = nullptr;
  const float* attention_norm_beta = nullptr;
  kernels::Panels ffn_in;  // [hidden][intermediate]
  const float* ffn_in_bias = nullptr;
  kernels::Panels ffn_out;  // [intermediate][hidden]
  const float* ffn_out_bias = nullptr;
  const float* ffn_norm_gamma = nullptr;
  const float* ffn_norm_beta = nullptr;
};

// Pointers into the mapping. The three embedding tables are row-major in the model's dtype; vectors
// are f32.
struct EncoderWeights {
  const std::byte* word = nullptr;
  const std::byte* position = nullptr;
  const std::byte* type = nullptr;
  const float* embedding_norm_gamma = nullptr;
  const float* embedding_norm_beta = nullptr;
  std::vector<LayerWeights> layers;
};

class Model {
 public:
  // Maps and checks `path`: length, magic, version, endianness, header checksum, every offset.
  // Costs microseconds; reads no weight. kCorrupt for a damaged, truncated or foreign file, saying
  // which and what to do.
  static Result<std::shared_ptr<const Model>> Open(const std::string& path);

  // Reads the encoder's range (all but the word table) into memory; after it a forward takes no
  // page fault on weights. `on_progress`: as of MappedFile::Populate, of encoder_bytes().
  Status MakeResident(const std::function<void(size_t bytes)>& on_progress = nullptr) const;

  // Hashes the whole content (SHA-256) and compares it with the header's. Reads every byte.
  Status Verify() const;

  const ModelConfig& config() const { return config_; }
  const text::Tokenizer& tokenizer() const { return tokenizer_; }
  const EncoderWeights& weights() const { return weights_; }
  size_t file_bytes() const { return file_.bytes().size(); }
  size_t encoder_bytes() const { return encoder_length_; }
  const std::string& content_sha256() const { return content_sha256_; }  // hex

 private:
  Model(MappedFile file, text::Tokenizer tokenizer)
      : file_(std::move(file)), tokenizer_(tokenizer) {}
  friend class PackReader;

  MappedFile file_;
  text::Tokenizer tokenizer_;
  ModelConfig config_;
  EncoderWeights weights_;
  size_t encoder_offset_ = 0;
  size_t encoder_length_ = 0;
  std::string content_sha256_;
};

}  // namespace hearth::model
