// Normalizer: BertNormalizer as a stream. Takes the characters of a text one by one and gives its
// sink the normalised ones, each with the bytes it came from:
//
//   delete or blank (clean_text) → spaces around CJK → NFD, canonical order, drop marks
//   (strip_accents) → lower case
//
// The oracle aligns marks by position when canonical order moves them: the nth character that
// begins a decomposition gets the nth source character's bytes. That matters for the few marks that
// are not dropped.
//
// Sink: void Take(char32_t c, uint8_t flags, Offset source), flags as in CharInfo.
#pragma once

#include <algorithm>
#include <array>

#include "text/block.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace hearth::text {

template <typename Sink>
class Normalizer {
 public:
  Normalizer(uint32_t switches, Scratch* scratch, Sink* sink)
      : switches_(switches), marks_(scratch->marks), sources_(scratch->sources), sink_(*sink) {
    marks_.clear();
    sources_.clear();
  }

  void Push(char32_t c, Offset source) {
    const CharInfo& info = InfoOf(c);
    if (Has(kCleanText)) {
      if ((info.flags & kDeleted) != 0) return;
      if ((info.flags & kWhiteSpace) != 0) return Decompose(U' ', InfoOf(U' '), source);
    }
    if (Has(kHandleCjk) && (info.flags & kCjk) != 0) {
      Decompose(U' ', InfoOf(U' '), source);
      Decompose(c, info, source);
      return Decompose(U' ', InfoOf(U' '), source);
    }
    Decompose(c, info, source);
  }

  // The text ends, or goes on with a character that nothing before it can combine with.
  void Flush() {
    if (in_run_) EndRun();
  }

 private:
  bool Has(uint32_t bit) const { return (switches_ & bit) != 0; }

  void Decompose(char32_t c, const CharInfo& info, Offset source) {
    if (!Has(kStripAccents)) return Lower(c, info, source);
    if (IsHangulSyllable(c)) {
      char32_t jamo[3];
      const uint32_t size = DecomposeHangul(c, jamo);
      for (uint32_t i = 0; i < size; ++i) Order(jamo[i], InfoOf(jamo[i]), source, i == 0);
      return;
    }
    if (info.decomposition_size == 0) return Order(c, info, source, true);
    for (uint32_t i = 0; i < info.decomposition_size; ++i) {
      const char32_t part = char_sequence[info.decomposition + i];
      Order(part, InfoOf(part), source, i == 0);
    }
  }

  // Starters pass; marks wait for the end of their run. `first` of its source character's
  // decomposition.
  void Order(char32_t c, const CharInfo& info, Offset source, bool first) {
    const bool dropped = (info.flags & kDroppedMark) != 0;
    if (info.order == 0) {
      Flush();
      starter_ = source;
      has_starter_ = true;
      if (!dropped) Lower(c, info, source);
      return;
    }
    BeginRun();
    if (first) {
      ++firsts_[info.order];
      sources_.push_back(source);
    }
    if (!dropped) marks_.push_back({c, info.order, firsts_[info.order]});
  }

  void BeginRun() {
    if (in_run_) return;
    in_run_ = true;
    firsts_.fill(0);
    marks_.clear();
    sources_.clear();
    if (has_starter_) sources_.push_back(starter_);
  }

  void EndRun() {
    in_run_ = false;
    size_t before = has_starter_ ? 1 : 0;
    for (uint32_t order = 1, left = static_cast<uint32_t>(marks_.size());
         left > 0 && order < kOrders; ++order) {
      for (const Scratch::Mark& mark : marks_) {
        if (mark.order != order) continue;
        const size_t source = std::max<size_t>(before + mark.firsts, 1) - 1;
        Lower(mark.value, InfoOf(mark.value), sources_[source]);
        --left;
      }
      before += firsts_[order];
    }
  }

  void Lower(char32_t c, const CharInfo& info, Offset source) {
    if (!Has(kLowercase) || (info.lower_size == 1 && info.lower == 0))
      return sink_.Take(c, info.flags, source);
    if (info.lower_size == 1) {
      return sink_.Take(static_cast<char32_t>(static_cast<int32_t>(c) + info.lower), info.flags,
                        source);
    }
    for (int32_t i = 0; i < info.lower_size; ++i) {
      sink_.Take(char_sequence[info.lower + i], info.flags, source);
    }
  }

  const uint32_t switches_;
  std::vector<Scratch::Mark>& marks_;  // those of the run that stay
  std::vector<Offset>& sources_;       // of the run, the starter before it first
  Sink& sink_;
  Offset starter_;
  bool has_starter_ = false;
  bool in_run_ = false;
  std::array<uint32_t, kOrders>
      firsts_;  // how many characters of the run begin a decomposition, by order
};

}  // namespace hearth::text
