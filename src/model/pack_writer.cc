#include "model/pack_writer.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/atomic_file.h"
#include "base/sha256.h"
#include "model/pack_format.h"

namespace hearth::model {

namespace {

constexpr size_t kFlushBytes = 4U << 20U;

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

// f32 → bf16, round to nearest, ties to even; a NaN stays a NaN.
uint16_t ToBf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

// Collects, hashes and writes what follows the hashed part of the header.
class Stream {
 public:
  Stream(AtomicFile* file, uint64_t total, const PackProgress& progress)
      : file_(file), total_(total), progress_(progress) {
    buffer_.reserve(kFlushBytes + (kFlushBytes >> 2U));
  }

  uint64_t position() const { return file_->written() + buffer_.size(); }

  Status Put(std::span<const std::byte> bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return buffer_.size() < kFlushBytes ? Status{} : Flush();
  }

  Status PutFloats(std::span<const float> values, kernels::DType dtype) {
    if (dtype == kernels::DType::kF32) return Put(std::as_bytes(values));
    halves_.resize(values.size());
    std::ranges::transform(values, halves_.begin(), ToBf16);
    return Put(std::as_bytes(std::span(halves_)));
  }

  Status PadTo(uint64_t offset) {
    const std::vector<std::byte> zeros(offset - position());
    return Put(zeros);
  }

  Status Flush() {
    // The first bytes of the file are not part of the hash: they hold it.
    const uint64_t skip = file_->written() == 0 ? kHashedFrom : 0;
    hash_.Update(std::span(buffer_).subspan(skip));
    Status written = file_->Write(buffer_);
    buffer_.clear();
    if (written && progress_) return progress_(file_->written(), total_);
    return written;
  }

  Sha256Digest Digest() { return hash_.Digest(); }

