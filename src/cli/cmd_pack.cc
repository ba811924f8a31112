// hearth pack: a Hugging Face model folder to one file, and what such a file says.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/json_print.h"
#include "cli/command.h"
#include "model/model.h"
#include "model/pack_format.h"
#include "model/pack_writer.h"

namespace hearth::cli {

namespace {

constexpr uint64_t kProgressFrom = 1U << 30U;  // smaller files are written in a second
constexpr int kBarWidth = 40;

constexpr const char* kDescription =
    "Turn a Hugging Face model folder into one file that `hearth serve` uses in place";
constexpr const char* kFooter = R"(
Examples:
  hearth pack models/all-MiniLM-L6-v2 -o models/all-MiniLM-L6-v2.hearth
  hearth pack --info models/all-MiniLM-L6-v2.hearth
  hearth pack --verify models/all-MiniLM-L6-v2.hearth

The folder is what the hub holds for a sentence-transformers model of the BERT family: config.json,
model.safetensors, tokenizer.json or vocab.txt, modules.json. hearth does what these files say, or
refuses and says why. The file is written under a temporary name and appears whole.)";

struct PackFlags {
  std::string folder;
  std::string out;
  std::string info;
  std::string verify;
  std::string dtype = "f32";
  std::string pooling;
  std::string name;
  std::optional<bool> normalize;
  bool json = false;
};

double Megabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

// A bar that rewrites its line on a terminal, a line every tenth elsewhere; silent for small files.
class Progress {
 public:
  void operator()(uint64_t done, uint64_t total) {
    if (total < kProgressFrom) return;
    const auto percent = static_cast<int>(done * 100 / total);
    if (percent == shown_ || (!terminal_ && percent / 10 == shown_ / 10)) return;
    shown_ = percent;
    if (terminal_) {
      const int filled = percent * kBarWidth / 100;
      fmt::print(stderr, "\r[{:=<{}}{:{}}] {:3} % of {:.1f} GB{}", "", filled, "",
                 kBarWidth - filled, percent, static_cast<double>(total) / 1e9,
                 percent == 100 ? "\n" : "");
    } else {
      fmt::print(stderr, "hearth: {} % of {:.1f} GB\n", percent, static_cast<double>(total) / 1e9);
    }
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  int shown_ = 0;
};

std::string_view DTypeName(kernels::DType dtype) {
  return dtype == kernels::DType::kF32 ? "f32" : "bf16";
}

std::string VectorsText(const model::ModelConfig& config) {
  return fmt::format("{} numbers, {} pooling, {}", config.hidden_size,
                     model::NameOf(config.pooling),
                     config.normalize ? "normalised" : "not normalised");
}

int Write(const PackFlags& flags) {
  model::HfOptions options;
  options.name = flags.name;
  options.dtype = flags.dtype == "bf16" ? kernels::DType::kBf16 : kernels::DType::kF32;
  options.normalize = flags.normalize;
  if (!flags.pooling.empty()) {
    auto pooling = model::PoolingFromName(flags.pooling);
    if (!pooling) return Report({Code::kUsage, pooling.error().message});
    options.pooling = *pooling;
  }
  auto report = model::PackFolder(flags.folder, options, flags.out, Progress());
  if (!report) return Report(report.error());
  for (const std::string& note : report->notes) fmt::print("note: {}\n", note);
  fmt::print("packed {} into {}: {:.1f} MB, {} weights, vectors of {}\n", report->config.name,
             flags.out, Megabytes(report->file_bytes), DTypeName(report->config.dtype),
             VectorsText(report->config));
  return 0;
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

void PrintJson(const model::Model& file) {
  const model::ModelConfig& config = file.config();
  std::string prompts;
  for (const auto& [name, prompt] : config.prompts) {
    prompts += fmt::format("{}{}:{}", prompts.empty() ? "" : ",", Quoted(name), Quoted(prompt));
  }
  fmt::print(
      R"({{"name":{},"architecture":{},"hidden_size":{},"layers":{},"heads":{},"intermediate_size":{},)"
      R"("vocab_size":{},"max_positions":{},"max_tokens":{},"pooling":"{}","normalize":{},"dtype":"{}",)"
      R"("prompts":{{{}}},"default_prompt_name":{},"file_bytes":{},"encoder_bytes":{},"format":{},"sha256":"{}"}})"
      "\n",
      Quoted(config.name), Quoted(config.architecture), config.hidden_size, config.layers,
      config.heads, config.intermediate_size, config.vocab_size, config.max_positions,
      config.max_tokens, model::NameOf(config.pooling), config.normalize, DTypeName(config.dtype),
      prompts, Quoted(config.default_prompt_name), file.file_bytes(), file.encoder_bytes(),
      model::kPackVersion, file.content_sha256());
}

void PrintTable(const model::Model& file) {
  const model::ModelConfig& config = file.config();
  fmt::print("name          {}\n", config.name);
  fmt::print("architecture  {}: {} layers of {}, {} heads, feed-forward {}\n", config.architecture,
             config.layers, config.hidden_size, config.heads, config.intermediate_size);
  fmt::print("vocabulary    {} tokens\n", config.vocab_size);
  fmt::print("longest text  {} tokens (the model has {} positions)\n", config.max_tokens,
             config.max_positions);
  fmt::print("vectors       {}\n", VectorsText(config));
  for (const auto& [name, prompt] : config.prompts) {
    fmt::print("prompt        {}: {}{}\n", name, Quoted(prompt),
               name == config.default_prompt_name ? " (used unless another is asked for)" : "");
  }
  fmt::print("weights       {}\n", DTypeName(config.dtype));
  fmt::print("size          {:.1f} MB, of which {:.1f} MB are read at start\n",
             Megabytes(file.file_bytes()), Megabytes(file.encoder_bytes()));
  fmt::print("format        version {}\n", model::kPackVersion);
  fmt::print("sha256        {}\n", file.content_sha256());
}

int Info(const PackFlags& flags) {
  auto file = model::Model::Open(flags.info);
  if (!file) return Report(file.error());
  if (flags.json) {
    PrintJson(**file);
  } else {
    PrintTable(**file);
  }
  return 0;
}

int Verify(const PackFlags& flags) {
  auto file = model::Model::Open(flags.verify);
  if (!file) return Report(file.error());
  Status sound = (*file)->Verify();
  if (!sound) {
    return Report({sound.error().code, fmt::format("cannot trust model file \"{}\": {}",
                                                   flags.verify, sound.error().message)});
  }
  fmt::print("{} is sound: sha256 {}\n", flags.verify, (*file)->content_sha256());
  return 0;
}

int RunPack(const PackFlags& flags) {
  const bool writes = !flags.folder.empty() || !flags.out.empty();
  const int asked =
      (writes ? 1 : 0) + (flags.info.empty() ? 0 : 1) + (flags.verify.empty() ? 0 : 1);
  if (asked != 1 || (writes && (flags.folder.empty() || flags.out.empty()))) {
    return Report({Code::kUsage,
                   "pack needs either FOLDER and -o FILE, or --info FILE, or --verify FILE; see "
                   "`hearth pack --help`"});
  }
  if (!flags.info.empty()) return Info(flags);
  if (!flags.verify.empty()) return Verify(flags);
  return Write(flags);
}

}  // namespace

void AddPackCommand(CLI::App& app, Run* run) {
  auto flags = std::make_shared<PackFlags>();
  CLI::App* pack = app.add_subcommand("pack", kDescription);
  pack->footer(kFooter);
  pack->add_option("FOLDER", flags->folder, "the model folder");
  pack->add_option("-o,--output", flags->out, "the file to write")->type_name("FILE");
  pack->add_option("--dtype", flags->dtype,
                   "element type of the weights: f32 (exact) or bf16 (half the size, cosine to f32 "
                   "at least 0.9999)")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str()
      ->type_name("TYPE");
  pack->add_option("--pooling", flags->pooling,
                   "how token vectors become one: mean, cls, max or mean_sqrt_len. Needed when the "
                   "folder has no modules.json")
      ->check(CLI::IsMember({"mean", "cls", "max", "mean_sqrt_len"}))
      ->type_name("HOW");
  pack->add_flag_callback(
      "--normalize", [flags] { flags->normalize = true; },
      "vectors of length 1, whatever the folder says");
  pack->add_flag_callback(
      "--no-normalize", [flags] { flags->normalize = false; },
      "vectors as they come, whatever the folder says");
  pack->add_option("--name", flags->name,
                   "the name that the server reports (default: the folder's name)")
      ->type_name("NAME");
  auto* info = pack->add_option("--info", flags->info, "print what a packed file holds");
  info->type_name("FILE");
  pack->add_flag("--json", flags->json, "with --info: one JSON object")->needs(info);
  pack->add_option("--verify", flags->verify, "check every byte of a packed file by its SHA-256")
      ->type_name("FILE");
  pack->callback([flags, run] { *run = [flags] { return RunPack(*flags); }; });
}

}  // namespace hearth::cli
