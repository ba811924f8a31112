// The packed file that the pool's replicas serve: used where it is, or brought and packed once into
// the pool's state folder (models/, named by a digest of the source) and used from there
// afterwards.
#pragma once

#include <string>

#include "base/cancel.h"
#include "base/log.h"
#include "base/result.h"

namespace hearth::cli {

struct PackedModel {
  std::string path;    // absolute
  std::string sha256;  // of its contents, as its header says
};

// What can be known of `source` without the network: that it names a source, that what is on this
// machine is there, and that a packed file is one. So that `hearth up` fails before it listens.
Status CheckSource(const std::string& source);

// Whether `source` is there to be used at once: a packed file, or one of the hub or S3 that has
// been packed before. A model that was brought is not asked for again: a restart must not change
// what the pool runs. (Delete the file, or `hearth roll`, for a newer one.)
bool IsAtHand(const std::string& source, const std::string& state_dir);

// Blocks: the network and the disk. `style`: what is said on the way. kCancelled when `cancel`
// fires.
struct BringOptions {
  std::string source;
  std::string state_dir;
  bool terminal = false;  // a bar; else log lines
  LogFormat log = LogFormat::kJson;
  Cancel* cancel = nullptr;
};
Result<PackedModel> BringModel(const BringOptions& options);

}  // namespace hearth::cli
