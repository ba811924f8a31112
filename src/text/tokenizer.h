// WordPiece tokenisation, equal to Hugging Face `tokenizers` (BertNormalizer, BertPreTokenizer,
// WordPiece, BERT template) on every input: ids, type ids and offsets. The tables are one
// position-independent block of bytes inside the packed file, used in place.
//
// A Tokenizer is an immutable view: copy it freely, call it from any thread; the block must outlive
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::text {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool normalized = false;  // matched in the normalised text instead of the raw one
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool special = true;
};

// What a model folder says about its tokenizer.
struct TokenizerConfig {
  std::vector<std::string> vocab;  // id → piece, no holes
  std::vector<AddedToken> added_tokens;
  std::string unk_token = "[UNK]";
  std::string cls_token = "[CLS]";
  std::string sep_token = "[SEP]";
  std::string continuation = "##";
  int32_t max_word_characters = 100;
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents;  // absent: as lowercase
  bool lowercase = true;
};

// Bytes [begin, end) of the UTF-8 input that a token came from; {0, 0} for a token of the template.
// (The Python binding counts characters; the oracle script converts.)
struct Offset {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const Offset&) const = default;
};

// What Encode works with; kept between calls for its capacity only.
struct Scratch {
  struct Mark {
    char32_t value = 0;
    uint32_t order = 0;
    uint32_t firsts = 0;
  };
  std::string word;                  // the normalised bytes of the word being read
  std::vector<Offset> word_offsets;  // one for each byte of `word`
  std::vector<Mark> marks;           // kept marks of the run being put in canonical order
  std::vector<Offset> sources;       // where each character of that run came from
  std::string normalized;            // a stretch of text, when there are normalised added tokens
  std::vector<Offset> normalized_offsets;
};

// The buffers keep their capacity: reuse one Encoding per thread to tokenise without allocation.
struct Encoding {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  // 0 for `[CLS] A [SEP]`, 1 for `B [SEP]`
  std::vector<Offset> offsets;
  bool truncated = false;  // max_tokens removed something (how much is not counted: a long text is
                           // not read to its end)
  Scratch scratch;         // nothing for the reader
};

enum class TruncationSide { kRight, kLeft };

struct EncodeOptions {
  int32_t max_tokens = 0;  // with the template's own, which are never cut; 0: no truncation
  TruncationSide side = TruncationSide::kRight;
  bool add_special_tokens = true;
  bool want_offsets = false;  // else offsets stays empty
};

class Tokenizer {
 public:
  // The block for `config`, deterministic; kCorrupt/kInvalidArgument naming what is wrong (unknown
  // or doubled tokens, …).
  static Result<std::vector<std::byte>> Pack(const TokenizerConfig& config);

  // A view of `block` (8-byte aligned) after checking every length, offset and id that Encode would
  // follow.
  static Result<Tokenizer> Open(std::span<const std::byte> block);

  // Replaces `out`. `text` is UTF-8; invalid sequences are the caller's to refuse (base/utf8.h),
  // here each maximal invalid sequence reads as U+FFFD and nothing breaks.
  void Encode(std::string_view text, const EncodeOptions& options, Encoding* out) const;

  // A pair, with LongestFirst truncation.
  void EncodePair(std::string_view first, std::string_view second, const EncodeOptions& options,
                  Encoding* out) const;

  int32_t vocab_size() const;
  int32_t cls_id() const;
  int32_t sep_id() const;
  int32_t unk_id() const;
  std::string_view Piece(int32_t id) const;  // empty when out of range

 private:
  explicit Tokenizer(const std::byte* block) : block_(block) {}

  const std::byte* block_ = nullptr;
};

}  // namespace hearth::text
