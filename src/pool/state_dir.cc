#include "pool/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "base/text_file.h"
#include "pool/private_file.h"
#include "pool/state_json.h"

namespace hearth::pool {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLogsKept = 50;
constexpr std::string_view kDamaged = ".damaged";

tl::unexpected<Error> CannotMake(const std::string& path, const std::string& why) {
  return Fail(
      Code::kIo,
      "cannot make the state folder \"{}\": {}; let [pool] state_dir name a folder that can "
      "be written",
      path, why);
}

Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  const int error = errno;
  std::error_code failed;
  if (error == EEXIST && fs::is_directory(path, failed)) return {};
  return CannotMake(path, std::strerror(error));
}

// What is in the lock file: the pid of whoever has taken it last; 0 when nothing sensible is.
int PidIn(const std::string& lock_path) {
  const std::string text = ReadText(lock_path).value_or("");
  int pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

Result<UniqueFd> TakeLock(const std::string& path) {
  const std::string lock_path = path + "/lock";
  UniqueFd fd(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return CannotMake(lock_path, std::strerror(errno));
  // Whoever has just taken it writes its pid a moment later.
  for (int look = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++look) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) {
      return Fail(Code::kIo,
                  "cannot lock \"{}\": {}; let [pool] state_dir name a folder on a local disk",
                  lock_path, std::strerror(errno));
    }
    const int pid = PidIn(lock_path);
    if (pid > 0 || look >= 20) {
      return Fail(Code::kUnavailable,
                  "another hearth (pid {}) runs the pool in \"{}\": end it with `hearth down`, or "
                  "give this one a [pool] state_dir of its own",
                  pid > 0 ? std::to_string(pid) : "unknown", path);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return Fail(Code::kIo, "cannot write \"{}\": {}", lock_path, std::strerror(errno));
  }
  return fd;
}

// The number in "r7.json", "r7.log": 0 for any other name.
uint64_t IdIn(std::string_view name, std::string_view ending) {
  if (name.size() < 2 || name[0] != 'r' || !name.ends_with(ending)) return 0;
  name = name.substr(1, name.size() - 1 - ending.size());
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  return error == std::errc() && end == name.data() + name.size() ? id : 0;
}

// The replicas that have a file with this ending in the folder, by number.
std::vector<uint64_t> IdsIn(const std::string& folder, std::string_view ending) {
  std::vector<uint64_t> ids;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (const uint64_t id = IdIn(name, ending); id > 0) ids.push_back(id);
  }
  std::ranges::sort(ids);
  return ids;
}

std::string ReplicaPath(const std::string& path, uint64_t id) {
  return fmt::format("{}/replicas/r{}.json", path, id);
}

// Absent when there is no such file.
Result<std::optional<std::string>> ReadWhole(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::optional<std::string>();
  auto text = ReadText(path);
  if (!text) return Fail(Code::kIo, "cannot read \"{}\": {}", path, std::strerror(errno));
  return text;
}

}  // namespace

Result<StateDir> StateDir::Open(const std::string& path, const Log* log) {
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  if (failed) return CannotMake(path, failed.message());
  fs::create_directories(absolute.parent_path(), failed);
  if (failed) return CannotMake(path, failed.message());
  if (Status made = MakeFolder(absolute.string()); !made) return Forward(made);
  const std::string whole = fs::canonical(absolute, failed).string();
  if (failed) return CannotMake(path, failed.message());
  auto lock = TakeLock(whole);
  if (!lock) return Forward(lock);
  for (const char* folder : {"/replicas", "/logs", "/run"}) {
    if (Status made = MakeFolder(whole + folder); !made) return Forward(made);
  }
  return StateDir(whole, std::move(*lock), log);
}

StateDir::StateDir(std::string path, UniqueFd lock, const Log* log)
    : path_(std::move(path)), lock_(std::move(lock)), log_(log) {}
StateDir::StateDir(StateDir&&) noexcept = default;

StateDir::~StateDir() {
  if (lock_.valid()) ::unlink((path_ + "/admin.json").c_str());
}

