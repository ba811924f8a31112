// The tokenizer's block of bytes: a header and six arrays, position-independent, little-endian,
// used in place.
//
//   header | vocabulary trie | raw trie | normalised trie | added tokens | ends of pieces | bytes
//   of pieces
//
// The two small tries hold added tokens (those matched in the raw and in the normalised text);
// their ids are indices into the added tokens. Open costs the same for every vocabulary: it checks
// the header, the sections' bounds and the added tokens; what tries say is checked where it is
// used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "text/trie.h"

namespace hearth::text {

struct Section {
  uint64_t offset = 0;  // from the block's first byte, a multiple of 8
  uint64_t count = 0;   // elements
};

// Bits of BlockHeader::switches.
inline constexpr uint32_t kCleanText = 1;
inline constexpr uint32_t kHandleCjk = 2;
inline constexpr uint32_t kStripAccents = 4;
inline constexpr uint32_t kLowercase = 8;

struct BlockHeader {
  static constexpr uint64_t kMagic = 0x4B54485452414548;  // "HEARTHTK"
  static constexpr uint32_t kVersion = 1;

  uint64_t magic = kMagic;
  uint32_t version = kVersion;
  uint32_t switches = 0;
  uint64_t size = 0;  // of the whole block
  int32_t vocab_size = 0;
  int32_t max_word_characters = 0;
  int32_t unk_id = 0;
  int32_t cls_id = 0;
  int32_t sep_id = 0;
  int32_t continuation =
      -1;  // node of the vocabulary trie that `##` leads to; -1: no piece continues a word
  std::array<uint64_t, 4>
      raw_first{};      // the set of bytes that added tokens of the raw text begin with
  Section vocabulary;   // TrieUnit
  Section raw;          // TrieUnit, or empty
  Section normalized;   // TrieUnit, or empty
  Section added;        // AddedRecord
  Section piece_ends;   // uint32_t: where the piece of an id ends in piece_bytes
  Section piece_bytes;  // char
};
static_assert(sizeof(BlockHeader) == 176);

// Bits of AddedRecord::flags.
inline constexpr uint32_t kSingleWord = 1;
inline constexpr uint32_t kStripLeft = 2;
inline constexpr uint32_t kStripRight = 4;

struct AddedRecord {
  int32_t id = 0;
  uint32_t flags = 0;
};

// A block that CheckBlock has seen.
class BlockView {
 public:
  explicit BlockView(const std::byte* block) : block_(block) {}

  const BlockHeader& header() const { return *At<BlockHeader>(0); }
  Trie vocabulary() const { return Trie(Elements<TrieUnit>(header().vocabulary)); }
  Trie raw() const { return Trie(Elements<TrieUnit>(header().raw)); }
  Trie normalized() const { return Trie(Elements<TrieUnit>(header().normalized)); }
  std::span<const AddedRecord> added() const { return Elements<AddedRecord>(header().added); }
  std::span<const uint32_t> piece_ends() const { return Elements<uint32_t>(header().piece_ends); }
  std::span<const char> piece_bytes() const { return Elements<char>(header().piece_bytes); }

 private:
  // The block is 8-byte aligned and holds only trivial types.
  template <typename T>
  const T* At(uint64_t offset) const {
    return reinterpret_cast<const T*>(block_ + offset);
  }
  template <typename T>
  std::span<const T> Elements(const Section& section) const {
    return {At<T>(section.offset), static_cast<size_t>(section.count)};
  }

  const std::byte* block_;
};

// kCorrupt, naming the part, unless a BlockView of these bytes stays within them.
Status CheckBlock(std::span<const std::byte> block);

}  // namespace hearth::text
