// For tests: a small random BERT in a temporary folder of the Hugging Face form, and its forward
// pass in plain doubles.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/model.h"
#include "model/safetensors.h"

namespace hearth::model {

// A temporary folder, removed at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ / name; }
  void Write(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::string& path);

struct NamedTensor {
  std::vector<uint64_t> shape;
  std::vector<float> values;
};
using NamedTensors = std::map<std::string, NamedTensor>;

// The bytes of a safetensors file that holds `tensors` as `type` (rounded down where it is a half
// type).
std::string SafeTensorsBytes(const NamedTensors& tensors, StoredType type = StoredType::kF32);

// Sizes that are no round multiples of the kernels' tiles.
struct TinyShape {
  int hidden = 80;
  int layers = 2;
  int heads = 5;
  int intermediate = 112;
  int vocab = 40;
  int positions = 24;
  int types = 2;
};

class TinyModel {
 public:
  explicit TinyModel(uint32_t seed, const TinyShape& shape = {});

  const TempFolder& folder() const { return folder_; }
  const TinyShape& shape() const { return shape_; }
  NamedTensors& tensors() { return tensors_; }
  void WriteWeights(StoredType type = StoredType::kF32) const;
  void WriteModules(std::string_view pooling_mode, bool normalize) const;

  // Packs the folder (hf_folder's rules) and opens the result; a failure ends the test.
  std::shared_ptr<const Model> Pack(kernels::DType dtype, Pooling pooling) const;

  // The token vectors of one text. With `rounded`, of weights rounded to bf16 as the packed file
  // has them.
  std::vector<std::vector<double>> ReferenceTokens(const std::vector<int32_t>& ids,
                                                   const std::vector<int32_t>& type_ids,
                                                   bool rounded) const;

 private:
  TempFolder folder_;
  TinyShape shape_;
  NamedTensors tensors_;
};

std::vector<double> ReferencePool(const std::vector<std::vector<double>>& tokens, Pooling pooling);

double Cosine(const std::vector<double>& a, std::span<const float> b);

}  // namespace hearth::model
