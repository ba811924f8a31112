// The tokenizer's part of a Hugging Face folder: tokenizer.json, or else vocab.txt with
// tokenizer_config.json.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "text/tokenizer.h"

namespace hearth::model {

// tokenizer.json wins over vocab.txt, and an option of tokenizer_config.json over both, as in
// transformers. The truncation and padding of tokenizer.json are ignored. `notes` gets a line for
// each option that was overridden.
Result<text::TokenizerConfig> ReadHfTokenizer(const std::string& folder,
                                              std::vector<std::string>* notes);

}  // namespace hearth::model
