// What `hearth pack` and `hearth pull --pack` have in common: how a folder is packed, and what is
// said of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/hf_folder.h"
#include "model/pack_writer.h"

namespace CLI {
class App;
}

namespace hearth::cli {

struct PackChoices {
  std::string dtype = "f32";
  std::string pooling;
  std::string name;
  std::optional<bool> normalize;
};

// --dtype, --pooling, --normalize, --no-normalize, --name. `choices` outlives the parsing.
void AddPackChoices(CLI::App* command, PackChoices* choices);

// kUsage.
Result<model::HfOptions> OptionsOf(const PackChoices& choices);

// A bar that rewrites its line on a terminal, a line every tenth elsewhere; silent for small files.
class PackBar {
 public:
  PackBar();
  Status operator()(uint64_t done, uint64_t total);

 private:
  bool terminal_;
  int shown_ = 0;
};

std::string_view DTypeName(kernels::DType dtype);
std::string VectorsText(const model::ModelConfig& config);
// "packed NAME into FILE: 91.0 MB, f32 weights, vectors of …"
std::string PackedText(const model::PackReport& report, const std::string& path);

}  // namespace hearth::cli
