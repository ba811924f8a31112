// PlainTokenizer: the tokenizer's rules written the slow, obvious way, whole texts at a time, for
// tests and fuzzing to compare with. Shares only the Unicode tables with what is shipped.
#pragma once

#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace hearth::text {

class PlainTokenizer {
 public:
  explicit PlainTokenizer(TokenizerConfig config);

  // With offsets. Single texts only.
  Encoding Encode(std::string_view text, const EncodeOptions& options) const;

 private:
  struct Char {
    char32_t value = 0;
    Offset source;
  };
  using Text = std::vector<Char>;
  struct Token {
    int32_t id;
    Offset source;
  };
  // A stretch of text, or a token already.
  struct Part {
    Text text;
    int32_t id = -1;
  };

  Text Clean(const Text& text) const;
  Text SpaceCjk(const Text& text) const;
  Text StripAccents(const Text& text) const;
  Text Lower(const Text& text) const;
  Text Normalize(const Text& text) const;
  std::vector<Part> CutAdded(const Text& text, bool normalized) const;
  const AddedToken* LongestAdded(const Text& text, size_t at, bool normalized, size_t* size) const;
  void AddWords(const Text& text, std::vector<Token>* tokens) const;
  void AddWord(const Text& word, std::vector<Token>* tokens) const;

  TokenizerConfig config_;
  std::unordered_map<std::string, int32_t> ids_;
  std::vector<Text> added_;  // what each added token is matched as
};

}  // namespace hearth::text
