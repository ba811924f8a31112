// Small files that only their owner may read (mode 0600) and that are replaced as a whole.
//
// A reader sees the old text or the new one, never a part. Any thread; one writer per path.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::pool {

// kDisk: also after the machine lost its power. kProcess: only after this process was killed, which
// costs no wait for the disk.
enum class Survives { kProcess, kDisk };

// kIo naming the path and the remedy; the old text stays.
Status ReplacePrivateFile(const std::string& path, std::string_view text, Survives survives);

}  // namespace hearth::pool
