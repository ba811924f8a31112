// Folders, copies and flushes: what a pull does to a disk beside downloading. Any thread; failures
// are kIo and name the path, a full disk and a read-only one in words.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::fetch {

// The failure of writing `path` with this errno: what happened, and what to do.
tl::unexpected<Error> CannotWrite(const std::string& path, int error);

// Like mkdir -p.
Status MakeFolder(const std::string& path);

bool IsFolder(const std::string& path);

// Makes the folders of base/name that lie below `base`. A link in place of one of them is refused
// (kCorrupt): it would lead out of `base`. `base` itself may be one.
Status MakeParents(const std::string& base, const std::string& name);

// The folder that holds `path`: "." or what stands before the last "/".
std::string ParentOf(const std::string& path);

// Makes a rename in it last. Some file systems cannot flush a folder: that is not a failure.
Status FlushFolder(const std::string& folder);

}  // namespace hearth::fetch
