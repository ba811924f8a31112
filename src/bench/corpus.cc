#include "bench/corpus.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "bench/random.h"

namespace hearth::bench {
namespace {

constexpr std::array kWords = {
    "the",     "of",       "and",      "to",       "in",     "is",       "was",     "for",
    "with",    "on",       "that",     "by",       "from",   "at",       "his",     "this",
    "their",   "which",    "are",      "be",       "one",    "two",      "time",    "year",
    "people",  "water",    "house",    "city",     "river",  "music",    "school",  "letter",
    "answer",  "question", "number",   "train",    "street", "morning",  "evening", "winter",
    "summer",  "garden",   "window",   "mountain", "market", "story",    "paper",   "machine",
    "engine",  "service",  "network",  "memory",   "model",  "language", "small",   "large",
    "old",     "new",      "quiet",    "early",    "late",   "warm",     "cold",    "green",
    "white",   "black",    "first",    "second",   "last",   "open",     "closed",  "simple",
    "walks",   "reads",    "writes",   "carries",  "opens",  "follows",  "builds",  "finds",
    "keeps",   "learns",   "sends",    "waits",    "works",  "plays",    "under",   "over",
    "between", "behind",   "before",   "after",    "during", "without",  "because", "while",
    "where",   "although", "together", "again",
};

std::string MakeText(int tokens, Random* random) {
  std::string text;
  for (int i = 0; i < tokens - 2; ++i) {
    if (i > 0) text += ' ';
    text += kWords[random->Below(kWords.size())];
  }
  return text;
}

struct Knot {
  double q;
  double tokens;
};
// The inverse distribution, linear in the logarithm of the length between these.
constexpr std::array kMixed = {Knot{.q = 0, .tokens = 4},      Knot{.q = 0.1, .tokens = 8},
                               Knot{.q = 0.25, .tokens = 14},  Knot{.q = 0.5, .tokens = 23},
                               Knot{.q = 0.75, .tokens = 37},  Knot{.q = 0.9, .tokens = 65},
                               Knot{.q = 0.99, .tokens = 148}, Knot{.q = 1, .tokens = 250}};

}  // namespace

std::string CorpusSpec::Name() const { return mixed ? "mixed" : std::to_string(tokens); }

Result<CorpusSpec> ParseCorpus(std::string_view text) {
  if (text == "mixed") return CorpusSpec{};
  int tokens = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tokens);
  if (error != std::errc() || end != text.data() + text.size() || tokens < 3 ||
      tokens > kCorpusTokensMax) {
    return Fail(Code::kUsage,
                "unknown corpus \"{}\": give \"mixed\" or a number of tokens from 3 to {}", text,
                kCorpusTokensMax);
  }
  return CorpusSpec{.mixed = false, .tokens = tokens};
}

int MixedLength(double q) {
  q = std::clamp(q, 0.0, 1.0);
  size_t right = 1;
  while (right + 1 < kMixed.size() && q > kMixed[right].q) ++right;
  const Knot& a = kMixed[right - 1];
  const Knot& b = kMixed[right];
  const double share = (q - a.q) / (b.q - a.q);
  return static_cast<int>(std::lround(a.tokens * std::pow(b.tokens / a.tokens, share)));
}

Corpus MakeCorpus(const CorpusSpec& spec, size_t count, uint64_t seed) {
  Random random(seed);
  Corpus corpus;
  // Lengths are a stratified sample, shuffled: every prefix of some hundred texts has the
  // distribution of the whole.
  for (size_t i = 0; i < count; ++i) {
    const double q = (static_cast<double>(i) + random.Unit()) / static_cast<double>(count);
    corpus.tokens.push_back(spec.mixed ? MixedLength(q) : spec.tokens);
  }
  for (size_t i = count; i > 1; --i)
    std::swap(corpus.tokens[i - 1], corpus.tokens[random.Below(i)]);
  for (const int tokens : corpus.tokens) corpus.texts.push_back(MakeText(tokens, &random));
  return corpus;
}

}  // namespace hearth::bench
