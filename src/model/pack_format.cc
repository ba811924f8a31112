#include "model/pack_format.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace hearth::model {

namespace {

constexpr std::array<std::string_view, 4> kPoolingNames = {"mean", "cls", "max", "mean_sqrt_len"};

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    table[i] = crc;
  }
  return table;
}();

uint32_t Crc(uint32_t crc, std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    crc = (crc >> 8U) ^ kCrcTable[(crc ^ std::to_integer<uint32_t>(byte)) & 0xFFU];
  }
  return crc;
}

// Places one tensor after the other.
class Planner {
 public:
  Planner(kernels::DType dtype, uint64_t offset) : dtype_(dtype), offset_(offset) {}

  void Add(std::string_view name, Layout layout, int32_t rows, int32_t columns) {
    PackTensor tensor;
    std::ranges::copy(name.substr(0, tensor.name.size() - 1), tensor.name.begin());
    tensor.layout = layout;
    tensor.dtype = layout == Layout::kVector ? kernels::DType::kF32 : dtype_;
    tensor.rows = static_cast<uint32_t>(rows);
    tensor.columns = static_cast<uint32_t>(columns);
    tensor.offset = RoundUp(offset_, kPackAlignment);
    tensor.length = uint64_t{tensor.rows} * tensor.columns * kernels::SizeOf(tensor.dtype);
    offset_ = tensor.offset + tensor.length;
    tensors_.push_back(tensor);
  }

  std::vector<PackTensor> Take() { return std::move(tensors_); }

 private:
  kernels::DType dtype_;
  uint64_t offset_;
  std::vector<PackTensor> tensors_;
};

struct Limit {
  std::string_view name;
  int32_t value;
  int32_t max;
};

// The next string of `bytes`, or nothing when they end before it does.
std::optional<std::string> TakeString(std::string_view* bytes) {
  uint32_t length = 0;
  if (bytes->size() < sizeof(length)) return std::nullopt;
  std::memcpy(&length, bytes->data(), sizeof(length));
  bytes->remove_prefix(sizeof(length));
  if (bytes->size() < length) return std::nullopt;
  std::string out(bytes->substr(0, length));
  bytes->remove_prefix(length);
  return out;
}

void PutString(std::string* out, std::string_view text) {
  const auto length = static_cast<uint32_t>(text.size());
  out->append(reinterpret_cast<const char*>(&length), sizeof(length));
  out->append(text);
}

}  // namespace

std::string_view PackTensor::Name() const {
  return {name.data(), static_cast<size_t>(std::ranges::find(name, '\0') - name.begin())};
}

std::vector<PackTensor> PlanTensors(const ModelConfig& config, uint64_t offset) {
  const int32_t hidden = config.hidden_size;
  const int32_t inner = config.intermediate_size;
  Planner plan(config.dtype, offset);
  plan.Add("word", Layout::kRows, config.vocab_size, hidden);
  plan.Add("position", Layout::kRows, config.max_positions, hidden);
  plan.Add("type", Layout::kRows, config.type_vocab_size, hidden);
  plan.Add("embedding_norm.gamma", Layout::kVector, 1, hidden);
  plan.Add("embedding_norm.beta", Layout::kVector, 1, hidden);
  for (int32_t i = 0; i < config.layers; ++i) {
    const auto add = [&](std::string_view name, Layout layout, int32_t rows, int32_t columns) {
      plan.Add(fmt::format("{}.{}", i, name), layout, rows, columns);
    };
    add("qkv", Layout::kPanels, hidden, 3 * hidden);
    add("qkv.bias", Layout::kVector, 1, 3 * hidden);
    add("attention_out", Layout::kPanels, hidden, hidden);
    add("attention_out.bias", Layout::kVector, 1, hidden);
    add("attention_norm.gamma", Layout::kVector, 1, hidden);
    add("attention_norm.beta", Layout::kVector, 1, hidden);
    add("ffn_in", Layout::kPanels, hidden, inner);
    add("ffn_in.bias", Layout::kVector, 1, inner);
    add("ffn_out", Layout::kPanels, inner, hidden);
    add("ffn_out.bias", Layout::kVector, 1, hidden);
    add("ffn_norm.gamma", Layout::kVector, 1, hidden);
    add("ffn_norm.beta", Layout::kVector, 1, hidden);
  }
  return plan.Take();
}