 private:
  AtomicFile* file_;
  uint64_t total_;
  const PackProgress& progress_;
  Sha256 hash_;
  std::vector<std::byte> buffer_;
  std::vector<uint16_t> halves_;
};

// One row of values of each part after the other.
Status PutVector(const PackSource& source, Stream* out) {
  std::vector<float> values;
  for (size_t i = 0; i < source.parts.size(); ++i) {
    values.resize(source.parts[i]->shape[0]);
    source.parts[i]->Read(0, values);
    if (i == 0) {
      for (float& value : values) value *= source.scale_of_first;
    }
    Status put = out->PutFloats(values, kernels::DType::kF32);
    if (!put) return put;
  }
  return {};
}

Status PutRows(const PackTensor& tensor, const PackSource& source, Stream* out) {
  std::vector<float> row(tensor.columns);
  for (uint64_t i = 0; i < tensor.rows; ++i) {
    source.parts[0]->Read(i * tensor.columns, row);
    Status put = out->PutFloats(row, tensor.dtype);
    if (!put) return put;
  }
  return {};
}

// PyTorch's [out][in] to [out / 16][in][16]: sixteen rows are read and turned into one panel.
Status PutPanels(const PackTensor& tensor, const PackSource& source, Stream* out) {
  constexpr size_t kWidth = kernels::kPanelColumns;
  const size_t inputs = tensor.rows;
  std::vector<float> row(inputs);
  std::vector<float> panel(inputs * kWidth);
  for (size_t part = 0; part < source.parts.size(); ++part) {
    const float scale = part == 0 ? source.scale_of_first : 1.0F;
    for (uint64_t first = 0; first < source.parts[part]->shape[0]; first += kWidth) {
      for (size_t column = 0; column < kWidth; ++column) {
        source.parts[part]->Read((first + column) * inputs, row);
        for (size_t k = 0; k < inputs; ++k) panel[k * kWidth + column] = row[k] * scale;
      }
      Status put = out->PutFloats(panel, tensor.dtype);
      if (!put) return put;
    }
  }
  return {};
}

Status PutTensor(const PackTensor& tensor, const PackSource& source, Stream* out) {
  Status padded = out->PadTo(tensor.offset);
  if (!padded) return padded;
  switch (tensor.layout) {
    case Layout::kVector:
      return PutVector(source, out);
    case Layout::kRows:
      return PutRows(tensor, source, out);
    case Layout::kPanels:
      return PutPanels(tensor, source, out);
  }
  return {};
}

struct Plan {
  PackHeader header;
  std::vector<PackTensor> tensors;
  std::string strings;
};

Result<Plan> MakePlan(const ModelConfig& config, uint64_t tokenizer_length) {
  Plan plan;
  PackHeader& header = plan.header;
  plan.strings = JoinStrings(config);
  const size_t count = kTensorsBeforeLayers + kTensorsPerLayer * static_cast<size_t>(config.layers);
  const uint64_t header_length =
      sizeof(PackHeader) + count * sizeof(PackTensor) + plan.strings.size();
  if (header_length > kPackHeaderMax) {
    return Fail(Code::kUnsupported, "the prompts and names take {} bytes; {} fit",
                plan.strings.size(), kPackHeaderMax - (header_length - plan.strings.size()));
  }
  header.header_length = static_cast<uint32_t>(header_length);
  header.tokenizer_offset = RoundUp(header_length, kTokenizerAlignment);
  header.tokenizer_length = tokenizer_length;
  plan.tensors = PlanTensors(config, header.tokenizer_offset + tokenizer_length);
  const uint64_t end = plan.tensors.back().offset + plan.tensors.back().length;
  header.encoder_offset = plan.tensors[1].offset;
  header.encoder_length = end - header.encoder_offset;
  header.file_length = RoundUp(end, kPackAlignment) + kernels::kPanelPadding;
  header.tensor_count = static_cast<uint32_t>(count);
  header.strings_length = static_cast<uint32_t>(plan.strings.size());
  header.hidden_size = config.hidden_size;
  header.layers = config.layers;
  header.heads = config.heads;
  header.intermediate_size = config.intermediate_size;
  header.vocab_size = config.vocab_size;
  header.max_positions = config.max_positions;
  header.type_vocab_size = config.type_vocab_size;
  header.max_tokens = config.max_tokens;
  header.layer_norm_epsilon = config.layer_norm_epsilon;
  header.dtype = static_cast<uint32_t>(config.dtype);
  header.pooling = static_cast<uint32_t>(config.pooling);
  header.normalize = config.normalize ? 1 : 0;
  return plan;
}

std::vector<std::byte> HeaderBytes(const Plan& plan) {
  std::vector<std::byte> out;
  for (const auto bytes : {BytesOf(plan.header), std::as_bytes(std::span(plan.tensors)),
                           std::as_bytes(std::span(plan.strings))}) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

Status WriteBody(const Plan& plan, std::span<const std::byte> tokenizer, const BertTensors& tensors,
                 Stream* stream) {
  Status status = stream->Put(HeaderBytes(plan));
  if (status) status = stream->PadTo(plan.header.tokenizer_offset);
  if (status) status = stream->Put(tokenizer);
  for (size_t i = 0; status && i < plan.tensors.size(); ++i) {
    status = PutTensor(plan.tensors[i], tensors.sources[i], stream);
  }
  if (status) status = stream->PadTo(plan.header.file_length);
  return status ? stream->Flush() : status;
}

}  // namespace

Status WritePack(const ModelConfig& config, std::span<const std::byte> tokenizer,
                 const BertTensors& tensors, const std::string& path,
                 const PackProgress& progress) {
  auto plan = MakePlan(config, tokenizer.size());
  if (!plan) return Forward(plan);
  auto file = AtomicFile::Create(path, plan->header.file_length);
  if (!file) return Forward(file);
  Stream stream(&*file, plan->header.file_length, progress);
  Status written = WriteBody(*plan, tokenizer, tensors, &stream);
  if (!written) return written;
  plan->header.content_sha256 = stream.Digest();
  plan->header.header_checksum = HeaderChecksum(HeaderBytes(*plan));
  written = file->WriteAt(0, BytesOf(plan->header));
  return written ? file->Commit() : written;
}

Result<PackReport> PackFolder(const std::string& folder, const HfOptions& options,
                              const std::string& path, const PackProgress& progress) {
  auto source = ReadHfFolder(folder, options);
  if (!source) return Forward(source);
  auto tokenizer = text::Tokenizer::Pack(source->tokenizer);
  if (!tokenizer) {
    return Fail(tokenizer.error().code, "cannot use the tokenizer of \"{}\": {}", folder,
                tokenizer.error().message);
  }
  if (source->tokenizer.vocab.size() > static_cast<size_t>(source->config.vocab_size)) {
    return Fail(Code::kCorrupt, "the tokenizer of \"{}\" has {} tokens, config.json says {}",
                folder, source->tokenizer.vocab.size(), source->config.vocab_size);
  }
  auto weights = SafeTensors::Open(source->weights_path);
  if (!weights) return Forward(weights);
  auto tensors = BindBertTensors(*weights, source->config);
  if (!tensors) {
    return Fail(tensors.error().code, "cannot use \"{}\": {}", source->weights_path,
                tensors.error().message);
  }
  PackReport report{.config = source->config, .file_bytes = 0, .notes = source->notes};
  if (!tensors->skipped.empty()) {
    report.notes.push_back(
        fmt::format("left out, not needed for embeddings: {}", fmt::join(tensors->skipped, ", ")));
  }
  const PackProgress count = [&](uint64_t done, uint64_t total) -> Status {
    report.file_bytes = total;
    return progress ? progress(done, total) : Status();
  };
  Status written = WritePack(source->config, *tokenizer, *tensors, path, count);
  if (!written) return Forward(written);
  return report;
}

}  // namespace hearth::model
