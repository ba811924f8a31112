// hearth pack: a Hugging Face model folder to one file, and what such a file says.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/json_print.h"
#include "cli/command.h"
#include "cli/pack_choices.h"
#include "model/model.h"
#include "model/pack_format.h"
#include "model/pack_writer.h"

namespace hearth::cli {

namespace {

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
  PackChoices choices;
  bool json = false;
};

double Megabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

int Write(const PackFlags& flags) {
  auto options = OptionsOf(flags.choices);
  if (!options) return Report(options.error());
  auto report = model::PackFolder(flags.folder, *options, flags.out, PackBar());
  if (!report) return Report(report.error());
  for (const std::string& note : report->notes) fmt::print("note: {}\n", note);
  fmt::print("{}\n", PackedText(*report, flags.out));
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
  AddPackChoices(pack, &flags->choices);
  auto* info = pack->add_option("--info", flags->info, "print what a packed file holds");
  info->type_name("FILE");
  pack->add_flag("--json", flags->json, "with --info: one JSON object")->needs(info);
  pack->add_option("--verify", flags->verify, "check every byte of a packed file by its SHA-256")
      ->type_name("FILE");
  pack->callback([flags, run] { *run = [flags] { return RunPack(*flags); }; });
}

}  // namespace hearth::cli
