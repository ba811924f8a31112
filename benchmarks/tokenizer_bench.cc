// Tokenises the texts of a file, one a line, for as long as told: one JSON line with the rate. One
// thread.
//
//   tokenizer_bench VOCAB TEXTS SECONDS
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "text/set_up.h"
#include "text/tokenizer.h"

namespace {

using Clock = std::chrono::steady_clock;
using hearth::text::Encoding;
using hearth::text::Tokenizer;

std::vector<std::string> ReadLines(const char* path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  auto config = hearth::text::ReadVocabulary(argv[1]);
  for (const char* line : {"added 0 - [PAD]", "added 100 - [UNK]", "added 101 - [CLS]",
                           "added 102 - [SEP]", "added 103 - [MASK]"}) {
    hearth::text::SetUp(line, &config);
  }
  const std::vector<std::string> texts = ReadLines(argv[2]);
  const double limit = std::atof(argv[3]);
  const auto pack_start = Clock::now();
  const auto block = Tokenizer::Pack(config);
  if (!block || texts.empty()) {
    std::cerr << (block ? "no texts" : block.error().message) << "\n";
    return 1;
  }
  const double pack_ms = Seconds(pack_start) * 1e3;
  const auto open_start = Clock::now();
  const auto tokenizer = Tokenizer::Open(*block);
  const double open_us = Seconds(open_start) * 1e6;
  Encoding encoding;
  size_t bytes = 0;
  size_t tokens = 0;
  const auto start = Clock::now();
  while (Seconds(start) < limit) {
    for (const std::string& text : texts) {
      tokenizer->Encode(text, {}, &encoding);
      bytes += text.size();
      tokens += encoding.ids.size();
    }
  }
  const double seconds = Seconds(start);
  std::cout
      << fmt::format(
             R"({{"bytes_per_second":{:.0f},"tokens_per_second":{:.0f},"pack_ms":{:.1f},"open_us":{:.2f},"block_bytes":{}}})",
             static_cast<double>(bytes) / seconds, static_cast<double>(tokens) / seconds, pack_ms,
             open_us, block->size())
      << "\n";
  return 0;
}
