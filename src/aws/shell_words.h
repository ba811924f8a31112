// A command line cut into words as credential_process is read: by a POSIX shell's quotes, without a
// shell. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::aws {

// '…' as it stands; "…" with \" and \\; \x outside of quotes is x. Nothing is expanded, "#" and
// "|" mean nothing. kInvalidArgument for a quote that is not closed and a "\" at the end.
Result<std::vector<std::string>> SplitWords(std::string_view line);

}  // namespace hearth::aws
