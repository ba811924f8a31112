#include "pool/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/unique_fd.h"

namespace hearth::pool {
namespace {

enum class Step : int { kJoin, kExec };

// What the child says through a pipe that exec closes.
struct Trouble {
  Step step;
  int error;
};

struct Plan {
  const char* program;
  char* const* argv;
  char* const* envp;
  const char* const* join;  // ends with null
  int null;
  int output;
  int troubles;
};

void Tell(int fd, Step step, int error) {
  const Trouble trouble{step, error};
  [[maybe_unused]] const ssize_t written = ::write(fd, &trouble, sizeof trouble);
}

// Between vfork and exec the memory is the parent's: only calls that are safe in a signal handler,
// and nothing is written but the child's own frame.
[[noreturn]] void RunChild(const Plan& plan) {
  ::setsid();
  for (const char* const* file = plan.join; *file != nullptr; ++file) {
    const int fd = ::open(*file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1) Tell(plan.troubles, Step::kJoin, errno);
    if (fd >= 0) ::close(fd);
  }
  ::dup2(plan.null, STDIN_FILENO);
  ::dup2(plan.output, STDOUT_FILENO);
  ::dup2(plan.output, STDERR_FILENO);
  // Also what a library has opened without CLOEXEC. Kernels before 5.11 do not know the flag.
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  struct sigaction fresh{};
  fresh.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &fresh, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.program, plan.argv, plan.envp);
  Tell(plan.troubles, Step::kExec, errno);
  ::_exit(127);
}

// In a function of its own: what vfork's parent and child share is this frame.
[[gnu::noinline]] pid_t StartChild(const Plan& plan) {
  // posix_spawn can neither join a control group nor close what has no CLOEXEC.
  const pid_t pid = ::vfork();  // NOLINT(bugprone-unsafe-functions)
  if (pid == 0) RunChild(plan);
  return pid;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// Above 2, so that dup2 onto 0, 1, 2 takes nothing away and leaves nothing with CLOEXEC.
UniqueFd Above2(UniqueFd fd) {
  if (!fd.valid() || fd.get() > 2) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

std::string_view ValueOf(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& entry : environment) {
    if (entry.starts_with(name) && entry.size() > name.size() && entry[name.size()] == '=')
      return std::string_view(entry).substr(name.size() + 1);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

tl::unexpected<Error> CannotRun(const std::string& program, int error) {
  struct stat file{};
  if (error == ENOENT && ::stat(program.c_str(), &file) == 0) {
    return Fail(Code::kNotFound,
                "cannot run \"{}\": the interpreter that its first line names, or its dynamic "
                "linker, is missing",
                program);
  }
  if (error == ENOENT) return Fail(Code::kNotFound, "cannot run \"{}\": no such file", program);
  if (error == ENOEXEC) {
    return Fail(Code::kIo,
                "cannot run \"{}\": not a program of this machine; a script needs a first line "
                "like #!/bin/sh",
                program);
  }
  if (error == EACCES) {
    return Fail(Code::kIo, "cannot run \"{}\": not executable; chmod +x it", program);
  }
  return Fail(Code::kIo, "cannot run \"{}\": {}", program, std::strerror(error));
}

}  // namespace

Result<std::string> FindProgram(const std::string& name, std::string_view path) {
  if (name.empty()) return Fail(Code::kInvalidArgument, "cannot run a command without a program");
  if (name.find('/') != std::string::npos) return name;
  std::string found;  // a file of that name that is not executable, for the message
  while (true) {
    const std::string_view folder = path.substr(0, path.find(':'));
    std::string file = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      if (::access(file.c_str(), X_OK) == 0) return file;
      if (found.empty()) found = file;
    }
    if (folder.size() == path.size()) break;
    path.remove_prefix(folder.size() + 1);
  }
  if (!found.empty()) return CannotRun(found, EACCES);
  return Fail(Code::kNotFound, "cannot run \"{}\": no such program in PATH; write its whole path",
              name);
}

Result<Spawned> Spawn(const SpawnOrder& order) {
  if (order.command.empty()) {
    return Fail(Code::kInvalidArgument, "cannot run a command without a program");
  }
  const auto program = FindProgram(order.command[0], ValueOf(order.environment, "PATH"));
  if (!program) return tl::unexpected<Error>(program.error());
  const UniqueFd null = Above2(UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  std::array<int, 2> ends{-1, -1};
  if (!null.valid() || ::pipe2(ends.data(), O_CLOEXEC) != 0) return CannotRun(*program, errno);
  const UniqueFd troubles = Above2(UniqueFd(ends[0]));
  UniqueFd tell = Above2(UniqueFd(ends[1]));
  const std::vector<char*> argv = Pointers(order.command);
  const std::vector<char*> envp = Pointers(order.environment);
  const std::vector<char*> join = Pointers(order.join);
  const Plan plan{.program = program->c_str(),
                  .argv = argv.data(),
                  .envp = envp.data(),
                  .join = join.data(),
                  .null = null.get(),
                  .output = order.output,
                  .troubles = tell.get()};
  // No handler of ours may run in the child, on memory that is the parent's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = StartChild(plan);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return CannotRun(*program, error);
  tell.Reset();
  Spawned spawned{.pid = pid, .not_joined = ""};
  Trouble trouble{};
  while (true) {
    const ssize_t got = ::read(troubles.get(), &trouble, sizeof trouble);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof trouble) return spawned;
    if (trouble.step == Step::kExec) break;
    spawned.not_joined = std::strerror(trouble.error);
  }
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return CannotRun(*program, trouble.error);
}

}  // namespace hearth::pool
