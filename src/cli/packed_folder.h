// A folder that holds a packed file in place of a model folder, as the container image's does:
// `hearth pull FOLDER --pack` copies it, since there is nothing left to pack.
#pragma once

#include <string>

#include "base/cancel.h"
#include "base/result.h"
#include "cli/pack_choices.h"

namespace hearth::cli {

// The packed file in `folder`; empty when it has a config.json, no *.hearth, or several.
std::string PackedFileIn(const std::string& folder);

// kUsage when something is chosen that only packing can do.
Status NothingToChoose(const PackChoices& choices, const std::string& packed);

// Copies `from` to `to`, which appears whole or not at all, and only if its contents match its own
// SHA-256. kCancelled when `cancel` fires.
Status CopyPacked(const std::string& from, const std::string& to, const Cancel& cancel);

}  // namespace hearth::cli
