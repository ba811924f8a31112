#include "pool/replica_process.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "pool/process_facts.h"
#include "pool/replica_command.h"

namespace hearth::pool {
namespace {

// glibc 2.36 has functions for these; older ones have not.
int PidfdOpen(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

int PidfdSendSignal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

// False: it is not a child of ours. si_pid stays 0 while it runs.
bool Wait(int pidfd, int flags, siginfo_t* info) {
  int rc = 0;
  do {
    rc = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), info, WEXITED | WNOHANG | flags);
  } while (rc != 0 && errno == EINTR);
  return rc == 0;
}

bool IsSame(const ReplicaHandle& replica) {
  const pid_t pid = static_cast<pid_t>(replica.pid);
  const auto stat = ReadProcessStat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return false;
  if (stat->start_ticks != replica.pid_start_ticks || stat->session != pid) return false;
  const auto nonce = ReadVariableOf(pid, kNonceVariable);
  return nonce ? *nonce == replica.nonce : WritesTo(pid, replica.log_path);
}

}  // namespace

Result<UniqueFd> OpenProcess(int64_t pid) {
  UniqueFd fd(PidfdOpen(static_cast<pid_t>(pid)));
  if (fd.valid()) return fd;
  if (errno == ENOSYS) {
    return Fail(Code::kUnsupported,
                "cannot watch process {}: this kernel has no pidfds; Linux 5.4 or later is needed",
                pid);
  }
  return Fail(Code::kIo, "cannot watch process {}: {}", pid, std::strerror(errno));
}

UniqueFd OpenIfSame(const ReplicaHandle& replica) {
  if (replica.pid <= 1) return {};
  // Opened first: if it is the same one after that, the descriptor is its own.
  UniqueFd fd(PidfdOpen(static_cast<pid_t>(replica.pid)));
  if (!fd.valid() || !IsSame(replica) || !Signal(fd.get(), 0)) return {};
  return fd;
}

bool Signal(int pidfd, int signal) { return PidfdSendSignal(pidfd, signal) == 0; }

bool KillGroup(int pidfd, int64_t pid) {
  if (!Signal(pidfd, 0)) return false;
  ::kill(static_cast<pid_t>(-pid), SIGKILL);
  Signal(pidfd, SIGKILL);
  return true;
}

bool HasEnded(int pidfd) {
  siginfo_t info{};
  return !Wait(pidfd, WNOWAIT, &info) || info.si_pid != 0;
}

std::optional<ProcessEnd> Reap(int pidfd) {
  siginfo_t info{};
  if (!Wait(pidfd, 0, &info)) return ProcessEnd{};
  if (info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return ProcessEnd{ProcessEnd::Kind::kCode, info.si_status};
  return ProcessEnd{ProcessEnd::Kind::kSignal, info.si_status};
}

int KillMarked(const std::string& pool, const std::function<bool(const std::string&)>& wanted) {
  constexpr int kRounds = 5;  // what forks while we look is found in the next round
  const auto is_wanted = [&](pid_t pid) {
    if (ReadVariableOf(pid, kPoolVariable) != pool) return false;
    const auto nonce = ReadVariableOf(pid, kNonceVariable);
    return nonce && wanted(*nonce);
  };
  int killed = 0;
  for (int round = 0; round < kRounds; ++round) {
    int now = 0;
    for (const pid_t pid : AllProcesses()) {
      if (pid <= 1 || pid == ::getpid() || !is_wanted(pid)) continue;
      const UniqueFd fd(PidfdOpen(pid));
      if (fd.valid() && is_wanted(pid) && Signal(fd.get(), SIGKILL)) ++now;
    }
    if (now == 0) break;
    killed += round == 0 ? now : 0;
  }
  return killed;
}

}  // namespace hearth::pool
