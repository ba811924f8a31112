#include "model/hf_folder.h"

#include <dirent.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "model/hf_tokenizer.h"
#include "model/json_file.h"
#include "model/pack_format.h"

namespace hearth::model {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 1> kArchitectures = {"bert"};

// What happens to the token vectors: as modules.json says, or the command line in its place.
struct Head {
  Pooling pooling = Pooling::kMean;
  bool normalize = false;
};

Status CheckFolder(const std::string& folder) {
  DIR* open = ::opendir(folder.c_str());
  if (open != nullptr) {
    ::closedir(open);
    return {};
  }
  if (errno == ENOENT) return Fail(Code::kNotFound, "cannot find the model folder \"{}\"", folder);
  if (errno == ENOTDIR) {
    return Fail(Code::kInvalidArgument,
                "\"{}\" is a file; give the Hugging Face folder that holds config.json", folder);
  }
  return Fail(Code::kIo, "cannot read the model folder \"{}\": {}", folder, std::strerror(errno));
}

Result<std::string> FindWeights(const std::string& folder) {
  const auto there = [&](const char* name) {
    return ::access((folder + "/" + name).c_str(), F_OK) == 0;
  };
  if (there("model.safetensors")) return folder + "/model.safetensors";
  if (there("model.safetensors.index.json")) {
    return Fail(Code::kUnsupported,
                "\"{}\" keeps its weights in several files; hearth reads one "
                "model.safetensors",
                folder);
  }
  if (there("pytorch_model.bin")) {
    return Fail(Code::kUnsupported,
                "\"{}\" has pytorch_model.bin but no model.safetensors; save the "
                "model again with save_pretrained(…, safe_serialization=True)",
                folder);
  }
  return Fail(Code::kNotFound, "\"{}\" has no model.safetensors", folder);
}

// "sentence_transformers.models.Pooling" → "Pooling"
std::string_view LastPart(std::string_view dotted) {
  const size_t dot = dotted.rfind('.');
  return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

Result<Pooling> ReadPoolingModes(const JsonFile& file) {
  constexpr std::array<std::pair<std::string_view, Pooling>, 4> kModes = {
      {{"pooling_mode_mean_tokens", Pooling::kMean},
       {"pooling_mode_cls_token", Pooling::kCls},
       {"pooling_mode_max_tokens", Pooling::kMax},
       {"pooling_mode_mean_sqrt_len_tokens", Pooling::kMeanSqrtLen}}};
  std::vector<std::string> chosen;
  std::optional<Pooling> pooling;
  for (const auto& member : file.value().as_object()) {
    const std::string key(member.key());
    if (!key.starts_with("pooling_mode_")) continue;
    auto on = file.Bool(key, false);
    if (!on) return Forward(on);
    if (!*on) continue;
    chosen.push_back(key);
    for (const auto& [name, mode] : kModes) {
      if (name == key) pooling = mode;
    }
  }
  if (chosen.empty()) {  // newer folders name the one mode
    auto name = file.String("pooling_mode");
    if (!name) return Forward(name);
    auto named = PoolingFromName(*name);
    if (named) return *named;
    chosen.push_back(*name);
  }
  if (chosen.size() == 1 && pooling) return *pooling;
  return Fail(Code::kUnsupported,
              "\"{}\" asks for the pooling {}; hearth has one of mean, cls, max, "
              "mean_sqrt_len",
              file.path(), fmt::join(chosen, " + "));
}

Result<Pooling> ReadPooling(const std::string& folder, int32_t hidden_size) {
  auto file = JsonFile::Read(folder + "/config.json");
  if (!file) return Forward(file);
  if (!file->value().is_object()) return file->WrongType("pooling_mode", "in an object");
  auto include_prompt = file->Bool("include_prompt", true);
  if (!include_prompt) return Forward(include_prompt);
  if (!*include_prompt) {
    return Fail(Code::kUnsupported,
                "\"{}\" leaves the prompt out of the pooling (include_prompt is "
                "false); hearth pools all tokens",
                file->path());
  }
  for (const std::string_view key : {"word_embedding_dimension", "embedding_dimension"}) {
    if (file->Find(key) == nullptr) continue;
    auto dimension = file->PositiveInt(key);
    if (!dimension) return Forward(dimension);
    if (*dimension != hidden_size) {
      return Fail(Code::kCorrupt, "\"{}\" pools vectors of {}, the model's have {}", file->path(),
                  *dimension, hidden_size);
    }
  }
  return ReadPoolingModes(*file);
}

// Without modules.json nothing says how token vectors become one vector: the command line must.
Result<Head> HeadFromOptions(const std::string& folder, const HfOptions& options) {
  if (options.pooling && options.normalize) return Head{*options.pooling, *options.normalize};
  return Fail(
      Code::kInvalidArgument,
      "\"{}\" has no modules.json, so it does not say how token vectors become one: add {}{}{}",
      folder, options.pooling ? "" : "--pooling mean|cls|max|mean_sqrt_len",
      options.pooling || options.normalize ? "" : " and ",
      options.normalize ? "" : "--normalize or --no-normalize");
}

struct ModuleEntry {
  std::string type;  // last part of its dotted name
  std::string path;
};

Result<std::vector<ModuleEntry>> ReadModuleList(const JsonFile& file) {
  std::vector<ModuleEntry> out;
  const json::array* list = file.value().if_array();
  if (list == nullptr) return Fail(Code::kCorrupt, "cannot use \"{}\": it is no list", file.path());
  for (const json::value& entry : *list) {
    const json::value* type = FindMember(entry, "type");
    const json::value* path = FindMember(entry, "path");
    if (type == nullptr || path == nullptr || !type->is_string() || !path->is_string()) {
      return Fail(Code::kCorrupt, "cannot use \"{}\": a module has no type or no path",
                  file.path());
    }
    out.push_back({std::string(LastPart(std::string_view(type->get_string()))),
                   std::string(path->get_string())});
    if (out.back().path.find("..") != std::string::npos || out.back().path.starts_with('/')) {
      return Fail(Code::kCorrupt, "cannot use \"{}\": the path \"{}\" leads out of the folder",
                  file.path(), out.back().path);
    }
  }
  return out;
}

// Transformer, Pooling, and perhaps Normalize, in this order; anything else changes the vectors and
// is refused.
Status CheckModuleList(const JsonFile& file, const std::vector<ModuleEntry>& modules) {
  constexpr std::array<std::string_view, 3> kOrder = {"Transformer", "Pooling", "Normalize"};
  for (size_t i = 0; i < modules.size(); ++i) {
    if (i < kOrder.size() && modules[i].type == kOrder[i]) continue;
    return Fail(Code::kUnsupported,
                "\"{}\" lists the module {} at place {}; hearth runs "
                "Transformer, Pooling and Normalize in this order",
                file.path(), modules[i].type, i);
  }
  if (modules.size() >= 2) return {};
  return Fail(Code::kUnsupported, "\"{}\" lists no Pooling module", file.path());
}

// Empty when the folder has no modules.json.
Result<std::vector<ModuleEntry>> ReadModules(const std::string& folder) {
  auto file = JsonFile::ReadOrEmpty(folder + "/modules.json");
  if (!file) return Forward(file);
  if (!file->there()) return std::vector<ModuleEntry>();
  auto modules = ReadModuleList(*file);
  if (!modules) return Forward(modules);
  Status sound = CheckModuleList(*file, *modules);
  if (!sound) return Forward(sound);
  return modules;
}

Status ReadArchitecture(const JsonFile& file, ModelConfig* config) {
  auto type = file.String("model_type");
  if (!type) return Forward(type);
  if (std::ranges::find(kArchitectures, *type) == kArchitectures.end()) {
    return Fail(Code::kUnsupported, "\"{}\" is of the architecture \"{}\"; hearth runs: {}",
                file.path(), *type, fmt::join(kArchitectures, ", "));
  }
  config->architecture = *type;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOnly = {
      {{"hidden_act", "gelu"}, {"position_embedding_type", "absolute"}}};
  for (const auto& [key, only] : kOnly) {
    auto value = file.String(key, only);
    if (!value) return Forward(value);
    if (*value != only) {
      return Fail(Code::kUnsupported, "\"{}\" has {} \"{}\"; hearth runs \"{}\"", file.path(), key,
                  *value, only);
    }
  }
  auto decoder = file.Bool("is_decoder", false);
  if (!decoder) return Forward(decoder);
  if (*decoder) return Fail(Code::kUnsupported, "\"{}\" is a decoder", file.path());
  return {};
}

Status ReadSizes(const JsonFile& file, ModelConfig* config) {
  const std::pair<std::string_view, int32_t*> sizes[] = {
      {"hidden_size", &config->hidden_size},
      {"num_hidden_layers", &config->layers},
      {"num_attention_heads", &config->heads},
      {"intermediate_size", &config->intermediate_size},
      {"vocab_size", &config->vocab_size},
      {"max_position_embeddings", &config->max_positions},
      {"type_vocab_size", &config->type_vocab_size}};
  for (const auto& [key, field] : sizes) {
    auto value = file.PositiveInt(key);
    if (!value) return Forward(value);
    *field = *value;
  }
  auto epsilon = file.Number("layer_norm_eps");
  if (!epsilon) return Forward(epsilon);
  config->layer_norm_epsilon = static_cast<float>(*epsilon);
  return {};
}

// min(what the tokenizer may give, positions); sentence_bert_config.json wins over
// tokenizer_config.json, as in sentence-transformers.
Status ReadMaxTokens(const std::string& folder, ModelConfig* config) {
  config->max_tokens = config->max_positions;
  auto sentence = JsonFile::ReadOrEmpty(folder + "/sentence_bert_config.json");
  if (!sentence) return Forward(sentence);
  auto lower = sentence->Bool("do_lower_case", false);
  if (!lower) return Forward(lower);
  if (*lower) {
    return Fail(
        Code::kUnsupported,
        "\"{}\" lowercases texts before the tokenizer (do_lower_case is true); hearth leaves "
        "that to the tokenizer",
        sentence->path());
  }
  if (sentence->Find("max_seq_length") != nullptr) {
    auto length = sentence->PositiveInt("max_seq_length");
    if (!length) return Forward(length);
    config->max_tokens = std::min(*length, config->max_positions);
    return {};
  }
  auto tokenizer = JsonFile::ReadOrEmpty(folder + "/tokenizer_config.json");
  if (!tokenizer) return Forward(tokenizer);
  if (tokenizer->Find("model_max_length") == nullptr) return {};
  auto length = tokenizer->Number("model_max_length");  // 1e30 where there is none
  if (!length) return Forward(length);
  if (*length < 1) return tokenizer->WrongType("model_max_length", "a number of at least 1");
  if (*length < config->max_positions) config->max_tokens = static_cast<int32_t>(*length);
  return {};
}

Status ReadPrompts(const std::string& folder, ModelConfig* config) {
  auto file = JsonFile::ReadOrEmpty(folder + "/config_sentence_transformers.json");
  if (!file) return Forward(file);
  if (const json::value* prompts = file->Find("prompts")) {
    if (!prompts->is_object()) return file->WrongType("prompts", "an object");
    for (const auto& member : prompts->get_object()) {
      if (!member.value().is_string()) return file->WrongType("prompts", "an object of strings");
      config->prompts.emplace(std::string(member.key()), std::string(member.value().get_string()));
    }
  }
  auto name = file->String("default_prompt_name", "");
  if (!name) return Forward(name);
  config->default_prompt_name = *name;
  return {};
}

// The folder's name; for a snapshot in the hub's cache (models--ORG--NAME/snapshots/REVISION),
// ORG/NAME.
std::string NameFromPath(const std::string& folder) {
  constexpr std::string_view kCache = "models--";
  std::error_code error;
  fs::path path = fs::canonical(folder, error);
  if (error) return folder;
  const std::string repository = path.parent_path().parent_path().filename().string();
  if (path.parent_path().filename() == "snapshots" && repository.starts_with(kCache)) {
    std::string name = repository.substr(kCache.size());
    const size_t dashes = name.find("--");
    return dashes == std::string::npos ? name : name.replace(dashes, 2, "/");
  }
  return path.filename().string();
}

Result<Head> ChooseHead(const std::string& folder, const std::vector<ModuleEntry>& modules,
                        const HfOptions& options, HfFolder* out) {
  if (modules.empty()) return HeadFromOptions(folder, options);
  Head head{Pooling::kMean, modules.size() == 3};
  auto pooling = ReadPooling(folder + "/" + modules[1].path, out->config.hidden_size);
  if (!pooling && !options.pooling) return Forward(pooling);
  head.pooling = options.pooling.value_or(pooling.value_or(Pooling::kMean));
  if (!pooling || head.pooling != *pooling) {
    out->notes.push_back(
        fmt::format("pooling is {} as asked, not what the folder says", NameOf(head.pooling)));
  }
  if (options.normalize.value_or(head.normalize) != head.normalize) {
    head.normalize = !head.normalize;
    out->notes.push_back(fmt::format("vectors are {} as asked, not as the folder says",
                                     head.normalize ? "normalised" : "not normalised"));
  }
  return head;
}

}  // namespace

Result<HfFolder> ReadHfFolder(const std::string& folder, const HfOptions& options) {
  HfFolder out;
  Status there = CheckFolder(folder);
  if (!there) return Forward(there);
  auto modules = ReadModules(folder);
  if (!modules) return Forward(modules);
  const std::string base = modules->empty() || modules->front().path.empty()
                               ? folder
                               : folder + "/" + modules->front().path;
  auto file = JsonFile::Read(base + "/config.json");
  if (!file) return Forward(file);

  ModelConfig& config = out.config;
  config.name = options.name.empty() ? NameFromPath(folder) : options.name;
  config.dtype = options.dtype;
  for (Status step : {ReadArchitecture(*file, &config), ReadSizes(*file, &config),
                      ReadMaxTokens(base, &config), ReadPrompts(folder, &config)}) {
    if (!step) return Forward(step);
  }
  auto head = ChooseHead(folder, *modules, options, &out);
  if (!head) return Forward(head);
  config.pooling = head->pooling;
  config.normalize = head->normalize;
  Status sound = CheckConfig(config, Code::kUnsupported);
  if (!sound) {
    return Fail(sound.error().code, "cannot pack \"{}\": {}", folder, sound.error().message);
  }
  auto tokenizer = ReadHfTokenizer(base, &out.notes);
  if (!tokenizer) return Forward(tokenizer);
  out.tokenizer = std::move(*tokenizer);
  auto weights = FindWeights(base);
  if (!weights) return Forward(weights);
  out.weights_path = std::move(*weights);
  return out;
}

}  // namespace hearth::model
