#include "aws/run_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/unique_fd.h"

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX

namespace hearth::aws {

namespace {

using Clock = std::chrono::steady_clock;

// A running child: killed with its group, and waited for, unless Wait has seen its end.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (ended_) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  // False when it still runs at `deadline`.
  bool Wait(Clock::time_point deadline, int* exit_code) {
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) != pid_) {
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ended_ = true;
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  }

 private:
  const pid_t pid_;
  bool ended_ = false;
};

struct Pipe {
  UniqueFd from;
  UniqueFd into;

  bool Open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    from.Reset(ends[0]);
    into.Reset(ends[1]);
    return ::fcntl(from.get(), F_SETFL, O_NONBLOCK) == 0;
  }
};

// Signals as a fresh program expects them: whoever started us may have blocked or ignored some.
int Spawn(const std::vector<std::string>& words, const Pipe& out, const Pipe& error, pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out.into.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, error.into.get(), STDERR_FILENO);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int failed = posix_spawnp(pid, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

// Appends what there is, at most up to `max` bytes; closes `fd` at its end. False: more than `max`.
bool Drain(UniqueFd* fd, size_t max, std::string* text) {
  std::array<char, 16384> piece{};
  while (true) {
    const ssize_t got = ::read(fd->get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {
      fd->Reset();
      return true;
    }
    const size_t kept = std::min(static_cast<size_t>(got), max - text->size());
    text->append(piece.data(), kept);
    if (kept < static_cast<size_t>(got)) return false;
  }
}

Status Collect(Pipe* out, Pipe* error, const std::string& name, const ProcessLimits& limits,
               Clock::time_point deadline, ProcessEnd* end) {
  while (out->from.valid() || error->from.valid()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      return Fail(Code::kDeadlineExceeded, "\"{}\" was not done after {} ms", name,
                  limits.time.count());
    }
    std::array<pollfd, 2> waits = {{{out->from.get(), POLLIN, 0}, {error->from.get(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
      return Fail(Code::kIo, "cannot wait for \"{}\": {}", name, std::strerror(errno));
    }
    if (waits[0].revents != 0 && !Drain(&out->from, limits.out_bytes_max, &end->out)) {
      return Fail(Code::kTooLarge, "\"{}\" wrote more than {} bytes", name, limits.out_bytes_max);
    }
    // Beyond the limit it is read and dropped, so that the program can go on.
    if (waits[1].revents != 0) (void)Drain(&error->from, limits.error_bytes_max, &end->error);
  }
  return {};
}

}  // namespace

Result<ProcessEnd> RunProcess(const std::vector<std::string>& words, const ProcessLimits& limits) {
  if (words.empty() || words[0].empty()) return Fail(Code::kInvalidArgument, "no program is named");
  const auto deadline = Clock::now() + limits.time;
  Pipe out;
  Pipe error;
  if (!out.Open() || !error.Open()) {
    return Fail(Code::kIo, "cannot run \"{}\": {}", words[0], std::strerror(errno));
  }
  pid_t pid = 0;
  if (const int failed = Spawn(words, out, error, &pid); failed != 0) {
    return Fail(failed == ENOENT ? Code::kNotFound : Code::kIo, "cannot run \"{}\": {}", words[0],
                std::strerror(failed));
  }
  Child child(pid);
  out.into.Reset();
  error.into.Reset();
  ProcessEnd end;
  if (Status all = Collect(&out, &error, words[0], limits, deadline, &end); !all) {
    return Forward(all);
  }
  if (!child.Wait(deadline, &end.exit_code)) {
    return Fail(Code::kDeadlineExceeded, "\"{}\" was not done after {} ms", words[0],
                limits.time.count());
  }
  return end;
}

}  // namespace hearth::aws
