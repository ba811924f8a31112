// What the hub's API says, read. Pure. kCorrupt for what is not what was expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::fetch {

struct HubFile {
  std::string name;
  uint64_t size = 0;
  std::string git_sha1;  // of the file, or of the pointer when it is a large one
  std::string sha256;    // of large files (LFS); else empty
};

// GET /api/models/{repository}/revision/{revision}: the commit.
Result<std::string> ReadCommit(std::string_view body);

// GET /api/models/{repository}/tree/{commit}?recursive=true: the files of one page.
Result<std::vector<HubFile>> ReadTree(std::string_view body);

// The target of rel="next" in a Link header.
std::optional<std::string> NextPage(std::string_view link);

}  // namespace hearth::fetch
