// A packed model file with changed bytes: refused, or it can be used. Changes start from a whole
// little file, and mostly the checksum is made right again: otherwise nothing behind it would be
// reached.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "model/encoder.h"
#include "model/pack_format.h"
#include "model/pack_writer.h"

namespace {

using hearth::model::PackHeader;

constexpr int kHidden = 16;
constexpr int kVocabulary = 6;

// A BERT of one layer, all of whose weights are a ramp of small numbers.
class SeedModel {
 public:
  SeedModel() {
    config_.name = "seed";
    config_.architecture = "bert";
    config_.hidden_size = kHidden;
    config_.layers = 1;
    config_.heads = 1;
    config_.intermediate_size = kHidden;
    config_.vocab_size = kVocabulary;
    config_.max_positions = 8;
    config_.max_tokens = 8;
    config_.type_vocab_size = 2;
    config_.layer_norm_epsilon = 1e-12F;
    config_.prompts = {{"query", "query: "}};
    for (size_t i = 0; i < ramp_.size(); ++i) ramp_[i] = static_cast<float>(i % 7) * 0.125F;
  }

  std::string Bytes() {
    for (const auto& planned : hearth::model::PlanTensors(config_, 0)) {
      hearth::model::PackSource source;
      const bool vector = planned.layout == hearth::model::Layout::kVector;
      const uint64_t parts = planned.columns == 3 * kHidden ? 3 : 1;
      for (uint64_t i = 0; i < parts; ++i) source.parts.push_back(Make(planned, parts, vector));
      tensors_.sources.push_back(source);
    }
    hearth::text::TokenizerConfig words;
    words.vocab = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b"};
    const auto tokenizer = hearth::text::Tokenizer::Pack(words);
    const std::string path = "/tmp/hearth_fuzz_seed_" + std::to_string(::getpid());
    if (!tokenizer || !hearth::model::WritePack(config_, *tokenizer, tensors_, path, {})) {
      std::abort();
    }
    auto file = hearth::MappedFile::Open(path);
    ::unlink(path.c_str());
    if (!file) std::abort();
    const auto bytes = file->bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  const hearth::model::Tensor* Make(const hearth::model::PackTensor& planned, uint64_t parts,
                                    bool vector) {
    auto tensor = std::make_unique<hearth::model::Tensor>();
    const uint64_t columns = planned.columns / parts;
    if (vector) {
      tensor->shape = {columns};
    } else if (planned.layout == hearth::model::Layout::kPanels) {
      tensor->shape = {columns, planned.rows};
    } else {
      tensor->shape = {planned.rows, columns};
    }
    tensor->bytes = std::as_bytes(std::span(ramp_)).first(columns * planned.rows * sizeof(float));
    owned_.push_back(std::move(tensor));
    return owned_.back().get();
  }

  hearth::model::ModelConfig config_;
  std::array<float, 4096> ramp_{};
  hearth::model::BertTensors tensors_;
  std::vector<std::unique_ptr<hearth::model::Tensor>> owned_;
};

const std::string& Seed() {
  static const std::string seed = SeedModel().Bytes();
  return seed;
}

// Length and checksum as the bytes want them, so that what lies behind is reached.
void MakeChecksumRight(std::string* file) {
  PackHeader header;
  if (file->size() < sizeof(header)) return;
  std::memcpy(&header, file->data(), sizeof(header));
  header.file_length = file->size();
  std::memcpy(file->data(), &header, sizeof(header));
  if (header.header_length < sizeof(header) || header.header_length > file->size()) return;
  header.header_checksum =
      hearth::model::HeaderChecksum(std::as_bytes(std::span(*file)).first(header.header_length));
  std::memcpy(file->data(), &header, sizeof(header));
}

// What a server would do with a model that it accepted.
void Use(const std::shared_ptr<const hearth::model::Model>& model) {
  const auto& config = model->config();
  if (config.hidden_size > 256 || config.layers > 4) return;
  hearth::text::Encoding encoding;
  model->tokenizer().Encode("a ab [SEP] q", {.max_tokens = config.max_tokens}, &encoding);
  const auto count = static_cast<int32_t>(encoding.ids.size());
  for (const int32_t id : encoding.ids) {
    if (id < 0 || id >= config.vocab_size) std::abort();
  }
  if (count < 1 || count > config.max_positions || config.type_vocab_size < 1) return;
  hearth::model::Encoder encoder(model, **hearth::kernels::ChooseKernels(""), count, 1);
  std::vector<float> out(static_cast<size_t>(config.hidden_size));
  const std::vector<int32_t> lengths = {count};
  encoder.Forward({encoding.ids, encoding.type_ids, lengths}, out, nullptr);
}

// The first byte: whether the checksum is made right, whether the file is cut. Then changes of the
// seed file, three bytes each: where (in the first 64 KiB: header, table, strings, tokenizer) and
// the new byte.
std::string FileFrom(const uint8_t* data, size_t size) {
  std::string file = Seed();
  if (size == 0) return file;
  for (size_t at = 1; at + 3 <= size; at += 3) {
    const size_t offset = static_cast<size_t>(data[at]) << 8U | data[at + 1];
    if (offset < file.size()) file[offset] = static_cast<char>(data[at + 2]);
  }
  if ((data[0] & 2U) != 0) file.resize(file.size() * data[0] / 256);
  if ((data[0] & 1U) == 0) MakeChecksumRight(&file);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = "/dev/shm/hearth_fuzz_" + std::to_string(::getpid());
  const std::string content = FileFrom(data, size);
  {
    const hearth::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const auto written = ::write(file.get(), content.data(), content.size());
    if (written != static_cast<ssize_t>(content.size())) std::abort();
  }
  const auto model = hearth::model::Model::Open(path);
  ::unlink(path.c_str());
  if (model) Use(*model);
  if (!model && size == 0) std::abort();  // the seed itself is sound
  return 0;
}
