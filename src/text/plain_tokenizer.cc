#include "text/plain_tokenizer.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/unicode.h"

namespace hearth::text {
namespace {

bool Is(uint8_t flag, char32_t c) { return (InfoOf(c).flags & flag) != 0; }

std::vector<char32_t> Decompose(char32_t c) {
  if (IsHangulSyllable(c)) {
    std::vector<char32_t> jamo(3);
    jamo.resize(DecomposeHangul(c, jamo.data()));
    return jamo;
  }
  const CharInfo& info = InfoOf(c);
  if (info.decomposition_size == 0) return {c};
  return {char_sequence + info.decomposition,
          char_sequence + info.decomposition + info.decomposition_size};
}

}  // namespace

PlainTokenizer::PlainTokenizer(TokenizerConfig config) : config_(std::move(config)) {
  for (size_t id = 0; id < config_.vocab.size(); ++id)
    ids_[config_.vocab[id]] = static_cast<int32_t>(id);
  for (const AddedToken& token : config_.added_tokens) {
    Text text;
    for (size_t at = 0; at < token.content.size();) {
      const Scalar scalar = DecodeUtf8(token.content, at);
      text.push_back({scalar.value, {}});
      at += scalar.size;
    }
    added_.push_back(token.normalized ? Normalize(text) : text);
  }
}

PlainTokenizer::Text PlainTokenizer::Clean(const Text& text) const {
  Text clean;
  for (const Char& c : text) {
    if (!Is(kDeleted, c.value))
      clean.push_back({Is(kWhiteSpace, c.value) ? U' ' : c.value, c.source});
  }
  return clean;
}

PlainTokenizer::Text PlainTokenizer::SpaceCjk(const Text& text) const {
  Text spaced;
  for (const Char& c : text) {
    if (Is(kCjk, c.value)) spaced.push_back({U' ', c.source});
    spaced.push_back(c);
    if (Is(kCjk, c.value)) spaced.push_back({U' ', c.source});
  }
  return spaced;
}

PlainTokenizer::Text PlainTokenizer::StripAccents(const Text& text) const {
  struct Part {
    char32_t value;
    uint8_t order;
    bool first;
  };
  std::vector<Part> parts;
  for (const Char& c : text) {
    const std::vector<char32_t> decomposed = Decompose(c.value);
    for (size_t i = 0; i < decomposed.size(); ++i) {
      parts.push_back({decomposed[i], InfoOf(decomposed[i]).order, i == 0});
    }
  }
  const auto by_order = [](const Part& a, const Part& b) { return a.order < b.order; };
  for (auto begin = parts.begin(); begin != parts.end();) {
    const auto end =
        std::find_if(begin + 1, parts.end(), [](const Part& part) { return part.order == 0; });
    // Stable: a mark moves before those of a higher order only.
    for (auto part = begin; part != end; ++part) {
      std::rotate(std::upper_bound(begin, part, *part, by_order), part, part + 1);
    }
    begin = end;
  }
  Text stripped;
  size_t sources = 0;  // how many are used up
  for (const Part& part : parts) {
    if (part.first) ++sources;
    if (!Is(kDroppedMark, part.value)) stripped.push_back({part.value, text[sources - 1].source});
  }
  return stripped;
}

PlainTokenizer::Text PlainTokenizer::Lower(const Text& text) const {
  Text lower;
  for (const Char& c : text) {
    const CharInfo& info = InfoOf(c.value);
    if (info.lower_size == 1) {
      lower.push_back(
          {static_cast<char32_t>(static_cast<int32_t>(c.value) + info.lower), c.source});
      continue;
    }
    for (int32_t i = 0; i < info.lower_size; ++i)
      lower.push_back({char_sequence[info.lower + i], c.source});
  }
  return lower;
}

PlainTokenizer::Text PlainTokenizer::Normalize(const Text& text) const {
  Text normalized = text;
  if (config_.clean_text) normalized = Clean(normalized);
  if (config_.handle_chinese_chars) normalized = SpaceCjk(normalized);
  if (config_.strip_accents.value_or(config_.lowercase)) normalized = StripAccents(normalized);
  if (config_.lowercase) normalized = Lower(normalized);
  return normalized;
}

const AddedToken* PlainTokenizer::LongestAdded(const Text& text, size_t at, bool normalized,
                                               size_t* size) const {
  const AddedToken* longest = nullptr;
  for (size_t i = 0; i < added_.size(); ++i) {
    const Text& content = added_[i];
    if (config_.added_tokens[i].normalized != normalized || content.size() > text.size() - at)
      continue;
    const bool equal =
        std::equal(content.begin(), content.end(), text.begin() + static_cast<ptrdiff_t>(at),
                   [](const Char& a, const Char& b) { return a.value == b.value; });
    if (!equal || (longest != nullptr && content.size() <= *size)) continue;
    longest = &config_.added_tokens[i];
    *size = content.size();
  }
  return longest;
}

std::vector<PlainTokenizer::Part> PlainTokenizer::CutAdded(const Text& text,
                                                           bool normalized) const {
  std::vector<Part> parts;
  size_t taken = 0;
  const auto cut = [&](size_t begin, size_t end, int32_t id) {
    if (begin >= end) return;
    parts.push_back(
        {{text.begin() + static_cast<ptrdiff_t>(begin), text.begin() + static_cast<ptrdiff_t>(end)},
         id});
  };
  for (size_t at = 0; at < text.size();) {
    size_t size = 0;
    const AddedToken* token = LongestAdded(text, at, normalized, &size);
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at + size;
    at = end;
    const bool joined = (begin > 0 && Is(kWordCharacter, text[begin - 1].value)) ||
                        (end < text.size() && Is(kWordCharacter, text[end].value));
    if (token->single_word && joined) continue;
    if (token->lstrip) {
      while (begin > taken && Is(kWhiteSpace, text[begin - 1].value)) --begin;
      begin = std::max(begin, taken);
    }
    while (token->rstrip && end < text.size() && Is(kWhiteSpace, text[end].value)) ++end;
    if (begin >= end) continue;
    cut(taken, begin, -1);
    cut(begin, end, token->id);
    taken = end;
  }
  cut(taken, text.size(), -1);
  return parts;
}

void PlainTokenizer::AddWords(const Text& text, std::vector<Token>* tokens) const {
  Text word;
  const auto end_word = [&] {
    if (!word.empty()) AddWord(word, tokens);
    word.clear();
  };
  for (const Char& c : text) {
    if (Is(kWhiteSpace, c.value)) {
      end_word();
    } else if (Is(kPunctuation, c.value)) {
      end_word();
      word.push_back(c);
      end_word();
    } else {
      word.push_back(c);
    }
  }
  end_word();
}

void PlainTokenizer::AddWord(const Text& word, std::vector<Token>* tokens) const {
  const Token unknown{ids_.at(config_.unk_token),
                      {word.front().source.begin, word.back().source.end}};
  if (word.size() > static_cast<size_t>(config_.max_word_characters))
    return tokens->push_back(unknown);
  std::vector<Token> found;
  for (size_t begin = 0; begin < word.size();) {
    size_t end = word.size();
    for (; end > begin; --end) {
      std::string piece = begin == 0 ? "" : config_.continuation;
      for (size_t i = begin; i < end; ++i) AppendUtf8(word[i].value, &piece);
      const auto id = ids_.find(piece);
      if (id == ids_.end()) continue;
      found.push_back({id->second, {word[begin].source.begin, word[end - 1].source.end}});
      break;
    }
    if (end == begin) return tokens->push_back(unknown);
    begin = end;
  }
  tokens->insert(tokens->end(), found.begin(), found.end());
}

Encoding PlainTokenizer::Encode(std::string_view text, const EncodeOptions& options) const {
  Text raw;
  for (size_t at = 0; at < text.size();) {
    const Scalar scalar = DecodeUtf8(text, at);
    raw.push_back(
        {scalar.value, {static_cast<uint32_t>(at), static_cast<uint32_t>(at + scalar.size)}});
    at += scalar.size;
  }
  std::vector<Token> tokens;
  const auto add_token = [&](const Part& part) {
    tokens.push_back({part.id, {part.text.front().source.begin, part.text.back().source.end}});
  };
  for (const Part& part : CutAdded(raw, false)) {
    if (part.id >= 0) {
      add_token(part);
      continue;
    }
    for (const Part& inner : CutAdded(Normalize(part.text), true)) {
      if (inner.id >= 0) {
        add_token(inner);
      } else {
        AddWords(inner.text, &tokens);
      }
    }
  }

  Encoding out;
  const size_t special = options.add_special_tokens ? 2 : 0;
  const auto max = static_cast<size_t>(std::max(options.max_tokens, 0));
  const size_t room = max > special ? max - special : 0;
  if (max != 0 && tokens.size() > room) {
    out.truncated = true;
    const auto cut = static_cast<ptrdiff_t>(tokens.size() - room);
    if (options.side == TruncationSide::kRight) tokens.erase(tokens.end() - cut, tokens.end());
    if (options.side == TruncationSide::kLeft) tokens.erase(tokens.begin(), tokens.begin() + cut);
  }
  if (options.add_special_tokens) {
    tokens.insert(tokens.begin(), {ids_.at(config_.cls_token), {}});
    tokens.push_back({ids_.at(config_.sep_token), {}});
  }
  for (const Token& token : tokens) {
    out.ids.push_back(token.id);
    out.type_ids.push_back(0);
    out.offsets.push_back(token.source);
  }
  return out;
}

}  // namespace hearth::text
