#include "pool/process_backend.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "base/mutex.h"
#include "base/sha256.h"
#include "pool/exit_watch.h"
#include "pool/process_facts.h"
#include "pool/replica_cgroup.h"
#include "pool/replica_command.h"
#include "pool/replica_end.h"
#include "pool/replica_process.h"
#include "pool/spawn.h"

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX

namespace hearth::pool {
namespace {

struct Watched {
  ReplicaHandle handle;
  UniqueFd process;
  ReplicaGroup group;
};

int64_t UnixMilliseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// A port that was free a moment ago. Should another program take it first, the replica ends with
// that in its log, and the next one gets another port.
Result<uint16_t> FreePort(const std::set<uint16_t>& given) {
  for (int tries = 0; tries < 100; ++tries) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (!socket.valid() || ::bind(socket.get(), generic, length) != 0 ||
        ::getsockname(socket.get(), generic, &length) != 0) {
      return Fail(Code::kIo, "cannot find a free port on 127.0.0.1: {}", std::strerror(errno));
    }
    // A replica that is still starting has not taken its own yet.
    if (!given.contains(ntohs(address.sin_port))) return ntohs(address.sin_port);
  }
  return Fail(Code::kIo, "cannot find a free port on 127.0.0.1 that no replica has been given");
}

Result<UniqueFd> OpenLog(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.valid() && fd.get() <= 2) fd.Reset(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (fd.valid()) return fd;
  return Fail(Code::kIo, "cannot write the log file \"{}\": {}", path, std::strerror(errno));
}

// A name for the pool's control groups: two pools may have the same name, never the same folder.
std::string GroupName(const std::string& state_path) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(state_path)));
  return Hex(hash.Digest()).substr(0, 12);
}

}  // namespace

struct ProcessBackend::Impl {
  Impl(StateDir& state_dir, const Log& log_to)
      : state(state_dir), log(log_to), groups(GroupName(state_dir.path()), log_to) {}

  Result<ReplicaPlace> ChoosePlace(const StartOrder& order) HEARTH_EXCLUDES(mutex);
  // The process runs: makes it a replica that is known and watched.
  Result<ReplicaHandle> TakeIn(ReplicaHandle handle, const ReplicaGroup& group)
      HEARTH_EXCLUDES(mutex);
  // On failure the process is killed and forgotten.
  Status Watch(ReplicaHandle handle, UniqueFd process, ReplicaGroup group) HEARTH_EXCLUDES(mutex);
  std::set<std::string> KnownNonces() HEARTH_EXCLUDES(mutex);
  void Ended(ReplicaId id) HEARTH_EXCLUDES(mutex);
  bool RemoveLeftGroups();

  StateDir& state;
  const Log& log;
  ReplicaCgroups groups;  // the backend's thread

  Mutex mutex;
  std::map<ReplicaId, Watched> watched HEARTH_GUARDED_BY(mutex);
  std::function<void(ReplicaExit)> on_exit HEARTH_GUARDED_BY(mutex);

  // `exits`: groups with a process that has been killed and has not ended yet.
  std::vector<ReplicaGroup> left_groups;
  std::unique_ptr<ExitWatch> exits;  // last: its thread uses all of the above
};

Result<ReplicaPlace> ProcessBackend::Impl::ChoosePlace(const StartOrder& order) {
  ReplicaPlace place;
  if (WantsSocket(order.spec)) {
    place.socket = state.SocketPath(order.id);
    if (place.socket.empty() && !order.spec.own_server) {
      return Fail(Code::kUnprocessable,
                  "cannot give {} a unix socket: a path in \"{}\" is longer than 107 bytes; use "
                  "{{port}}, or let [pool] state_dir name a folder with a shorter path",
                  ToString(order.id), state.path());
    }
    ::unlink(place.socket.c_str());
  }
  if (!place.socket.empty()) return place;
  std::set<uint16_t> given;
  {
    const MutexLock lock(mutex);
    for (const auto& [id, one] : watched) given.insert(one.handle.url.port);
  }
  const auto port = FreePort(given);
  if (!port) return tl::unexpected<Error>(port.error());
  place.port = *port;
  return place;
}

