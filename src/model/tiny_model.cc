#include "model/tiny_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "model/pack_format.h"
#include "model/pack_writer.h"

namespace hearth::model {

namespace {

uint16_t RoundToBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rest = bits & 0xFFFFU;
  bits >>= 16U;
  if (rest > 0x8000U || (rest == 0x8000U && (bits & 1U) != 0)) ++bits;
  return static_cast<uint16_t>(bits);
}

double Bf16(double value) {
  return static_cast<double>(
      std::bit_cast<float>(static_cast<uint32_t>(RoundToBf16(static_cast<float>(value))) << 16U));
}

using Row = std::vector<double>;
using Rows = std::vector<Row>;

// The forward pass as the papers write it: no packing, no panels, no blocks.
class Reference {
 public:
  Reference(const NamedTensors& tensors, const TinyShape& shape, bool rounded)
      : tensors_(tensors), shape_(shape), rounded_(rounded) {}

  Rows Tokens(const std::vector<int32_t>& ids, const std::vector<int32_t>& type_ids) const {
    Rows x;
    for (size_t i = 0; i < ids.size(); ++i) {
      Row row = Weight("embeddings.word_embeddings.weight", static_cast<size_t>(ids[i]));
      const Row position = Weight("embeddings.position_embeddings.weight", i);
      const Row type =
          Weight("embeddings.token_type_embeddings.weight", static_cast<size_t>(type_ids[i]));
      for (size_t d = 0; d < row.size(); ++d) row[d] += position[d] + type[d];
      x.push_back(std::move(row));
    }
    LayerNorm("embeddings.LayerNorm", &x);
    for (int layer = 0; layer < shape_.layers; ++layer) {
      Layer(fmt::format("encoder.layer.{}.", layer), &x);
    }
    return x;
  }

 private:
  double HeadSize() const {
    const int size = shape_.hidden / shape_.heads;
    return size;
  }

  // One row of a matrix, or the whole of a vector; as the packed file has it if `rounded`.
  Row Raw(const std::string& name, size_t row = 0) const {
    const NamedTensor& tensor = tensors_.at(name);
    const auto width = static_cast<ptrdiff_t>(tensor.shape.back());
    const auto begin = tensor.values.begin() + static_cast<ptrdiff_t>(row) * width;
    return {begin, begin + width};
  }
  Row Weight(const std::string& name, size_t row) const {
    Row out = Raw(name, row);
    if (!rounded_) return out;
    // The packed file rounds Q after folding 1/√head_size into it.
    const double scale = name.find("query") == std::string::npos ? 1 : 1 / std::sqrt(HeadSize());
    for (double& v : out) v = Bf16(v * scale) / scale;
    return out;
  }

  void LayerNorm(const std::string& name, Rows* x) const {
    const Row gamma = Raw(name + ".weight");
    const Row beta = Raw(name + ".bias");
    for (Row& row : *x) {
      const auto n = static_cast<double>(row.size());
      double mean = 0;
      double variance = 0;
      for (const double v : row) mean += v / n;
      for (const double v : row) variance += (v - mean) * (v - mean) / n;
      for (size_t d = 0; d < row.size(); ++d) {
        row[d] = (row[d] - mean) / std::sqrt(variance + 1e-12) * gamma[d] + beta[d];
      }
    }
  }

  Rows Dense(const std::string& name, const Rows& x) const {
    const Row bias = Raw(name + ".bias");
    Rows out(x.size(), bias);
    for (size_t j = 0; j < bias.size(); ++j) {
      const Row w = Weight(name + ".weight", j);
      for (size_t i = 0; i < x.size(); ++i) {
        for (size_t k = 0; k < w.size(); ++k) out[i][j] += x[i][k] * w[k];
      }
    }
    return out;
  }

