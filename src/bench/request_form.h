// The three ways of asking an embedding server: the seed application's, text-embeddings-inference's
// and OpenAI's.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::bench {

enum class Form {
  kSeed,    // POST /embed          {"text": "…"} → {"embedding": […]}; one text a request
  kTei,     // POST /embed          {"inputs": ["…", …]} → [[…], …]
  kOpenAi,  // POST /v1/embeddings  {"input": ["…", …], "model": "…"} → {"data": [{"embedding":
            // […]}, …]}
};

Result<Form> ParseForm(std::string_view name);  // "seed", "tei", "openai"
std::string_view NameOf(Form form);
std::string_view PathOf(Form form);

// The JSON body that asks for `texts`. kUsage when the seed's form is to carry more than one.
Result<std::string> MakeBody(Form form, std::span<const std::string> texts);

// The number of vectors in a 200 answer and their length; kCorrupt, saying what is wrong, when it
// holds no such thing.
struct AnswerShape {
  size_t vectors = 0;
  size_t dimensions = 0;
};
Result<AnswerShape> ReadAnswer(Form form, std::string_view body);

}  // namespace hearth::bench
