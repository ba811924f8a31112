// PiecePlan: which piece of a file is asked for next. Pure; the caller has the lock.
//
// A file is brought in pieces of at most `piece_bytes`, each asked for by one thread until it is
// whole. A server that answers with the whole file where a range was asked for makes the plan one
// piece from byte 0 on, with a new generation: what threads still bring of older ones is dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "fetch/range_set.h"

namespace hearth::fetch {

struct Piece {
  Range range;
  bool whole = false;  // the whole file, asked for without a Range
  uint32_t generation = 0;
};

class PiecePlan {
 public:
  PiecePlan(uint64_t size, uint64_t piece_bytes, const RangeSet& done);

  std::optional<Piece> Next();  // nothing: all are taken
  // Bytes that have been written. False when the piece's generation has passed: they do not count.
  bool Arrived(const Piece& piece, Range range);
  // The server has no ranges: all starts over as one stream. The first caller of a generation
  // decides, later ones change nothing.
  void OneStream(uint32_t generation);

  bool complete() const { return done_.total() == size_; }
  bool current(const Piece& piece) const { return piece.generation == generation_; }
  const RangeSet& done() const { return done_; }

 private:
  uint64_t size_;
  uint32_t generation_ = 0;
  RangeSet done_;
  std::deque<Piece> waiting_;
};

}  // namespace hearth::fetch
