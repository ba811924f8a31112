// How much memory a container holds, from the files of its control group on this machine: an
// engine takes a second for one answer about it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace hearth::pool {

// Bytes in use without file pages that the kernel would give up first (the inactive ones), as
// `docker stats` counts. `pid`: of the container's first process, 0 when it is not known; finds the
// folder where the engine has put it elsewhere than usual. kNotFound: no folder of this container:
// it has ended, or the engine runs on another machine (Docker Desktop's).
// `root` is "" except in tests, where it is a folder that holds sys/fs/cgroup and proc.
Result<int64_t> ContainerMemoryBytes(const std::string& container, int64_t pid,
                                     const std::string& root = "");

}  // namespace hearth::pool
