// hearth pull --pack: from a source to one packed file, and knowing when it is there already.
//
// Beside FILE lies FILE.source.json, which says what FILE was packed from: source, revision, the
// choices of packing, and the SHA-256 in FILE's header. When all of it is what is asked for now and
// FILE is sound, there is nothing to do.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/pack_choices.h"
#include "fetch/pull.h"

namespace hearth::cli {

struct PackedPull {
  fetch::Pulled pulled;  // path: the packed file
  bool was_there = false;
  std::string text;  // what was packed, in one line
  std::vector<std::string> notes;
};

// `options.output` is the packed file. Files of the hub stay in its cache; objects of S3 are kept
// beside the file until it is packed; a folder is packed from where it is.
Result<PackedPull> PullPacked(fetch::PullOptions options, const PackChoices& choices);

}  // namespace hearth::cli
