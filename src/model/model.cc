#include "model/model.h"

#include <cstring>

#include "base/sha256.h"
#include "model/pack_format.h"

namespace hearth::model {

namespace {

constexpr std::string_view kRemedy = "make it again with `hearth pack`";

template <typename... Args>
tl::unexpected<Error> Damaged(fmt::format_string<Args...> format, Args&&... args) {
  return Fail(Code::kCorrupt, "it is damaged: {}; {}",
              fmt::format(format, std::forward<Args>(args)...), kRemedy);
}

Result<PackHeader> ReadHeader(std::span<const std::byte> file) {
  PackHeader header;
  if (file.size() < sizeof(header.magic) ||
      std::memcmp(file.data(), kPackMagic.data(), kPackMagic.size()) != 0) {
    if (file.empty()) return Damaged("it is empty");
    return Fail(Code::kCorrupt,
                "it is not a packed model file (its first bytes are not HEARTHPK); make one with "
                "`hearth pack FOLDER -o FILE`");
  }
  if (file.size() < sizeof(header)) return Damaged("it ends in its header");
  std::memcpy(&header, file.data(), sizeof(header));
  if (header.endianness == __builtin_bswap32(kPackEndianness)) {
    return Fail(Code::kUnsupported, "it was made for machines of the other byte order; {} here",
                kRemedy);
  }
  if (header.endianness != kPackEndianness) return Damaged("its byte order mark is wrong");
  if (header.version != kPackVersion) {
    return Fail(Code::kUnsupported,
                "it has format version {}, this hearth reads version {}; {} of "
                "this version",
                header.version, kPackVersion, kRemedy);
  }
  if (header.file_length != file.size()) {
    const bool shorter = file.size() < header.file_length;
    return Damaged("it is {} bytes {} than its header says",
                   shorter ? header.file_length - file.size() : file.size() - header.file_length,
                   shorter ? "shorter" : "longer");
  }
  if (header.header_length < sizeof(header) || header.header_length > kPackHeaderMax ||
      header.header_length > file.size() ||
      HeaderChecksum(file.first(header.header_length)) != header.header_checksum) {
    return Damaged("its header does not match its checksum");
  }
  return header;
}

Result<ModelConfig> ReadConfig(const PackHeader& header, std::span<const std::byte> file) {
  const uint64_t tensor_bytes = uint64_t{header.tensor_count} * sizeof(PackTensor);
  if (sizeof(header) + tensor_bytes + header.strings_length != header.header_length) {
    return Damaged("the parts of its header do not add up");
  }
  ModelConfig config;
  config.hidden_size = header.hidden_size;
  config.layers = header.layers;
  config.heads = header.heads;
  config.intermediate_size = header.intermediate_size;
  config.vocab_size = header.vocab_size;
  config.max_positions = header.max_positions;
  config.type_vocab_size = header.type_vocab_size;
  config.max_tokens = header.max_tokens;
  config.layer_norm_epsilon = header.layer_norm_epsilon;
  config.normalize = header.normalize != 0;
  if (header.dtype > 1 || header.pooling > 3 || header.normalize > 1) {
    return Fail(Code::kUnsupported,
                "its element type, pooling or normalisation is unknown to this "
                "hearth; {}",
                kRemedy);
  }
  config.dtype = static_cast<kernels::DType>(header.dtype);
  config.pooling = static_cast<Pooling>(header.pooling);
  const auto strings =
      file.subspan(sizeof(header) + static_cast<size_t>(tensor_bytes), header.strings_length);
  Status split =
      SplitStrings({reinterpret_cast<const char*>(strings.data()), strings.size()}, &config);
  if (!split) return Damaged("{}", split.error().message);
  Status sound = CheckConfig(config, Code::kCorrupt);
  if (!sound) return Damaged("{}", sound.error().message);
  if (config.architecture != "bert") {
    return Fail(Code::kUnsupported, "its architecture \"{:.40}\" is unknown to this hearth; {}",
                config.architecture, kRemedy);
  }
  return config;
}

// The table of the file, once it equals the plan made from the configuration and lies inside the
// file.
Result<std::vector<PackTensor>> ReadTensors(const PackHeader& header, const ModelConfig& config,
                                            std::span<const std::byte> file) {
  const auto tokenizer_end = header.tokenizer_offset + header.tokenizer_length;
  if (header.tokenizer_offset % kTokenizerAlignment != 0 ||
      header.tokenizer_offset < header.header_length || header.tokenizer_offset > file.size() ||
      header.tokenizer_length > file.size() - header.tokenizer_offset) {
    return Damaged("its tokenizer lies outside");
  }
  std::vector<PackTensor> plan = PlanTensors(config, tokenizer_end);
  const auto table = file.subspan(sizeof(PackHeader));
  if (plan.size() != header.tensor_count ||
      std::memcmp(table.data(), plan.data(), plan.size() * sizeof(PackTensor)) != 0) {
    return Damaged("its tensors are not those of its configuration");
  }
  const uint64_t end = plan.back().offset + plan.back().length;
  if (header.encoder_offset != plan[1].offset ||
      header.encoder_length != end - header.encoder_offset || end > file.size() ||
      file.size() - end < kernels::kPanelPadding) {
    return Damaged("its tensors lie outside");
  }
  return plan;
}

// Hands out the tensors in the order of the plan.
class TensorCursor {
 public:
  TensorCursor(std::span<const PackTensor> tensors, const std::byte* file)
      : tensors_(tensors), file_(file) {}

