#include "text/tokenizer.h"

#include <limits>

#include "text/block.h"
#include "text/text_reader.h"
#include "text/truncation.h"

namespace hearth::text {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// What truncation leaves for the texts' own tokens; a limit below the template's size leaves
// nothing.
size_t Room(const EncodeOptions& options, size_t template_size) {
  if (options.max_tokens <= 0) return kNoLimit;
  const auto max = static_cast<size_t>(options.max_tokens);
  if (!options.add_special_tokens) return max;
  return max > template_size ? max - template_size : 0;
}

void Clear(Encoding* out) {
  out->ids.clear();
  out->type_ids.clear();
  out->offsets.clear();
  out->truncated = false;
}

void AddTemplate(int32_t id, const EncodeOptions& options, Encoding* out) {
  if (!options.add_special_tokens) return;
  out->ids.push_back(id);
  if (options.want_offsets) out->offsets.emplace_back();
}

// Adds the tokens of `text`, at most one word more than `room`; returns how many.
size_t AddText(const BlockView& block, std::string_view text, const EncodeOptions& options,
               size_t room, Encoding* out) {
  const size_t before = out->ids.size();
  const size_t limit = room == kNoLimit ? kNoLimit : before + room;
  TokenOutput output{&out->ids, options.want_offsets ? &out->offsets : nullptr, limit};
  TextReader(block, text, &out->scratch, &output).Read();
  return out->ids.size() - before;
}

}  // namespace

Result<Tokenizer> Tokenizer::Open(std::span<const std::byte> block) {
  if (Status status = CheckBlock(block); !status) return Forward(status);
  return Tokenizer(block.data());
}

void Tokenizer::Encode(std::string_view text, const EncodeOptions& options, Encoding* out) const {
  const BlockView block(block_);
  Clear(out);
  AddTemplate(cls_id(), options, out);
  const size_t room = Room(options, 2);
  const size_t begin = out->ids.size();
  // Cut on the left, the text must be read to its end.
  const size_t length =
      AddText(block, text, options, options.side == TruncationSide::kRight ? room : kNoLimit, out);
  KeepTokens(begin, begin + length, room, options.side, out);
  AddTemplate(sep_id(), options, out);
  out->type_ids.assign(out->ids.size(), 0);
}

void Tokenizer::EncodePair(std::string_view first, std::string_view second,
                           const EncodeOptions& options, Encoding* out) const {
  const BlockView block(block_);
  Clear(out);
  AddTemplate(cls_id(), options, out);
  const size_t first_begin = out->ids.size();
  const size_t first_length = AddText(block, first, options, kNoLimit, out);
  AddTemplate(sep_id(), options, out);
  const size_t second_begin = out->ids.size();
  const size_t second_length = AddText(block, second, options, kNoLimit, out);
  const PairLengths keep = LongestFirst({first_length, second_length}, Room(options, 3));
  KeepTokens(second_begin, second_begin + second_length, keep.second, options.side, out);
  KeepTokens(first_begin, first_begin + first_length, keep.first, options.side, out);
  AddTemplate(sep_id(), options, out);
  const size_t type_0 = second_begin - first_length + keep.first;
  out->type_ids.assign(type_0, 0);
  out->type_ids.resize(out->ids.size(), 1);
}

int32_t Tokenizer::vocab_size() const { return BlockView(block_).header().vocab_size; }
int32_t Tokenizer::cls_id() const { return BlockView(block_).header().cls_id; }
int32_t Tokenizer::sep_id() const { return BlockView(block_).header().sep_id; }
int32_t Tokenizer::unk_id() const { return BlockView(block_).header().unk_id; }

std::string_view Tokenizer::Piece(int32_t id) const {
  const BlockView block(block_);
  const auto ends = block.piece_ends();
  const auto bytes = block.piece_bytes();
  if (id < 0 || static_cast<size_t>(id) >= ends.size()) return {};
  const auto index = static_cast<size_t>(id);
  const size_t begin = index == 0 ? 0 : ends[index - 1];
  const size_t end = ends[index];
  if (begin > end || end > bytes.size()) return {};
  return {bytes.data() + begin, end - begin};
}

}  // namespace hearth::text
