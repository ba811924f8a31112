// Limits of this process's container, and the folders where model caches are looked for.
#include <sys/statvfs.h>
#include <unistd.h>

#include <optional>

#include "base/cpu_quota.h"
#include "base/memory_limit.h"
#include "doctor/cache_names.h"
#include "doctor/gather_local.h"

namespace hearth::doctor {
namespace {

// As a replica will see it: [replica] env, then this process's environment.
std::optional<std::string> Value(const LocalOptions& options, std::string_view name) {
  const auto& own = options.config.replica.env;
  const auto found = own.find(std::string(name));
  if (found != own.end()) return found->second;
  return options.env(name);
}

MachineFacts::Folder LookAt(std::string path, std::string_view why) {
  MachineFacts::Folder folder{std::move(path), std::string(why), false, false, false, {}};
  folder.exists = ::access(folder.path.c_str(), F_OK) == 0;
  folder.readable = ::access(folder.path.c_str(), R_OK | X_OK) == 0;
  folder.writable = ::access(folder.path.c_str(), W_OK) == 0;
  struct statvfs disk{};
  if (folder.exists && ::statvfs(folder.path.c_str(), &disk) == 0) {
    folder.free_bytes = static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize);
  }
  return folder;
}

}  // namespace

MachineFacts LookAtMachine(const LocalOptions& options) {
  MachineFacts machine;
  machine.memory_limit_bytes = ReadMemoryBudget(options.root).limit;
  machine.cpus = ThreadsFor(ReadCpuBudget(options.root));
  machine.user = ::geteuid();
  for (const std::string_view name : kCacheVariables) {
    const auto value = Value(options, name);
    if (!value || value->empty()) continue;
    machine.env.emplace(name, *value);
    machine.folders.push_back(LookAt(*value, name));
  }
  const auto home = Value(options, "HOME");
  if (machine.folders.empty() && home && !home->empty()) {
    machine.env.emplace("HOME", *home);
    // Not there yet is fine: it is made by the first download.
    MachineFacts::Folder folder = LookAt(*home + "/.cache/huggingface", "~/.cache/huggingface");
    if (!folder.exists) folder = LookAt(*home, "HOME");
    if (!folder.exists || folder.why != "HOME") machine.folders.push_back(std::move(folder));
  }
  return machine;
}

}  // namespace hearth::doctor
