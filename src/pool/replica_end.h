// How a replica's process ended, in the words of status and log.
#pragma once

#include "pool/backend.h"
#include "pool/replica_cgroup.h"
#include "pool/replica_process.h"

namespace hearth::pool {

// Reads what the kernel has counted in the replica's control groups; no group: a kill for memory
// looks like any other signal 9.
ReplicaExit Explain(ReplicaId replica, const ReplicaGroup& group, const ProcessEnd& end);

}  // namespace hearth::pool
