#include "cli/pack_choices.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "model/pack_format.h"

namespace hearth::cli {
namespace {

constexpr uint64_t kProgressFrom = 1U << 30U;  // smaller files are written in a second
constexpr int kBarWidth = 40;

}  // namespace

void AddPackChoices(CLI::App* command, PackChoices* choices) {
  command
      ->add_option("--dtype", choices->dtype,
                   "element type of the weights: f32 (exact) or bf16 (half the size, cosine to f32 "
                   "at least 0.9999)")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str()
      ->type_name("TYPE");
  command
      ->add_option("--pooling", choices->pooling,
                   "how token vectors become one: mean, cls, max or mean_sqrt_len. Needed when the "
                   "folder has no modules.json")
      ->check(CLI::IsMember({"mean", "cls", "max", "mean_sqrt_len"}))
      ->type_name("HOW");
  command->add_flag_callback(
      "--normalize", [choices] { choices->normalize = true; },
      "vectors of length 1, whatever the folder says");
  command->add_flag_callback(
      "--no-normalize", [choices] { choices->normalize = false; },
      "vectors as they come, whatever the folder says");
  command
      ->add_option("--name", choices->name,
                   "the name that the server reports (default: the folder's name)")
      ->type_name("NAME");
}

Result<model::HfOptions> OptionsOf(const PackChoices& choices) {
  model::HfOptions options;
  options.name = choices.name;
  options.dtype = choices.dtype == "bf16" ? kernels::DType::kBf16 : kernels::DType::kF32;
  options.normalize = choices.normalize;
  if (!choices.pooling.empty()) {
    auto pooling = model::PoolingFromName(choices.pooling);
    if (!pooling) return Fail(Code::kUsage, "{}", pooling.error().message);
    options.pooling = *pooling;
  }
  return options;
}

PackBar::PackBar() : terminal_(::isatty(STDERR_FILENO) == 1) {}

Status PackBar::operator()(uint64_t done, uint64_t total) {
  if (total < kProgressFrom) return {};
  const auto percent = static_cast<int>(done * 100 / total);
  if (percent == shown_ || (!terminal_ && percent / 10 == shown_ / 10)) return {};
  shown_ = percent;
  if (terminal_) {
    const int filled = percent * kBarWidth / 100;
    fmt::print(stderr, "\r[{:=<{}}{:{}}] {:3} % of {:.1f} GB{}", "", filled, "", kBarWidth - filled,
               percent, static_cast<double>(total) / 1e9, percent == 100 ? "\n" : "");
  } else {
    fmt::print(stderr, "hearth: {} % of {:.1f} GB\n", percent, static_cast<double>(total) / 1e9);
  }
  return {};
}

std::string_view DTypeName(kernels::DType dtype) {
  return dtype == kernels::DType::kF32 ? "f32" : "bf16";
}

std::string VectorsText(const model::ModelConfig& config) {
  return fmt::format("{} numbers, {} pooling, {}", config.hidden_size,
                     model::NameOf(config.pooling),
                     config.normalize ? "normalised" : "not normalised");
}

std::string PackedText(const model::PackReport& report, const std::string& path) {
  return fmt::format("packed {} into {}: {:.1f} MB, {} weights, vectors of {}", report.config.name,
                     path, static_cast<double>(report.file_bytes) / 1e6,
                     DTypeName(report.config.dtype), VectorsText(report.config));
}

}  // namespace hearth::cli