  const std::byte* Table() { return file_ + Next().offset; }
  const float* Vector() { return reinterpret_cast<const float*>(file_ + Next().offset); }
  kernels::Panels Matrix() {
    const PackTensor& tensor = Next();
    return {file_ + tensor.offset, tensor.dtype, static_cast<int>(tensor.rows),
            static_cast<int>(tensor.columns)};
  }

 private:
  const PackTensor& Next() { return tensors_[next_++]; }

  std::span<const PackTensor> tensors_;
  const std::byte* file_;
  size_t next_ = 0;
};

// Members are listed in the order of the file; braces evaluate left to right.
LayerWeights ReadLayer(TensorCursor* next) {
  return {.qkv = next->Matrix(),
          .qkv_bias = next->Vector(),
          .attention_out = next->Matrix(),
          .attention_out_bias = next->Vector(),
          .attention_norm_gamma = next->Vector(),
          .attention_norm_beta = next->Vector(),
          .ffn_in = next->Matrix(),
          .ffn_in_bias = next->Vector(),
          .ffn_out = next->Matrix(),
          .ffn_out_bias = next->Vector(),
          .ffn_norm_gamma = next->Vector(),
          .ffn_norm_beta = next->Vector()};
}

EncoderWeights ReadWeights(std::span<const PackTensor> tensors, const std::byte* file, int layers) {
  TensorCursor next(tensors, file);
  EncoderWeights weights = {.word = next.Table(),
                            .position = next.Table(),
                            .type = next.Table(),
                            .embedding_norm_gamma = next.Vector(),
                            .embedding_norm_beta = next.Vector(),
                            .layers = {}};
  weights.layers.reserve(static_cast<size_t>(layers));
  for (int i = 0; i < layers; ++i) weights.layers.push_back(ReadLayer(&next));
  return weights;
}

}  // namespace

// Fills a Model from its mapping; every step checks what the next one follows.
class PackReader {
 public:
  static Result<std::shared_ptr<const Model>> Read(MappedFile file) {
    const auto bytes = file.bytes();
    auto header = ReadHeader(bytes);
    if (!header) return Forward(header);
    auto config = ReadConfig(*header, bytes);
    if (!config) return Forward(config);
    auto tensors = ReadTensors(*header, *config, bytes);
    if (!tensors) return Forward(tensors);
    auto tokenizer =
        text::Tokenizer::Open(bytes.subspan(header->tokenizer_offset, header->tokenizer_length));
    if (!tokenizer) return Damaged("its tokenizer: {}", tokenizer.error().message);
    if (tokenizer->vocab_size() > config->vocab_size) {
      return Damaged("its tokenizer has {} tokens, its word table {} rows", tokenizer->vocab_size(),
                     config->vocab_size);
    }
    auto model = std::shared_ptr<Model>(new Model(std::move(file), *tokenizer));
    model->config_ = std::move(*config);
    model->weights_ = ReadWeights(*tensors, bytes.data(), model->config_.layers);
    model->encoder_offset_ = header->encoder_offset;
    model->encoder_length_ = header->encoder_length;
    model->content_sha256_ = Hex(header->content_sha256);
    return model;
  }
};

Result<std::shared_ptr<const Model>> Model::Open(const std::string& path) {
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  auto model = PackReader::Read(std::move(*file));
  if (!model) {
    return Fail(model.error().code, "cannot use model file \"{}\": {}", path,
                model.error().message);
  }
  return model;
}

Status Model::MakeResident(const std::function<void(size_t bytes)>& on_progress) const {
  return file_.Populate(encoder_offset_, encoder_length_, on_progress);
}

Status Model::Verify() const {
  Sha256 hash;
  hash.Update(file_.bytes().subspan(kHashedFrom));
  const std::string found = Hex(hash.Digest());
  if (found == content_sha256_) return {};
  return Damaged("the SHA-256 of its content is {}, its header says {}", found, content_sha256_);
}

}  // namespace hearth::model
