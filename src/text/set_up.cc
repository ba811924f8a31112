#include "text/set_up.h"

#include <fstream>
#include <sstream>

namespace hearth::text {
namespace {

void SetSwitch(const std::string& name, bool on, TokenizerConfig* config) {
  if (name == "clean_text") config->clean_text = on;
  if (name == "handle_chinese_chars") config->handle_chinese_chars = on;
  if (name == "strip_accents") config->strip_accents = on;
  if (name == "lowercase") config->lowercase = on;
}

}  // namespace

TokenizerConfig ReadVocabulary(const std::string& path) {
  TokenizerConfig config;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) config.vocab.push_back(line);
  return config;
}

void SetUp(const std::string& line, TokenizerConfig* config) {
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  if (kind == "switch") {
    std::string name;
    bool on = false;
    words >> name >> on;
    SetSwitch(name, on, config);
  } else if (kind == "added") {
    AddedToken token;
    std::string flags;
    words >> token.id >> flags;
    words.get();
    std::getline(words, token.content, '\0');
    const auto has = [&](char flag) { return flags.find(flag) != std::string::npos; };
    token.normalized = has('n');
    token.single_word = has('s');
    token.lstrip = has('l');
    token.rstrip = has('r');
    config->added_tokens.push_back(token);
  }
}

}  // namespace hearth::text
