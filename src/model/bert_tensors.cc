#include "model/bert_tensors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace hearth::model {

namespace {

constexpr std::string_view kPrefix = "bert.";  // of a checkpoint saved with its pre-training head

bool IsKnownUnused(std::string_view name) {
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  return name.starts_with("pooler.") || name.starts_with("cls.") ||
         name == "embeddings.position_ids" || name == "embeddings.token_type_ids";
}

// Looks tensors up by name, remembers which were used, and keeps the first failure.
class Binder {
 public:
  explicit Binder(const SafeTensors& file)
      : file_(file),
        prefix_(file.Find("bert.embeddings.word_embeddings.weight") != nullptr ? kPrefix : "") {}

  const Tensor* Take(const std::string& name, std::vector<uint64_t> shape) {
    const std::string full = prefix_ + name;
    const Tensor* tensor = file_.Find(full);
    if (tensor == nullptr) {
      Note(Code::kCorrupt,
           fmt::format("the tensor \"{}\" of shape {} is missing", full, ShapeText(shape)));
      return nullptr;
    }
    if (tensor->shape != shape) {
      Note(Code::kCorrupt, fmt::format("the tensor \"{}\" has the shape {}, config.json says {}",
                                       full, ShapeText(tensor->shape), ShapeText(shape)));
    } else if (tensor->type == StoredType::kOther) {
      Note(Code::kUnsupported,
           fmt::format("the tensor \"{}\" has the element type {}; hearth reads F32, F16 and BF16",
                       full, tensor->type_name));
    }
    used_.insert(full);
    return tensor;
  }

  // What nobody took: known, or an error.
  std::vector<std::string> Rest() {
    std::vector<std::string> skipped;
    for (const auto& [name, tensor] : file_.tensors()) {
      if (used_.contains(name)) continue;
      if (IsKnownUnused(name)) {
        skipped.push_back(name);
      } else {
        Note(Code::kUnsupported,
             fmt::format("the tensor \"{:.100}\" of shape {} is none that a BERT encoder has", name,
                         ShapeText(tensor.shape)));
      }
    }
    return skipped;
  }

  const Status& status() const { return status_; }

 private:
  void Note(Code code, std::string message) {
    if (status_) status_ = Fail(code, std::move(message));
  }

  const SafeTensors& file_;
  std::string prefix_;
  std::set<std::string, std::less<>> used_;
  Status status_;
};

void BindLayer(int layer, const ModelConfig& config, Binder* binder, std::vector<PackSource>* out) {
  const auto hidden = static_cast<uint64_t>(config.hidden_size);
  const auto inner = static_cast<uint64_t>(config.intermediate_size);
  const int32_t head_size = config.hidden_size / config.heads;
  const float query_scale = 1.0F / std::sqrt(static_cast<float>(head_size));
  const auto take = [&](std::string_view name, std::vector<uint64_t> shape) {
    return binder->Take(fmt::format("encoder.layer.{}.{}", layer, name), std::move(shape));
  };
  const auto one = [&](std::string_view name, std::vector<uint64_t> shape) {
    out->push_back({.parts = {take(name, std::move(shape))}});
  };
  constexpr std::array<std::string_view, 3> kParts = {"query", "key", "value"};
  PackSource weight{.parts = {}, .scale_of_first = query_scale};
  PackSource bias{.parts = {}, .scale_of_first = query_scale};
  for (const std::string_view part : kParts) {
    weight.parts.push_back(take(fmt::format("attention.self.{}.weight", part), {hidden, hidden}));
    bias.parts.push_back(take(fmt::format("attention.self.{}.bias", part), {hidden}));
  }
  out->push_back(std::move(weight));
  out->push_back(std::move(bias));
  one("attention.output.dense.weight", {hidden, hidden});
  one("attention.output.dense.bias", {hidden});
  one("attention.output.LayerNorm.weight", {hidden});
  one("attention.output.LayerNorm.bias", {hidden});
  one("intermediate.dense.weight", {inner, hidden});
  one("intermediate.dense.bias", {inner});
  one("output.dense.weight", {hidden, inner});
  one("output.dense.bias", {hidden});
  one("output.LayerNorm.weight", {hidden});
  one("output.LayerNorm.bias", {hidden});
}

}  // namespace

Result<BertTensors> BindBertTensors(const SafeTensors& file, const ModelConfig& config) {
  Binder binder(file);
  BertTensors out;
  const auto hidden = static_cast<uint64_t>(config.hidden_size);
  const auto embedding = [&](std::string_view name, std::vector<uint64_t> shape) {
    out.sources.push_back(
        {.parts = {binder.Take(fmt::format("embeddings.{}", name), std::move(shape))}});
  };
  embedding("word_embeddings.weight", {static_cast<uint64_t>(config.vocab_size), hidden});
  embedding("position_embeddings.weight", {static_cast<uint64_t>(config.max_positions), hidden});
  embedding("token_type_embeddings.weight",
            {static_cast<uint64_t>(config.type_vocab_size), hidden});
  embedding("LayerNorm.weight", {hidden});
  embedding("LayerNorm.bias", {hidden});
  for (int layer = 0; layer < config.layers; ++layer) {
    BindLayer(layer, config, &binder, &out.sources);
  }
  out.skipped = binder.Rest();
  if (!binder.status()) return tl::unexpected<Error>(binder.status().error());
  return out;
}

}  // namespace hearth::model
