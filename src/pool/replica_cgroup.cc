#include "pool/replica_cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/cgroup.h"
#include "base/unique_fd.h"

namespace hearth::pool {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPeriodMicroseconds = 100'000;
constexpr int64_t kQuotaLeast = 1'000;  // the kernel's own

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool MakeFolder(const std::string& path) {
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
}

// O_CREAT changes nothing in the kernel's own file system; a fake one in tests needs it.
bool WriteTo(const std::string& file, const std::string& text) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return fd.valid() &&
         ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// systemd says so on the folder of a unit with Delegate=.
bool IsDelegated(const std::string& folder) {
  std::array<char, 2> value{};
  return std::ranges::any_of(
      std::array{"user.delegate", "trusted.delegate"}, [&](const char* name) {
        return ::getxattr(folder.c_str(), name, value.data(), 1) == 1 && value[0] == '1';
      });
}

int64_t QuotaOf(double cpu) {
  return std::max(kQuotaLeast, static_cast<int64_t>(std::llround(cpu * kPeriodMicroseconds)));
}

std::string FirstThere(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    if (Exists(folder)) return folder;
  }
  return "";
}

std::string OwnV1(const Cgroup& cgroup, std::string_view controller) {
  std::vector<std::string> folders;
  cgroup.VisitV1(controller, [&](const std::string& folder) { folders.push_back(folder); });
  return FirstThere(folders);
}

std::string OwnV2(const Cgroup& cgroup) {
  std::vector<std::string> folders;
  cgroup.VisitV2([&](const std::string& folder) { folders.push_back(folder); });
  return FirstThere(folders);
}

bool IsV2(const std::string& root) { return Exists(root + "/sys/fs/cgroup/cgroup.controllers"); }

// hearth/POOL below each place where it may be.
std::vector<std::string> PoolFolders(const std::string& root, const std::string& pool) {
  const Cgroup cgroup(root);
  std::vector<std::string> bases;
  if (IsV2(root)) {
    const std::string own = OwnV2(cgroup);
    bases = {own, own.substr(0, own.find_last_of('/'))};
  } else {
    bases = {OwnV1(cgroup, "memory"), OwnV1(cgroup, "cpu")};
  }
  std::vector<std::string> out;
  for (const std::string& base : bases) {
    std::string folder = fmt::format("{}/hearth/{}", base, pool);
    if (!base.empty() && Exists(folder)) out.push_back(std::move(folder));
  }
  return out;
}

}  // namespace

ReplicaCgroups::ReplicaCgroups(std::string pool, const Log& log, std::string root)
    : pool_(std::move(pool)), log_(log), root_(std::move(root)) {}

ReplicaCgroups::~ReplicaCgroups() {
  for (const std::string& folder : PoolFolders(root_, pool_)) {
    ::rmdir(folder.c_str());
    ::rmdir(folder.substr(0, folder.find_last_of('/')).c_str());
  }
}

bool ReplicaCgroups::Prepare(const std::string& base, bool v2) const {
  const std::string hearth = base + "/hearth";
  const std::string pool = hearth + "/" + pool_;
  if (!v2) return MakeFolder(hearth) && MakeFolder(pool);
  // In v2 each level says which controllers the next one has.
  const auto pass_on = [](const std::string& folder) {
    return WriteTo(folder + "/cgroup.subtree_control", "+memory +cpu");
  };
  return pass_on(base) && MakeFolder(hearth) && pass_on(hearth) && MakeFolder(pool) &&
         pass_on(pool);
}

std::string ReplicaCgroups::FolderV1(std::string_view controller) {
  const std::string own = OwnV1(Cgroup(root_), controller);
  if (own.empty()) {
    Refused(fmt::format("there is no cgroup controller \"{}\"", controller));
    return "";
  }
  if (Prepare(own, false)) return fmt::format("{}/hearth/{}", own, pool_);
  Refused(fmt::format("{}/hearth: {}", own, std::strerror(errno)));
  return "";
}

