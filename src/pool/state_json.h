// The files of the state directory as text: printed and read back. Pure.
//
// A key that is missing keeps its default, an unknown one is passed over, so that versions of
// hearth can follow each other; a value of the wrong type is kCorrupt and names the key.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "pool/backend.h"
#include "pool/state_dir.h"

namespace hearth::pool {

std::string PrintSpec(const ReplicaSpec& spec);

std::string PrintState(const StoredState& state);
Result<StoredState> ParseState(std::string_view text);

std::string PrintReplica(const ReplicaHandle& replica);
Result<ReplicaHandle> ParseReplica(std::string_view text);

std::string PrintAdmin(const AdminAddress& admin);
Result<AdminAddress> ParseAdmin(std::string_view text);

}  // namespace hearth::pool
