// Tokenizer::Pack: from what the model folder says to the block of bytes.
#include <cstring>
#include <limits>
#include <unordered_map>

#include "base/utf8.h"
#include "text/added_tokens.h"
#include "text/block.h"
#include "text/text_reader.h"
#include "text/tokenizer.h"

namespace hearth::text {
namespace {

using Ids = std::unordered_map<std::string_view, int32_t>;
using Entries = std::vector<std::pair<std::string_view, int32_t>>;

uint32_t SwitchesOf(const TokenizerConfig& config) {
  return (config.clean_text ? kCleanText : 0) | (config.handle_chinese_chars ? kHandleCjk : 0) |
         (config.strip_accents.value_or(config.lowercase) ? kStripAccents : 0) |
         (config.lowercase ? kLowercase : 0);
}

Result<Ids> IndexVocabulary(const TokenizerConfig& config) {
  if (config.vocab.size() >= static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return Fail(Code::kUnsupported, "cannot pack a vocabulary of {} pieces", config.vocab.size());
  }
  Ids ids;
  for (const std::string& piece : config.vocab) {
    const auto id = static_cast<int32_t>(ids.size());
    if (!IsValidUtf8(piece))
      return Fail(Code::kCorrupt, "cannot pack the vocabulary: piece {} is not UTF-8", id);
    if (const auto [other, added] = ids.emplace(piece, id); !added) {
      return Fail(Code::kCorrupt, "cannot pack the vocabulary: pieces {} and {} are both \"{}\"",
                  other->second, id, piece);
    }
  }
  return ids;
}

// The vocabulary's ids, and those of added tokens beyond it.
Status IndexAddedTokens(const TokenizerConfig& config, Ids* ids) {
  std::unordered_map<int32_t, std::string_view> seen;
  for (const AddedToken& token : config.added_tokens) {
    if (token.content.empty() || !IsValidUtf8(token.content)) {
      return Fail(Code::kCorrupt, "cannot pack added token {}: \"{}\" is empty or not UTF-8",
                  token.id, token.content);
    }
    const auto [place, added] = ids->emplace(token.content, token.id);
    const bool beyond = token.id >= static_cast<int32_t>(config.vocab.size());
    if (place->second != token.id || (added && !beyond)) {
      return Fail(Code::kCorrupt, "cannot pack added token \"{}\": id {} belongs to another piece",
                  token.content, token.id);
    }
    if (const auto [other, fresh] = seen.emplace(token.id, token.content); !fresh) {
      return Fail(Code::kCorrupt, "cannot pack added tokens: \"{}\" and \"{}\" both have id {}",
                  other->second, token.content, token.id);
    }
  }
  return {};
}

Result<int32_t> IdOf(const Ids& ids, const std::string& token) {
  const auto found = ids.find(token);
  if (found != ids.end()) return found->second;
  return Fail(Code::kCorrupt, "cannot pack the vocabulary: it has no \"{}\"", token);
}

// Lays sections one after another, each 8-byte aligned.
class Writer {
 public:
  Writer() : bytes_(sizeof(BlockHeader)) {}

  template <typename Container>
  Section Add(const Container& values) {
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    const Section section{bytes_.size(), values.size()};
    const auto* first = reinterpret_cast<const std::byte*>(values.data());
    bytes_.insert(bytes_.end(), first, first + values.size() * sizeof(values[0]));
    return section;
  }

