#include "bench/child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "base/unique_fd.h"

namespace hearth::bench {
namespace {

// What the child tells its parent before exec, in memory that both see.
struct Handover {
  std::atomic<int64_t> exec_ns{0};
  std::atomic<int> exec_error{0};
};

// Only async-signal-safe calls: this runs between fork and exec.
[[noreturn]] void RunChild(char* const* arguments, int log, Handover* handover) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  handover->exec_ns = Clock::now().time_since_epoch().count();
  ::execvp(arguments[0], arguments);
  handover->exec_error = errno;
  ::_exit(127);
}

}  // namespace

Result<Child> Child::Start(const std::vector<std::string>& command, const std::string& log_path) {
  const UniqueFd log(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!log.valid())
    return Fail(Code::kIo, "cannot write \"{}\": {}", log_path, std::strerror(errno));
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  void* shared =
      ::mmap(nullptr, sizeof(Handover), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Fail(Code::kIo, "cannot map a page: {}", std::strerror(errno));
  auto* handover = new (shared) Handover;
  // A pipe whose write end closes at exec, or at the child's death: reading its end waits for
  // either.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Fail(Code::kIo, "cannot make a pipe: {}", std::strerror(errno));
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);

  const pid_t pid = ::fork();
  if (pid == 0) RunChild(arguments.data(), log.get(), handover);
  if (pid < 0) return Fail(Code::kIo, "cannot fork: {}", std::strerror(errno));
  ::setpgid(pid, pid);
  write_end.Reset();
  char byte = 0;
  while (::read(read_end.get(), &byte, 1) < 0 && errno == EINTR) {
  }
  const int error = handover->exec_error;
  const Clock::time_point exec_time{Clock::duration(handover->exec_ns.load())};
  ::munmap(shared, sizeof(Handover));
  if (error != 0) {
    ::waitpid(pid, nullptr, 0);
    return Fail(Code::kIo, "cannot start \"{}\": {}", command[0], std::strerror(error));
  }
  return Child(pid, exec_time);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exec_time_(other.exec_time_) {}

Child::~Child() { Stop(); }

std::optional<int> Child::Exited() {
  int status = 0;
  if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  ::kill(-pid_, SIGKILL);  // what it may have left behind in its group
  pid_ = -1;
  return status;
}

void Child::Stop() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGTERM);
  const Clock::time_point deadline = Clock::now() + kStopTime;
  while (pid_ >= 0 && Clock::now() < deadline) {
    if (Exited()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Result<uint16_t> FreePort() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!socket.valid() || ::bind(socket.get(), generic, length) != 0 ||
      ::getsockname(socket.get(), generic, &length) != 0) {
    return Fail(Code::kIo, "cannot find a free port: {}", std::strerror(errno));
  }
  return ntohs(address.sin_port);
}

}  // namespace hearth::bench