  Rows Attention(const std::string& layer, const Rows& x) const {
    const Rows q = Dense(layer + "attention.self.query", x);
    const Rows k = Dense(layer + "attention.self.key", x);
    const Rows v = Dense(layer + "attention.self.value", x);
    const auto size = static_cast<size_t>(shape_.hidden / shape_.heads);
    Rows out(x.size(), Row(x[0].size()));
    for (size_t first = 0; first < x[0].size(); first += size) {
      for (size_t i = 0; i < x.size(); ++i) {
        Row weight(x.size());
        double sum = 0;
        for (size_t j = 0; j < x.size(); ++j) {
          double score = 0;
          for (size_t d = first; d < first + size; ++d) score += q[i][d] * k[j][d];
          weight[j] = std::exp(score / std::sqrt(static_cast<double>(size)));
          sum += weight[j];
        }
        for (size_t j = 0; j < x.size(); ++j) {
          for (size_t d = first; d < first + size; ++d) out[i][d] += weight[j] / sum * v[j][d];
        }
      }
    }
    return out;
  }

  static void Add(const Rows& from, Rows* to) {
    for (size_t i = 0; i < from.size(); ++i) {
      for (size_t d = 0; d < from[i].size(); ++d) (*to)[i][d] += from[i][d];
    }
  }

  void Layer(const std::string& layer, Rows* x) const {
    Add(Dense(layer + "attention.output.dense", Attention(layer, *x)), x);
    LayerNorm(layer + "attention.output.LayerNorm", x);
    Rows inner = Dense(layer + "intermediate.dense", *x);
    for (Row& row : inner) {
      for (double& v : row) v = v * 0.5 * std::erfc(-v / std::sqrt(2.0));
    }
    Add(Dense(layer + "output.dense", inner), x);
    LayerNorm(layer + "output.LayerNorm", x);
  }

  const NamedTensors& tensors_;
  const TinyShape& shape_;
  bool rounded_;
};

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "hearth_model_XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

void TempFolder::Write(const std::string& name, std::string_view content) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << content;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(out).str();
}

std::string SafeTensorsBytes(const NamedTensors& tensors, StoredType type) {
  constexpr const char* kNames[] = {"F32", "F16", "BF16"};
  std::string header = "{\"__metadata__\":{\"format\":\"pt\"}";
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const size_t begin = data.size();
    for (const float value : tensor.values) {
      const auto half = type == StoredType::kF16
                            ? std::bit_cast<uint16_t>(static_cast<_Float16>(value))
                            : RoundToBf16(value);
      if (type == StoredType::kF32) {
        data.append(reinterpret_cast<const char*>(&value), 4);
      } else {
        data.append(reinterpret_cast<const char*>(&half), 2);
      }
    }
    header += fmt::format(R"(,"{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", name,
                          kNames[static_cast<size_t>(type)], fmt::join(tensor.shape, ","), begin,
                          data.size());
  }
  header += "}";
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

TinyModel::TinyModel(uint32_t seed, const TinyShape& shape) : shape_(shape) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.3F);
  const auto add = [&](const std::string& name, const std::vector<int>& extents) {
    NamedTensor tensor;
    size_t count = 1;
    for (const int extent : extents) {
      tensor.shape.push_back(static_cast<uint64_t>(extent));
      count *= static_cast<size_t>(extent);
    }
    const float centre = name.ends_with("LayerNorm.weight") ? 1.0F : 0.0F;
    for (size_t i = 0; i < count; ++i) tensor.values.push_back(centre + normal(random));
    tensors_[name] = std::move(tensor);
  };
  const int h = shape.hidden;
  add("embeddings.word_embeddings.weight", {shape.vocab, h});
  add("embeddings.position_embeddings.weight", {shape.positions, h});
  add("embeddings.token_type_embeddings.weight", {shape.types, h});
  add("embeddings.LayerNorm.weight", {h});
  add("embeddings.LayerNorm.bias", {h});
  for (int i = 0; i < shape.layers; ++i) {
    const std::string layer = fmt::format("encoder.layer.{}.", i);
    const auto dense = [&](const std::string& name, int out, int in) {
      add(layer + name + ".weight", {out, in});
      add(layer + name + ".bias", {out});
    };
    const auto norm = [&](const std::string& name) {
      add(layer + name + ".weight", {h});
      add(layer + name + ".bias", {h});
    };
    for (const char* part : {"query", "key", "value"}) {
      dense(fmt::format("attention.self.{}", part), h, h);
    }
    dense("attention.output.dense", h, h);
    norm("attention.output.LayerNorm");
    dense("intermediate.dense", shape.intermediate, h);
    dense("output.dense", h, shape.intermediate);
    norm("output.LayerNorm");
  }
  add("pooler.dense.weight", {h, h});

  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (int i = 5; i < shape.vocab; ++i) vocabulary += fmt::format("w{}\n", i);
  folder_.Write("vocab.txt", vocabulary);
  folder_.Write("config.json",
                fmt::format(R"({{"model_type":"bert","hidden_act":"gelu","hidden_size":{},)"
                            R"("num_hidden_layers":{},"num_attention_heads":{},)"
                            R"("intermediate_size":{},"vocab_size":{},)"
                            R"("max_position_embeddings":{},"type_vocab_size":{},)"
                            R"("layer_norm_eps":1e-12}})",
                            h, shape.layers, shape.heads, shape.intermediate, shape.vocab,
                            shape.positions, shape.types));
  WriteModules("mean_tokens", true);
  WriteWeights();
}