Status ProcessBackend::Impl::Watch(ReplicaHandle handle, UniqueFd process, ReplicaGroup group) {
  const ReplicaId id = handle.id;
  const int fd = process.get();
  const MutexLock lock(mutex);
  const Status added = exits->Add(id, fd);
  if (added) {
    watched[id] = Watched{std::move(handle), std::move(process), std::move(group)};
  } else {
    KillGroup(fd, handle.pid);
  }
  return added;
}

Result<ReplicaHandle> ProcessBackend::Impl::TakeIn(ReplicaHandle handle,
                                                   const ReplicaGroup& group) {
  const auto stat = ReadProcessStat(static_cast<pid_t>(handle.pid));
  handle.pid_start_ticks = stat ? stat->start_ticks : 0;
  auto process = OpenProcess(handle.pid);
  Status done;
  if (!process) done = Forward(process);
  if (done) done = state.SaveReplica(handle);
  if (done) done = Watch(handle, std::move(*process), group);
  if (done) return handle;
  // Not yet reaped, so the numbers are still its own.
  const pid_t pid = static_cast<pid_t>(handle.pid);
  ::kill(-pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  state.ForgetReplica(handle.id);
  Remove(group);
  return Forward(done);
}

std::set<std::string> ProcessBackend::Impl::KnownNonces() {
  std::set<std::string> nonces;
  const MutexLock lock(mutex);
  for (const auto& [id, one] : watched) nonces.insert(one.handle.nonce);
  return nonces;
}

void ProcessBackend::Impl::Ended(ReplicaId id) {
  Watched gone;
  ProcessEnd end;
  bool group_killed = false;
  std::function<void(ReplicaExit)> tell;
  {
    // Under the lock, so that Kill never signals a number that has been given away by Reap.
    const MutexLock lock(mutex);
    const auto found = watched.find(id);
    if (found == watched.end() || !HasEnded(found->second.process.get())) return;
    group_killed = KillGroup(found->second.process.get(), found->second.handle.pid);
    const auto reaped = Reap(found->second.process.get());
    if (!reaped) return;
    end = *reaped;
    gone = std::move(found->second);
    watched.erase(found);
    tell = on_exit;
  }
  if (!group_killed) {
    // Another process has reaped it: its number, and so its group's, may be another's by now.
    KillMarked(state.path(), [&](const std::string& nonce) { return nonce == gone.handle.nonce; });
  }
  const ReplicaExit exit = Explain(id, gone.group, end);
  KillAll(gone.group);
  if (!Remove(gone.group)) left_groups.push_back(gone.group);
  state.ForgetReplica(id);
  if (tell) tell(exit);
}

bool ProcessBackend::Impl::RemoveLeftGroups() {
  std::erase_if(left_groups, [](const ReplicaGroup& group) {
    KillAll(group);
    return Remove(group);
  });
  return !left_groups.empty();
}

Result<std::unique_ptr<ProcessBackend>> ProcessBackend::Create(StateDir& state, const Log& log) {
  auto impl = std::make_unique<Impl>(state, log);
  auto exits = ExitWatch::Create({.ended = [raw = impl.get()](ReplicaId id) { raw->Ended(id); },
                                  .tidy = [raw = impl.get()] { return raw->RemoveLeftGroups(); }});
  if (!exits) return Forward(exits);
  impl->exits = std::move(*exits);
  return std::unique_ptr<ProcessBackend>(new ProcessBackend(std::move(impl)));
}

ProcessBackend::ProcessBackend(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProcessBackend::~ProcessBackend() = default;

Result<ReplicaHandle> ProcessBackend::Start(const StartOrder& order) {
  const std::string name = ToString(order.id);
  const auto place = impl_->ChoosePlace(order);
  if (!place) return tl::unexpected<Error>(place.error());
  const std::string log_path = impl_->state.LogPath(order.id);
  const auto output = OpenLog(log_path);
  if (!output) return tl::unexpected<Error>(output.error());
  const ReplicaGroup group = impl_->groups.Make(
      order.id,
      {.memory_bytes = order.spec.memory_bytes, .cpu = order.spec.own_server ? 0 : order.spec.cpu});
  std::vector<std::string> inherited;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    inherited.emplace_back(*entry);
  }
  SpawnOrder spawn{.command = CommandOf(order, *place),
                   .environment = EnvironmentOf(order, *place, inherited, impl_->state.path()),
                   .output = output->get(),
                   .join = {}};
  for (const std::string& folder : group.folders) spawn.join.push_back(folder + "/cgroup.procs");
  const auto spawned = Spawn(spawn);
  if (!spawned) {
    Remove(group);
    return Fail(spawned.error().code, "cannot start replica {}: {}", name, spawned.error().message);
  }
  if (!spawned->not_joined.empty()) impl_->groups.Refused(spawned->not_joined);
  return impl_->TakeIn({.id = order.id,
                        .nonce = order.nonce,
                        .version = order.spec.Version(),
                        .url = UrlOf(*place),
                        .pid = spawned->pid,
                        .container = "",
                        .started_unix_ms = UnixMilliseconds(),
                        .log_path = log_path},
                       group);
}

// A replica that is no longer watched has ended: nothing is left to signal.
Status ProcessBackend::Terminate(const ReplicaHandle& replica) {
  const MutexLock lock(impl_->mutex);
  const auto found = impl_->watched.find(replica.id);
  if (found == impl_->watched.end() || Signal(found->second.process.get(), SIGTERM)) return {};
  if (errno == ESRCH) return {};
  return Fail(Code::kIo, "cannot end replica {} (pid {}): {}", ToString(replica.id), replica.pid,
              std::strerror(errno));
}

Status ProcessBackend::Kill(const ReplicaHandle& replica) {
  const MutexLock lock(impl_->mutex);
  const auto found = impl_->watched.find(replica.id);
  if (found == impl_->watched.end()) return {};
  KillAll(found->second.group);
  if (KillGroup(found->second.process.get(), found->second.handle.pid) || errno == ESRCH) return {};
  return Fail(Code::kIo, "cannot kill replica {} (pid {}): {}", ToString(replica.id), replica.pid,
              std::strerror(errno));
}

Result<std::vector<ReplicaHandle>> ProcessBackend::Find() {
  const auto stored = impl_->state.LoadReplicas();
  if (!stored) return tl::unexpected<Error>(stored.error());
  const std::set<std::string> known = impl_->KnownNonces();
  for (const ReplicaHandle& replica : *stored) {
    if (known.contains(replica.nonce)) continue;
    UniqueFd process = OpenIfSame(replica);
    if (process.valid()) {
      const Status watched =
          impl_->Watch(replica, std::move(process), impl_->groups.Existing(replica.id));
      if (!watched) return tl::unexpected<Error>(watched.error());
      continue;
    }
    impl_->log.Info("A replica has ended while no controller ran",
                    {{"replica", std::string_view(ToString(replica.id))}, {"pid", replica.pid}});
    impl_->state.ForgetReplica(replica.id);
  }
  const std::set<std::string> kept = impl_->KnownNonces();
  const int killed = KillMarked(impl_->state.path(),
                                [&](const std::string& nonce) { return !kept.contains(nonce); });
  if (killed > 0) {
    impl_->log.Warn("Processes of replicas that are gone were still there: killed",
                    {{"processes", int64_t{killed}}});
  }
  impl_->groups.RemoveEmpty();
  std::vector<ReplicaHandle> found;
  const MutexLock lock(impl_->mutex);
  for (const auto& [id, one] : impl_->watched) found.push_back(one.handle);
  return found;
}

Result<int64_t> ProcessBackend::MemoryBytes(const ReplicaHandle& replica) {
  {
    const MutexLock lock(impl_->mutex);
    if (!impl_->watched.contains(replica.id)) {
      return Fail(Code::kNotFound, "replica {} has ended", ToString(replica.id));
    }
  }
  const auto bytes = ResidentBytesOf(static_cast<pid_t>(replica.pid));
  if (bytes) return *bytes;
  return Fail(Code::kNotFound, "replica {} has ended", ToString(replica.id));
}

void ProcessBackend::OnExit(std::function<void(ReplicaExit)> on_exit) {
  const MutexLock lock(impl_->mutex);
  impl_->on_exit = std::move(on_exit);
}

}  // namespace hearth::pool