void StateDir::MoveAside(const std::string& file, const std::string& why) const {
  const std::string aside = file + std::string(kDamaged);
  ::rename(file.c_str(), aside.c_str());
  if (log_ != nullptr) {
    log_->Warn("A damaged file of the pool's state is left out",
               {{"file", std::string_view(file)},
                {"why", std::string_view(why)},
                {"moved_to", std::string_view(aside)}});
  }
}

Result<StoredState> StateDir::Load() {
  const std::string file = path_ + "/state.json";
  const auto text = ReadWhole(file);
  if (!text) return tl::unexpected<Error>(text.error());
  StoredState state;
  if (*text) {
    if (auto parsed = ParseState(**text); parsed) {
      state = std::move(*parsed);
    } else {
      MoveAside(file, parsed.error().message);
    }
  }
  for (const auto& ids : {IdsIn(path_ + "/replicas", ".json"), IdsIn(path_ + "/logs", ".log")}) {
    if (!ids.empty()) state.next_replica = std::max(state.next_replica, ids.back() + 1);
  }
  return state;
}

Status StateDir::Save(const StoredState& state) {
  return ReplacePrivateFile(path_ + "/state.json", PrintState(state), Survives::kDisk);
}

// A machine that goes down takes the replicas along: no need to wait for the disk.
Status StateDir::SaveReplica(const ReplicaHandle& replica) {
  return ReplacePrivateFile(ReplicaPath(path_, replica.id.value), PrintReplica(replica),
                            Survives::kProcess);
}

void StateDir::ForgetReplica(ReplicaId replica) {
  ::unlink(ReplicaPath(path_, replica.value).c_str());
  ::unlink(fmt::format("{}/run/{}.sock", path_, ToString(replica)).c_str());
  RemoveOldLogs();
}

void StateDir::RemoveOldLogs() const {
  const std::vector<uint64_t> logs = IdsIn(path_ + "/logs", ".log");
  if (logs.size() <= kLogsKept) return;
  const std::vector<uint64_t> running = IdsIn(path_ + "/replicas", ".json");
  for (size_t i = 0; i + kLogsKept < logs.size(); ++i) {
    if (!std::ranges::binary_search(running, logs[i])) {
      ::unlink(LogPath(ReplicaId{logs[i]}).c_str());
    }
  }
}

Result<std::vector<ReplicaHandle>> StateDir::LoadReplicas() {
  std::vector<ReplicaHandle> replicas;
  for (const uint64_t id : IdsIn(path_ + "/replicas", ".json")) {
    const std::string file = ReplicaPath(path_, id);
    const auto text = ReadWhole(file);
    if (!text) return tl::unexpected<Error>(text.error());
    if (!*text) continue;
    auto replica = ParseReplica(**text);
    if (replica && replica->id.value != id) replica = Fail(Code::kCorrupt, "its \"id\" differs");
    if (replica) {
      replicas.push_back(std::move(*replica));
    } else {
      MoveAside(file, replica.error().message);
    }
  }
  return replicas;
}

Status StateDir::SaveAdmin(const AdminAddress& admin) {
  return ReplacePrivateFile(path_ + "/admin.json", PrintAdmin(admin), Survives::kProcess);
}

std::string StateDir::LogPath(ReplicaId replica) const {
  return fmt::format("{}/logs/{}.log", path_, ToString(replica));
}

std::string StateDir::SocketPath(ReplicaId replica) const {
  std::string path = fmt::format("{}/run/{}.sock", path_, ToString(replica));
  return path.size() < sizeof(sockaddr_un::sun_path) ? path : "";
}

Result<AdminAddress> StateDir::LoadAdmin(const std::string& path) {
  const std::string file = path + "/admin.json";
  const auto text = ReadWhole(file);
  if (!text) return tl::unexpected<Error>(text.error());
  const int pid = PidIn(path + "/lock");
  // A pool whose controller was killed has left its address behind.
  const bool dead = pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
  if (!*text || dead) {
    return Fail(Code::kNotFound, "no pool runs in \"{}\": start one with `hearth up`", path);
  }
  auto admin = ParseAdmin(**text);
  if (!admin) {
    return Fail(Code::kCorrupt, "cannot use \"{}\": {}", file, admin.error().message);
  }
  return admin;
}

}  // namespace hearth::pool
