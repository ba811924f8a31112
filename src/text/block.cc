#include "text/block.h"

#include <cstring>
#include <string_view>

namespace hearth::text {
namespace {

template <typename... Args>
tl::unexpected<Error> Damaged(fmt::format_string<Args...> format, Args&&... args) {
  return Fail(Code::kCorrupt, "cannot use the tokenizer's tables: {}; pack the model again",
              fmt::format(format, std::forward<Args>(args)...));
}

Status CheckSection(std::string_view name, const Section& section, size_t element, size_t block) {
  const bool inside =
      section.offset <= block && section.count <= (block - section.offset) / element;
  if (!inside || section.offset % 8 != 0) {
    return Damaged("{} ({} elements at {}) leave the block of {} bytes", name, section.count,
                   section.offset, block);
  }
  return {};
}

Status CheckSections(const BlockHeader& header, size_t block) {
  const struct {
    std::string_view name;
    const Section& section;
    size_t element;
  } sections[] = {
      {"the vocabulary's units", header.vocabulary, sizeof(TrieUnit)},
      {"the raw added tokens' units", header.raw, sizeof(TrieUnit)},
      {"the normalised added tokens' units", header.normalized, sizeof(TrieUnit)},
      {"the added tokens", header.added, sizeof(AddedRecord)},
      {"the ends of pieces", header.piece_ends, sizeof(uint32_t)},
      {"the bytes of pieces", header.piece_bytes, sizeof(char)},
  };
  for (const auto& [name, section, element] : sections) {
    if (Status status = CheckSection(name, section, element, block); !status) return status;
  }
  return {};
}

Status CheckNumbers(const BlockHeader& header) {
  if (header.max_word_characters < 1)
    return Damaged("words have {} characters", header.max_word_characters);
  if (header.vocab_size < 1 ||
      static_cast<uint64_t>(header.vocab_size) != header.piece_ends.count) {
    return Damaged("{} ids have {} pieces", header.vocab_size, header.piece_ends.count);
  }
  if (header.vocabulary.count == 0) return Damaged("the vocabulary has no root");
  if (header.continuation < -1 ||
      (header.continuation >= 0 &&
       static_cast<uint64_t>(header.continuation) >= header.vocabulary.count)) {
    return Damaged("continuations begin at unit {} of {}", header.continuation,
                   header.vocabulary.count);
  }
  for (const int32_t id : {header.unk_id, header.cls_id, header.sep_id}) {
    if (id < 0 || id >= header.vocab_size)
      return Damaged("a special token has id {} of {}", id, header.vocab_size);
  }
  return {};
}

}  // namespace

Status CheckBlock(std::span<const std::byte> block) {
  if (reinterpret_cast<uintptr_t>(block.data()) % 8 != 0)
    return Damaged("they are not 8-byte aligned");
  if (block.size() < sizeof(BlockHeader)) return Damaged("{} bytes are too few", block.size());
  const BlockView view(block.data());
  const BlockHeader& header = view.header();
  if (header.magic != BlockHeader::kMagic)
    return Damaged("they do not begin with the tokenizer's mark");
  if (header.version != BlockHeader::kVersion) {
    return Damaged("they have version {}, this program reads {}", header.version,
                   BlockHeader::kVersion);
  }
  if (header.size != block.size())
    return Damaged("{} bytes instead of {}", block.size(), header.size);
  if (Status status = CheckSections(header, block.size()); !status) return status;
  if (Status status = CheckNumbers(header); !status) return status;
  for (const AddedRecord& added : view.added()) {
    if (added.id < 0 || added.id >= header.vocab_size) {
      return Damaged("an added token has id {} of {}", added.id, header.vocab_size);
    }
  }
  return {};
}

}  // namespace hearth::text
