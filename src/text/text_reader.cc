#include "text/text_reader.h"

#include <limits>

#include "base/utf8.h"
#include "text/added_tokens.h"

namespace hearth::text {
namespace {

Offset At(size_t begin, size_t end) {
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

// The sink that keeps a whole normalised text.
class Keeper {
 public:
  Keeper(std::string* bytes, std::vector<Offset>* offsets) : bytes_(*bytes), offsets_(offsets) {
    bytes_.clear();
    if (offsets_ != nullptr) offsets_->clear();
  }

  void Take(char32_t c, uint8_t /*flags*/, Offset source) {
    AppendUtf8(c, &bytes_);
    if (offsets_ != nullptr) offsets_->resize(bytes_.size(), source);
  }

 private:
  std::string& bytes_;
  std::vector<Offset>* offsets_;
};

template <typename Sink>
void NormalizeAll(std::string_view text, size_t begin, size_t end, Normalizer<Sink>* normalizer) {
  const std::string_view stretch = text.substr(0, end);
  for (size_t at = begin; at < end;) {
    const Scalar scalar = DecodeUtf8(stretch, at);
    normalizer->Push(scalar.value, At(at, at + scalar.size));
    at += scalar.size;
  }
  normalizer->Flush();
}

}  // namespace

TextReader::TextReader(const BlockView& block, std::string_view text, Scratch* scratch,
                       TokenOutput* out, bool ascii_short_cut)
    : block_(block),
      header_(block_.header()),
      fold_(AsciiFold(header_.switches)),
      pieces_(block),
      text_(text),
      scratch_(*scratch),
      out_(*out),
      words_(pieces_, scratch, out),
      ascii_short_cut_(ascii_short_cut) {}

void TextReader::Read() {
  AddedTokenFinder finder(block_.raw(), block_.added(), header_.raw_first, text_);
  size_t taken = 0;
  AddedTokenFinder::Match match;
  while (!out_.Full() && finder.Next(&match)) {
    if (taken < match.begin) ReadBetween(taken, match.begin);
    if (out_.Full()) return;
    out_.Add(match.id, At(match.begin, match.end));
    taken = match.end;
  }
  if (taken < text_.size() && !out_.Full()) ReadBetween(taken, text_.size());
}

void TextReader::ReadBetween(size_t begin, size_t end) {
  if (block_.normalized().empty()) {
    ReadWords(begin, end);
  } else {
    ReadNormalized(begin, end);
  }
}

void TextReader::ReadWords(size_t begin, size_t end) {
  for (size_t at = begin; at < end && !out_.Full();) {
    if (ascii_short_cut_) at = ReadAsciiWords(at, end);
    if (at < end && !out_.Full()) at = ReadAnyWords(at, end);
  }
}

// Up to the first word that is not plain ASCII.
size_t TextReader::ReadAsciiWords(size_t at, size_t end) {
  while (at < end && !out_.Full()) {
    const uint8_t first = fold_[static_cast<uint8_t>(text_[at])];
    if (first == kAsciiSpace) {
      ++at;
      continue;
    }
    if (first == kNotPlain) return at;
    const size_t next = ReadAsciiWord(at, end);
    if (next == at) return at;
    at = next;
  }
  return at;
}

// The end of the word or punctuation sign at `at`; `at` itself when the word goes on with something
// that is not plain.
size_t TextReader::ReadAsciiWord(size_t at, size_t end) {
  const char* bytes = text_.data();
  const auto fold_at = [&](size_t i) { return fold_[static_cast<uint8_t>(bytes[i])]; };
  const bool sign = fold_at(at) == kAsciiPunctuation;
  const WordPiece::Match match =
      sign ? pieces_.Longest(pieces_.word_start(), bytes, at, at + 1, kIdentity, 0)
           : pieces_.Longest(pieces_.word_start(), bytes, at, end, fold_, kFirstLetter);
  size_t word_end = sign ? at + 1 : match.read;
  if (!sign) {
    while (word_end < end && fold_at(word_end) >= kFirstLetter) ++word_end;
  }
  // What follows may belong to this word, or combine with this sign.
  if (word_end < end && fold_at(word_end) == kNotPlain) return at;
  if (word_end - at > pieces_.max_characters()) {
    out_.Add(pieces_.unk_id(), At(at, word_end));
  } else {
    pieces_.Add({bytes, at, word_end, fold_}, match, At, &out_);
  }
  return word_end;
}

// Everything; up to a place where ReadAsciiWords can go on.
size_t TextReader::ReadAnyWords(size_t at, size_t end) {
  Normalizer<PreTokenizer> normalizer(header_.switches, &scratch_, &words_);
  const std::string_view stretch = text_.substr(0, end);
  const size_t begin = at;
  while (at < end && !out_.Full()) {
    const uint8_t fold = fold_[static_cast<uint8_t>(text_[at])];
    if (ascii_short_cut_ && fold != kNotPlain && at != begin) {
      normalizer.Flush();
      if (fold < kFirstLetter) words_.EndWord();
      if (!words_.in_word()) return at;
    }
    const Scalar scalar = DecodeUtf8(stretch, at);
    normalizer.Push(scalar.value, At(at, at + scalar.size));
    at += scalar.size;
  }
  normalizer.Flush();
  words_.EndWord();
  return at;
}

void TextReader::ReadNormalized(size_t begin, size_t end) {
  Keeper keeper(&scratch_.normalized,
                out_.offsets == nullptr ? nullptr : &scratch_.normalized_offsets);
  Normalizer<Keeper> normalizer(header_.switches, &scratch_, &keeper);
  NormalizeAll(text_, begin, end, &normalizer);

  const std::string_view normalized = scratch_.normalized;
  AddedTokenFinder finder(block_.normalized(), block_.added(), FirstBytes(block_.normalized()),
                          normalized);
  size_t taken = 0;
  AddedTokenFinder::Match match;
  while (!out_.Full() && finder.Next(&match)) {
    if (taken < match.begin) SplitNormalized(taken, match.begin);
    out_.Add(match.id, NormalizedOffset(match.begin, match.end));
    taken = match.end;
  }
  SplitNormalized(taken, normalized.size());
}

void TextReader::SplitNormalized(size_t begin, size_t end) {
  const std::string_view normalized(scratch_.normalized.data(), end);
  for (size_t at = begin; at < end && !out_.Full();) {
    const Scalar scalar = DecodeUtf8(normalized, at);
    words_.Take(scalar.value, InfoOf(scalar.value).flags, NormalizedOffset(at, at + scalar.size));
    at += scalar.size;
  }
  words_.EndWord();
}

Offset TextReader::NormalizedOffset(size_t begin, size_t end) const {
  if (out_.offsets == nullptr) return {};
  return {scratch_.normalized_offsets[begin].begin, scratch_.normalized_offsets[end - 1].end};
}

std::string Normalize(uint32_t switches, std::string_view text) {
  std::string normalized;
  Scratch scratch;
  Keeper keeper(&normalized, nullptr);
  Normalizer<Keeper> normalizer(switches, &scratch, &keeper);
  NormalizeAll(text, 0, text.size(), &normalizer);
  return normalized;
}

}  // namespace hearth::text
