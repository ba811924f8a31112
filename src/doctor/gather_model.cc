// The model's weights on this disk, and what a hearth replica would announce for it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "doctor/gather_local.h"
#include "model/encoder.h"
#include "model/hf_folder.h"
#include "model/model.h"
#include "serve/batcher.h"
#include "serve/memory_plan.h"

namespace hearth::doctor {
namespace {

namespace fs = std::filesystem;

// The first kind of which there is a file: folders of the hub often hold the same weights thrice.
constexpr auto kWeights = std::to_array<std::string_view>(
    {".safetensors", ".bin", ".gguf", ".onnx", ".pt", ".pth", ".h5", ".hearth"});

int64_t BytesOf(const fs::path& folder, std::string_view ending, std::error_code* error) {
  int64_t bytes = 0;
  for (fs::directory_iterator file(folder, *error), end; !*error && file != end;
       file.increment(*error)) {
    std::error_code ignored;
    if (file->path().extension() != ending || !file->is_regular_file(ignored)) continue;
    const auto size = file->file_size(ignored);
    if (!ignored) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

int WorkersOf(double cpus) { return std::max(1, static_cast<int>(std::lround(cpus))); }

int64_t Announced(const serve::ModelSizes& sizes, int workers) {
  return serve::PlanMemory(sizes, serve::ServeOptions(), workers, std::nullopt).needed;
}

// As after `hearth pack`: all weights in f32 but the word table are read by every forward.
void AnnounceFolder(const std::string& path, double cpus, ModelFacts* facts) {
  const auto folder = model::ReadHfFolder(path, {});
  if (!folder) {
    facts->problem = folder.error().message;
    return;
  }
  const model::ModelConfig& config = folder->config;
  const int workers = WorkersOf(cpus);
  const int64_t words = int64_t{config.vocab_size} * config.hidden_size * 4;
  const serve::ServeOptions options;
  const serve::ModelSizes sizes{.file = facts->bytes,
                                .encoder = std::max<int64_t>(0, facts->bytes - words),
                                .hidden_size = config.hidden_size,
                                .max_tokens = config.max_tokens,
                                .worker_scratch = static_cast<int64_t>(model::Encoder::ScratchBytes(
                                    config, serve::ForwardTokensMax(options, config.max_tokens),
                                    serve::Batcher::TeamMembers(workers)))};
  facts->announced_bytes = Announced(sizes, workers);
}

void LookAtFile(double cpus, ModelFacts* facts) {
  auto packed = model::Model::Open(facts->path);
  if (!packed) {
    facts->problem = packed.error().message;
    return;
  }
  const int workers = WorkersOf(cpus);
  facts->bytes = static_cast<int64_t>((*packed)->file_bytes());
  facts->announced_bytes =
      Announced(serve::SizesOf(**packed, serve::ServeOptions(), workers), workers);
}

}  // namespace

ModelFacts LookAtModel(const std::string& path, bool hearth_inside, double cpus) {
  ModelFacts facts;
  facts.path = path;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    facts.problem =
        fmt::format("there is no model \"{}\": neither a packed file nor a folder", path);
    return facts;
  }
  if (!fs::is_directory(status)) {
    const auto size = fs::file_size(path, error);
    if (!error) facts.bytes = static_cast<int64_t>(size);
    if (hearth_inside) LookAtFile(cpus, &facts);
    return facts;
  }
  for (const std::string_view ending : kWeights) {
    facts.bytes = BytesOf(path, ending, &error);
    if (facts.bytes > 0 || error) break;
  }
  if (error) {
    facts.problem = fmt::format("cannot read \"{}\": {}", path, error.message());
  } else if (facts.bytes == 0) {
    facts.problem = fmt::format("\"{}\" holds no weights (model.safetensors)", path);
  } else if (hearth_inside) {
    AnnounceFolder(path, cpus, &facts);
  }
  return facts;
}

}  // namespace hearth::doctor