void TinyModel::WriteWeights(StoredType type) const {
  folder_.Write("model.safetensors", SafeTensorsBytes(tensors_, type));
}

void TinyModel::WriteModules(std::string_view pooling_mode, bool normalize) const {
  folder_.Write(
      "modules.json",
      fmt::format(
          R"([{{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"}},)"
          R"({{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}}{}])",
          normalize ? R"(,{"idx":2,"name":"2","path":"2_Normalize",)"
                      R"("type":"sentence_transformers.models.Normalize"})"
                    : ""));
  folder_.Write("1_Pooling/config.json",
                fmt::format(R"({{"word_embedding_dimension":{},"pooling_mode_{}":true}})",
                            shape_.hidden, pooling_mode));
}

std::shared_ptr<const Model> TinyModel::Pack(kernels::DType dtype, Pooling pooling) const {
  const std::string path = folder_ / "packed.hearth";
  const auto report = PackFolder(
      folder_.path(), {.name = "", .dtype = dtype, .pooling = pooling, .normalize = {}}, path, {});
  if (!report) {
    ADD_FAILURE() << report.error().message;
    std::abort();
  }
  auto model = Model::Open(path);
  if (!model) {
    ADD_FAILURE() << model.error().message;
    std::abort();
  }
  return *model;
}

std::vector<std::vector<double>> TinyModel::ReferenceTokens(const std::vector<int32_t>& ids,
                                                            const std::vector<int32_t>& type_ids,
                                                            bool rounded) const {
  return Reference(tensors_, shape_, rounded).Tokens(ids, type_ids);
}

std::vector<double> ReferencePool(const std::vector<std::vector<double>>& tokens, Pooling pooling) {
  Row out = tokens[0];
  if (pooling == Pooling::kCls) return out;
  for (size_t i = 1; i < tokens.size(); ++i) {
    for (size_t d = 0; d < out.size(); ++d) {
      out[d] = pooling == Pooling::kMax ? std::max(out[d], tokens[i][d]) : out[d] + tokens[i][d];
    }
  }
  const auto n = static_cast<double>(tokens.size());
  for (double& v : out) {
    if (pooling == Pooling::kMean) v /= n;
    if (pooling == Pooling::kMeanSqrtLen) v /= std::sqrt(n);
  }
  return out;
}

double Cosine(const std::vector<double>& a, std::span<const float> b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto y = static_cast<double>(b[i]);
    ab += a[i] * y;
    aa += a[i] * a[i];
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace hearth::model