std::string ReplicaCgroups::FolderV2() {
  const std::string own = OwnV2(Cgroup(root_));
  const std::string parent = own.substr(0, own.find_last_of('/'));
  if (IsDelegated(parent) && Prepare(parent, true)) {
    return fmt::format("{}/hearth/{}", parent, pool_);
  }
  if (Prepare(own, true)) return fmt::format("{}/hearth/{}", own, pool_);
  Refused(
      fmt::format("{} is not delegated with a group of its own for hearth (systemd: "
                  "Delegate=yes, DelegateSubgroup=controller)",
                  own));
  return "";
}

void ReplicaCgroups::Refused(std::string_view why) {
  if (std::exchange(said_, true)) return;
  log_.Warn("Replicas run without memory and CPU limits: no control groups for them",
            {{"why", why}});
}

ReplicaGroup ReplicaCgroups::Make(ReplicaId replica, const CgroupLimits& limits) {
  ReplicaGroup group;
  const auto make = [&](const std::string& pool_folder, const auto& set) {
    if (pool_folder.empty()) return;
    const std::string folder = pool_folder + "/" + ToString(replica);
    if (MakeFolder(folder) && set(folder)) {
      group.folders.push_back(folder);
      return;
    }
    Refused(fmt::format("{}: {}", folder, std::strerror(errno)));
    ::rmdir(folder.c_str());
  };
  const bool memory = limits.memory_bytes > 0;
  const bool cpu = limits.cpu > 0;
  if (!memory && !cpu) return group;
  const std::string bytes = fmt::format("{}", limits.memory_bytes);
  const int64_t quota = QuotaOf(limits.cpu);
  if (IsV2(root_)) {
    make(FolderV2(), [&](const std::string& folder) {
      return (!memory || WriteTo(folder + "/memory.max", bytes)) &&
             (!cpu ||
              WriteTo(folder + "/cpu.max", fmt::format("{} {}", quota, kPeriodMicroseconds)));
    });
    return group;
  }
  if (memory) {
    make(FolderV1("memory"), [&](const std::string& folder) {
      return WriteTo(folder + "/memory.limit_in_bytes", bytes);
    });
  }
  if (cpu) {
    make(FolderV1("cpu"), [&](const std::string& folder) {
      return WriteTo(folder + "/cpu.cfs_period_us", fmt::format("{}", kPeriodMicroseconds)) &&
             WriteTo(folder + "/cpu.cfs_quota_us", fmt::format("{}", quota));
    });
  }
  return group;
}

ReplicaGroup ReplicaCgroups::Existing(ReplicaId replica) const {
  ReplicaGroup group;
  for (const std::string& folder : PoolFolders(root_, pool_)) {
    const std::string own = folder + "/" + ToString(replica);
    if (Exists(own)) group.folders.push_back(own);
  }
  return group;
}

void ReplicaCgroups::RemoveEmpty() const {
  for (const std::string& folder : PoolFolders(root_, pool_)) {
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
      if (at->is_directory(failed)) ::rmdir(at->path().c_str());
    }
  }
}

int64_t OomKills(const ReplicaGroup& group) {
  int64_t most = 0;
  for (const std::string& folder : group.folders) {
    for (const char* file : {"/memory.events", "/memory.oom_control"}) {
      most = std::max(most, ReadKey(folder + file, "oom_kill").value_or(0));
    }
  }
  return most;
}

void KillAll(const ReplicaGroup& group) {
  for (const std::string& folder : group.folders) {
    std::ifstream file(folder + "/cgroup.procs");
    for (pid_t pid = 0; file >> pid;) {
      if (pid > 1) ::kill(pid, SIGKILL);
    }
  }
}

bool Remove(const ReplicaGroup& group) {
  bool removed = true;
  for (const std::string& folder : group.folders) {
    if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) removed = false;
  }
  return removed;
}

}  // namespace hearth::pool
