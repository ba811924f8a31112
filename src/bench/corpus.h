// The texts that a load sends, the same on every machine for the same specification and seed.
//
// Words are everyday English that MiniLM's vocabulary (bert-base-uncased) holds whole, so a text of
// n words is n + 2 tokens with [CLS] and [SEP]. For another vocabulary the lengths are near, not
// exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::bench {

inline constexpr int kCorpusTokensMax = 512;

// "mixed", or every text of one length.
struct CorpusSpec {
  bool mixed = true;
  int tokens = 0;  // of a fixed corpus: 3 … kCorpusTokensMax

  std::string Name() const;  // "mixed", "16"
};

// "mixed" or a number of tokens; kInvalidArgument names what is allowed.
Result<CorpusSpec> ParseCorpus(std::string_view text);

struct Corpus {
  std::vector<std::string> texts;
  std::vector<int> tokens;  // of each text
};

// `count` texts. Mixed lengths follow the quantiles of short search queries, sentences and a few
// paragraphs: mean 32, median 23, p90 65, p99 148, at most 250 tokens.
Corpus MakeCorpus(const CorpusSpec& spec, size_t count, uint64_t seed);

// Length in tokens at quantile q (0 … 1) of the mixed corpus.
int MixedLength(double q);

}  // namespace hearth::bench
