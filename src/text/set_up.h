// Tokenizers for tests, the comparison with the oracle and fuzzing, set up by lines of words:
//
//   switch clean_text|handle_chinese_chars|strip_accents|lowercase 0|1
//   added ID FLAGS CONTENT        FLAGS: some of n(ormalised) s(ingle word) l(strip) r(strip), or -
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace hearth::text {

// The pieces of a vocab.txt, one a line; empty when the file cannot be read.
TokenizerConfig ReadVocabulary(const std::string& path);

void SetUp(const std::string& line, TokenizerConfig* config);

}  // namespace hearth::text
