#include "text/wordpiece.h"

namespace hearth::text {

WordPiece::WordPiece(const BlockView& block)
    : trie_(block.vocabulary()),
      word_start_(trie_.At(Trie::kRoot)),
      continuation_(block.header().continuation < 0
                        ? nullptr
                        : trie_.At(static_cast<uint32_t>(block.header().continuation))),
      vocab_size_(static_cast<uint32_t>(block.header().vocab_size)),
      unk_id_(block.header().unk_id),
      max_characters_(static_cast<size_t>(block.header().max_word_characters)) {}

}  // namespace hearth::text
