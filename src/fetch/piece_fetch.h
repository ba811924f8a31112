// One try at one piece: the request, redirects, the body into the file. Not thread-safe: each
// thread has its own Web.
#pragma once

#include <cstdint>

#include "fetch/job.h"
#include "fetch/retry_wait.h"
#include "fetch/web.h"

namespace hearth::fetch {

enum class PieceOutcome {
  kDone,
  kDropped,  // not wanted any more: the file is brought in another way
  kFailed,
};

struct PieceTry {
  PieceOutcome outcome = PieceOutcome::kFailed;
  Failure failure;       // of kFailed
  uint64_t reached = 0;  // how far the piece has come, in the file
};

// Asks for `piece` from `from` on. `from` > the piece's begin: an earlier try came so far.
PieceTry TryPiece(Job* job, const Piece& piece, uint64_t from, Web* web);

}  // namespace hearth::fetch