Status CheckConfig(const ModelConfig& config, Code code) {
  const Limit limits[] = {
      {"hidden size", config.hidden_size, 1 << 16},
      {"number of layers", config.layers, 1 << 10},
      {"number of attention heads", config.heads, 1 << 12},
      {"intermediate size", config.intermediate_size, 1 << 18},
      {"vocabulary", config.vocab_size, 1 << 24},
      {"number of positions", config.max_positions, 1 << 17},
      {"number of token types", config.type_vocab_size, 1 << 10},
      {"number of tokens a text may have", config.max_tokens, config.max_positions}};
  for (const Limit& limit : limits) {
    if (limit.value < 1 || limit.value > limit.max) {
      return Fail(code, "the {} is {}, not 1 to {}", limit.name, limit.value, limit.max);
    }
  }
  if (config.hidden_size % kernels::kPanelColumns != 0 ||
      config.intermediate_size % kernels::kPanelColumns != 0) {
    return Fail(code, "the hidden size {} and the intermediate size {} must be multiples of {}",
                config.hidden_size, config.intermediate_size, kernels::kPanelColumns);
  }
  if (config.hidden_size % config.heads != 0 ||
      config.hidden_size / config.heads % kernels::kPanelColumns != 0) {
    return Fail(code, "the size of an attention head is {} / {}, not a multiple of {}",
                config.hidden_size, config.heads, kernels::kPanelColumns);
  }
  if (!std::isfinite(config.layer_norm_epsilon) || config.layer_norm_epsilon <= 0) {
    return Fail(code, "the epsilon of layer norm is {}, not a number above 0",
                config.layer_norm_epsilon);
  }
  if (config.max_tokens < 2) return Fail(code, "a text may have 1 token, but [CLS] [SEP] are 2");
  if (!config.default_prompt_name.empty() && !config.prompts.contains(config.default_prompt_name)) {
    return Fail(code, "the default prompt \"{:.100}\" is none of the prompts",
                config.default_prompt_name);
  }
  return {};
}

std::string JoinStrings(const ModelConfig& config) {
  std::string out;
  PutString(&out, config.name);
  PutString(&out, config.architecture);
  PutString(&out, config.default_prompt_name);
  for (const auto& [name, prompt] : config.prompts) {
    PutString(&out, name);
    PutString(&out, prompt);
  }
  return out;
}

Status SplitStrings(std::string_view bytes, ModelConfig* config) {
  for (std::string* field : {&config->name, &config->architecture, &config->default_prompt_name}) {
    auto text = TakeString(&bytes);
    if (!text) return Fail(Code::kCorrupt, "its names are cut off");
    *field = std::move(*text);
  }
  while (!bytes.empty()) {
    auto name = TakeString(&bytes);
    auto prompt = name ? TakeString(&bytes) : std::nullopt;
    if (!prompt) return Fail(Code::kCorrupt, "its prompts are cut off");
    config->prompts.emplace(std::move(*name), std::move(*prompt));
  }
  return {};
}

uint32_t HeaderChecksum(std::span<const std::byte> header) {
  constexpr size_t kField = offsetof(PackHeader, header_checksum);
  constexpr std::array<std::byte, 4> kZero = {};
  uint32_t crc = Crc(~0U, header.first(kField));
  crc = Crc(crc, kZero);
  return ~Crc(crc, header.subspan(kField + kZero.size()));
}

std::string_view NameOf(Pooling pooling) { return kPoolingNames[static_cast<size_t>(pooling)]; }

Result<Pooling> PoolingFromName(std::string_view name) {
  const auto* it = std::ranges::find(kPoolingNames, name);
  if (it == kPoolingNames.end()) {
    return Fail(Code::kInvalidArgument, "unknown pooling \"{}\"; hearth has {}", name,
                fmt::join(kPoolingNames, ", "));
  }
  return static_cast<Pooling>(it - kPoolingNames.begin());
}

}  // namespace hearth::model
