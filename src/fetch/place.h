// A plain folder (or one file) that files are pulled into.
//
// Whoever writes to it holds the lock `.hearth-pull.lock` in it. A file that is already there and
// is the same is kept: by its checksum where the source has one, else by its size and by not being
// older than the source's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "fetch/checksum.h"

namespace hearth::fetch {

struct WantedFile {
  std::string name;  // relative to the folder; has passed CheckName
  uint64_t size = 0;
  std::vector<Checksum> checksums;
  std::optional<int64_t> modified;  // seconds since 1970
};

// True when `path` is a regular file that is `wanted`. Reads it all when there are checksums.
Result<bool> IsThere(const std::string& path, const WantedFile& wanted, const Cancel& cancel);

// Copies `from` to `to`, which appears whole or not at all. Bytes are told as they are written.
Status CopyFile(const std::string& from, const std::string& to, const Cancel& cancel,
                const std::function<void(uint64_t)>& on_bytes);

// Regular files below `folder` (links to files are followed, to folders not), sorted, with sizes.
Result<std::vector<WantedFile>> ListFolder(const std::string& folder);

}  // namespace hearth::fetch
