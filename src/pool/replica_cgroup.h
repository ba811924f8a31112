// ReplicaCgroups: control groups for process replicas, where the machine lets us make some: each
// replica gets its memory and CPU limits in a group hearth/POOL/rN below our own.
//
// cgroup v1: whoever may write below our own group, mostly root. cgroup v2: a group may hold either
// processes or groups with limits, so the replicas' stand beside ours, in a parent that systemd has
// delegated (Delegate= and DelegateSubgroup= in the unit). We never move ourselves. Where it is not
// allowed, replicas run without limits, and that is said once.
//
// Any thread, one at a time (the log line is said once per object).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "pool/replica.h"

namespace hearth::pool {

struct CgroupLimits {
  int64_t memory_bytes = 0;  // 0: none
  double cpu = 0;            // CPUs' worth of time; 0: none
};

// The groups of one replica: one folder (v2), or one per controller (v1). None: not allowed, or not
// asked for.
struct ReplicaGroup {
  std::vector<std::string> folders;
};

class ReplicaCgroups {
 public:
  // `pool`: a name that no other pool of this machine has. `root`: as of Cgroup (base/cgroup.h).
  ReplicaCgroups(std::string pool, const Log& log, std::string root = "");
  ~ReplicaCgroups();  // the groups above the replicas', when they are empty
  ReplicaCgroups(const ReplicaCgroups&) = delete;
  ReplicaCgroups& operator=(const ReplicaCgroups&) = delete;

  // No limit wanted: no group. What cannot be made is said, once.
  ReplicaGroup Make(ReplicaId replica, const CgroupLimits& limits);
  void Refused(std::string_view why);  // a replica could not join: said once, too
  // The groups that an earlier controller has made for this replica.
  ReplicaGroup Existing(ReplicaId replica) const;
  // Groups of this pool without a process go.
  void RemoveEmpty() const;

 private:
  // "" when there can be none.
  std::string FolderV2();
  std::string FolderV1(std::string_view controller);
  bool Prepare(const std::string& base, bool v2) const;

  const std::string pool_;
  const Log& log_;
  const std::string root_;
  bool said_ = false;
};

// Processes in it that the kernel has killed for memory.
int64_t OomKills(const ReplicaGroup& group);
// SIGKILL to every process in it.
void KillAll(const ReplicaGroup& group);
// False: a process is still in it.
bool Remove(const ReplicaGroup& group);

}  // namespace hearth::pool
