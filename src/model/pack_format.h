// The packed model file, version 1, as bytes (docs/formats/pack.md says the same in words).
// Little-endian.
//
//   PackHeader | tensor table | strings | … | tokenizer block | word table | encoder's tensors |
//   padding
//
// The tensor table is a function of the configuration (PlanTensors): the writer fills it in, the
// reader plans it again and accepts only an equal one, so that no offset of the file is ever
// followed unchecked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/model.h"

namespace hearth::model {

inline constexpr std::array<char, 8> kPackMagic = {'H', 'E', 'A', 'R', 'T', 'H', 'P', 'K'};
inline constexpr uint32_t kPackEndianness = 0x01020304;
inline constexpr uint32_t kPackVersion = 1;
inline constexpr uint64_t kPackAlignment = 4096;  // of every tensor
inline constexpr uint64_t kTokenizerAlignment = 4096;
inline constexpr uint32_t kPackHeaderMax = 4U << 20U;  // header + tensor table + strings
inline constexpr uint64_t kHashedFrom = 64;  // the content hash covers the file from here on

struct PackHeader {
  std::array<char, 8> magic = kPackMagic;
  uint32_t endianness = kPackEndianness;
  uint32_t version = kPackVersion;
  uint64_t file_length = 0;
  uint32_t header_length = 0;    // of header, tensor table and strings together
  uint32_t header_checksum = 0;  // CRC-32C of those bytes, this field read as 0
  std::array<std::byte, 32> content_sha256 = {};
  // From here on (byte 64) hashed.
  uint64_t tokenizer_offset = 0;
  uint64_t tokenizer_length = 0;
  uint64_t encoder_offset = 0;  // every tensor but the word table
  uint64_t encoder_length = 0;
  uint32_t tensor_count = 0;
  uint32_t strings_length = 0;
  int32_t hidden_size = 0;
  int32_t layers = 0;
  int32_t heads = 0;
  int32_t intermediate_size = 0;
  int32_t vocab_size = 0;
  int32_t max_positions = 0;
  int32_t type_vocab_size = 0;
  int32_t max_tokens = 0;
  float layer_norm_epsilon = 0;
  uint32_t dtype = 0;    // kernels::DType
  uint32_t pooling = 0;  // model::Pooling
  uint32_t normalize = 0;
  std::array<std::byte, 40> reserved = {};  // zero
};
static_assert(sizeof(PackHeader) == 192 && alignof(PackHeader) == 8);

enum class Layout : uint32_t {
  kVector = 0,  // f32 [columns]
  kRows = 1,    // dtype [rows][columns]
  kPanels = 2,  // dtype [columns / 16][rows][16]: the matrix W[rows][columns], y = x · W
};

struct PackTensor {
  std::array<char, 32> name = {};  // padded with zeros
  Layout layout = Layout::kVector;
  kernels::DType dtype = kernels::DType::kF32;
  uint32_t rows = 0;
  uint32_t columns = 0;
  uint64_t offset = 0;
  uint64_t length = 0;

  std::string_view Name() const;
  bool operator==(const PackTensor&) const = default;
};
static_assert(sizeof(PackTensor) == 64);

inline constexpr size_t kTensorsBeforeLayers = 5;  // word, position, type, norm gamma, norm beta
inline constexpr size_t kTensorsPerLayer = 12;

// The tensors of `config` in order of use, the first (the word table) at `offset` rounded up to the
// alignment.
std::vector<PackTensor> PlanTensors(const ModelConfig& config, uint64_t offset);

// kUnsupported or kCorrupt in words when hearth cannot run such a model; after it no size computed
// from `config` overflows. `code` is what a violation means to the caller.
Status CheckConfig(const ModelConfig& config, Code code);

// The strings of the configuration: each as u32 length and UTF-8 bytes: name, architecture, default
// prompt name, then pairs of prompt name and prompt in order of name.
std::string JoinStrings(const ModelConfig& config);
Status SplitStrings(std::string_view bytes, ModelConfig* config);

// CRC-32C (Castagnoli) of the header as the file stores it.
uint32_t HeaderChecksum(std::span<const std::byte> header);

constexpr uint64_t RoundUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

std::string_view NameOf(Pooling pooling);  // "mean", "cls", "max", "mean_sqrt_len"
Result<Pooling> PoolingFromName(std::string_view name);

}  // namespace hearth::model
