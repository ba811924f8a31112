// Small files that others write: tokens and settings.
#pragma once

#include <string>

#include "base/result.h"

namespace hearth::aws {

// The whole of a regular file. kNotFound, kIo (a folder, a pipe, no right to read), kTooLarge for
// more than `bytes_max`; each names `path`, never what is in it.
Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max);

}  // namespace hearth::aws