  std::vector<std::byte> Finish(BlockHeader header) {
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    header.size = bytes_.size();
    std::memcpy(bytes_.data(), &header, sizeof(header));
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

// The trie of the added tokens matched in the normalised or in the raw text; no units when there
// are none.
Result<std::vector<TrieUnit>> BuildAddedTrie(const TokenizerConfig& config, uint32_t switches,
                                             bool normalized) {
  std::vector<std::string> contents;
  contents.reserve(config.added_tokens.size());
  Entries entries;
  std::unordered_map<std::string_view, std::string_view> seen;
  for (size_t i = 0; i < config.added_tokens.size(); ++i) {
    const AddedToken& token = config.added_tokens[i];
    if (token.normalized != normalized) continue;
    contents.push_back(normalized ? Normalize(switches, token.content) : token.content);
    if (contents.back().empty()) {
      return Fail(Code::kUnsupported,
                  "cannot pack added token \"{}\": nothing is left of it when normalised",
                  token.content);
    }
    if (const auto [other, fresh] = seen.emplace(contents.back(), token.content); !fresh) {
      return Fail(Code::kUnsupported,
                  "cannot pack added tokens: \"{}\" and \"{}\" are matched as the same text",
                  other->second, token.content);
    }
    entries.emplace_back(contents.back(), static_cast<int32_t>(i));
  }
  if (entries.empty()) return std::vector<TrieUnit>{};
  return BuildTrie(std::move(entries));
}

std::vector<AddedRecord> RecordsOf(const std::vector<AddedToken>& tokens) {
  std::vector<AddedRecord> records;
  records.reserve(tokens.size());
  for (const AddedToken& token : tokens) {
    records.push_back({token.id, (token.single_word ? kSingleWord : 0) |
                                     (token.lstrip ? kStripLeft : 0) |
                                     (token.rstrip ? kStripRight : 0)});
  }
  return records;
}

// Ids without a piece (holes among added tokens) have an empty one.
Status AddPieces(const TokenizerConfig& config, Writer* writer, BlockHeader* header) {
  std::vector<std::string_view> pieces(config.vocab.begin(), config.vocab.end());
  constexpr int32_t kMaxId = 1 << 24;
  for (const AddedToken& token : config.added_tokens) {
    if (token.id > kMaxId)
      return Fail(Code::kUnsupported, "cannot pack added token \"{}\": id {} is above {}",
                  token.content, token.id, kMaxId);
    const auto id = static_cast<size_t>(token.id);
    if (id >= pieces.size()) pieces.resize(id + 1);
    pieces[id] = token.content;
  }
  std::vector<uint32_t> ends;
  ends.reserve(pieces.size());
  std::string bytes;
  for (const std::string_view piece : pieces) {
    bytes += piece;
    ends.push_back(static_cast<uint32_t>(bytes.size()));
  }
  if (bytes.size() > std::numeric_limits<uint32_t>::max()) {
    return Fail(Code::kUnsupported, "cannot pack a vocabulary of {} bytes", bytes.size());
  }
  header->vocab_size = static_cast<int32_t>(pieces.size());
  header->piece_ends = writer->Add(ends);
  header->piece_bytes = writer->Add(bytes);
  return {};
}

Status AddSpecialIds(const TokenizerConfig& config, const Ids& ids, BlockHeader* header) {
  const std::pair<const std::string&, int32_t*> wanted[] = {{config.unk_token, &header->unk_id},
                                                            {config.cls_token, &header->cls_id},
                                                            {config.sep_token, &header->sep_id}};
  for (const auto& [token, id] : wanted) {
    Result<int32_t> found = IdOf(ids, token);
    if (!found) return Forward(found);
    *id = *found;
  }
  return {};
}

Status AddVocabulary(const TokenizerConfig& config, Writer* writer, BlockHeader* header) {
  Entries entries;
  for (size_t id = 0; id < config.vocab.size(); ++id) {
    if (!config.vocab[id].empty()) entries.emplace_back(config.vocab[id], static_cast<int32_t>(id));
  }
  auto units = BuildTrie(std::move(entries));
  if (!units) return Forward(units);
  const Trie trie(*units);
  if (const TrieUnit* node = trie.Find(config.continuation); node != nullptr) {
    header->continuation = static_cast<int32_t>(trie.IndexOf(node));
  }
  header->vocabulary = writer->Add(*units);
  return {};
}

Status AddAddedTokens(const TokenizerConfig& config, Writer* writer, BlockHeader* header) {
  auto raw = BuildAddedTrie(config, header->switches, false);
  if (!raw) return Forward(raw);
  auto normalized = BuildAddedTrie(config, header->switches, true);
  if (!normalized) return Forward(normalized);
  header->raw_first = FirstBytes(Trie(*raw));
  header->raw = writer->Add(*raw);
  header->normalized = writer->Add(*normalized);
  header->added = writer->Add(RecordsOf(config.added_tokens));
  return {};
}

}  // namespace

Result<std::vector<std::byte>> Tokenizer::Pack(const TokenizerConfig& config) {
  if (config.max_word_characters < 1) {
    return Fail(Code::kInvalidArgument,
                "cannot pack a tokenizer whose words have {} characters at most",
                config.max_word_characters);
  }
  auto ids = IndexVocabulary(config);
  if (!ids) return Forward(ids);
  if (Status status = IndexAddedTokens(config, &*ids); !status) return Forward(status);

  BlockHeader header;
  header.switches = SwitchesOf(config);
  header.max_word_characters = config.max_word_characters;
  Writer writer;
  if (Status status = AddSpecialIds(config, *ids, &header); !status) return Forward(status);
  if (Status status = AddVocabulary(config, &writer, &header); !status) return Forward(status);
  if (Status status = AddAddedTokens(config, &writer, &header); !status) return Forward(status);
  if (Status status = AddPieces(config, &writer, &header); !status) return Forward(status);
  return writer.Finish(header);
}

}  // namespace hearth::text
