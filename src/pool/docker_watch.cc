#include "pool/docker_watch.h"

#include <pthread.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/backoff.h"
#include "pool/docker_end.h"
#include "pool/docker_request.h"

namespace hearth::pool {
namespace {

constexpr std::chrono::seconds kStreamTime{60};
constexpr std::chrono::seconds kRemovalTime{5};
constexpr std::chrono::seconds kLasting{5};
constexpr BackoffLimits kAgain{.first = std::chrono::milliseconds(200),
                               .cap = std::chrono::milliseconds(5'000)};

int64_t UnixNanosNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Status RemoveContainer(DockerEngine& engine, const std::string& container, bool force) {
  const EngineCall call{
      .what = fmt::format("remove container {:.12}", container),
      .method = "DELETE",
      .path = fmt::format("/containers/{}?v=1&force={}", container, force ? 1 : 0),
      .timeout = kRemovalTime};
  const auto answer = engine.Ask(call);
  if (!answer) return tl::unexpected<Error>(answer.error());
  const bool is_going =
      answer->status == 409 && answer->body.find("already in progress") != std::string::npos;
  if (answer->status < 400 || answer->status == 404 || is_going) return {};
  return tl::unexpected<Error>(Refusal(call, answer->status, answer->body));
}

DockerWatch::DockerWatch(http::Url socket, std::string pool, const Log& log)
    : pool_(std::move(pool)),
      log_(log),
      stream_(socket, &over_),
      question_(socket, &over_),
      removal_(std::move(socket)),
      since_unix_ns_(UnixNanosNow()),
      thread_([this] {
        ::pthread_setname_np(::pthread_self(), "docker-events");
        Run();
      }) {}

DockerWatch::~DockerWatch() {
  over_.Fire();
  thread_.join();
}

void DockerWatch::OnExit(std::function<void(ReplicaExit)> on_exit) {
  const MutexLock lock(mutex_);
  on_exit_ = std::move(on_exit);
}

bool DockerWatch::Add(const std::string& container, ReplicaId replica) {
  const MutexLock lock(mutex_);
  return watched_.emplace(container, Watched{.replica = replica}).second;
}

bool DockerWatch::Confirm(const std::string& container, int64_t pid) {
  const MutexLock lock(mutex_);
  const auto found = watched_.find(container);
  if (found == watched_.end()) return false;
  if (found->second.ended) {
    watched_.erase(found);
    return false;
  }
  found->second.confirmed = true;
  found->second.pid = pid;
  return true;
}

void DockerWatch::Forget(const std::string& container) {
  const MutexLock lock(mutex_);
  watched_.erase(container);
}

bool DockerWatch::Knows(const std::string& container) const {
  const MutexLock lock(mutex_);
  return watched_.contains(container);
}

int64_t DockerWatch::PidOf(const std::string& container) const {
  const MutexLock lock(mutex_);
  const auto found = watched_.find(container);
  return found == watched_.end() ? 0 : found->second.pid;
}

void DockerWatch::Run() {
  std::minstd_rand random{std::random_device()()};
  int failures = 0;
  while (!over_.fired()) {
    opened_ = false;
    const auto begun = http::Clock::now();
    const Status followed = Follow();
    if (over_.fired()) return;
    const bool time_up = !followed && followed.error().code == Code::kDeadlineExceeded && opened_;
    if (time_up) {
      failures = 0;
      continue;
    }
    // An engine that ends each stream at once must not be asked without a pause either.
    const bool lasted = opened_ && http::Clock::now() - begun > kLasting;
    failures = lasted ? 1 : failures + 1;
    if (failures == 1) {
      log_.Warn("the stream of Docker's events has ended, following it again",
                {{"reason", followed ? "the engine ended it" : followed.error().message}});
    }
    const double share = std::uniform_real_distribution<double>(0.5, 1.0)(random);
    if (!SleepUnless(over_, Backoff(failures, share, kAgain))) return;
  }
}

Status DockerWatch::Follow() {
  const EngineCall call{.what = "follow the events of Docker",
                        .path = EventsPath(pool_, since_unix_ns_),
                        .timeout = kStreamTime};
  return stream_.Follow(
      call,
      [this] {
        const Status looked = LookAtAll();
        opened_ = looked.has_value();
        return looked;
      },
      [this](const std::vector<std::string>& lines) { return OnLines(lines); });
}

// After the stream has begun: what ended before is seen here, what ends from now on comes by it.
Status DockerWatch::LookAtAll() {
  for (const std::string& container : Confirmed()) {
    const EngineCall call{.what = fmt::format("inspect container {:.12}", container),
                          .path = fmt::format("/containers/{}/json", container)};
    const auto answer = question_.Ask(call);
    if (!answer) return tl::unexpected<Error>(answer.error());
    if (answer->status == 404) {
      End(container, std::nullopt);
      continue;
    }
    // One that the engine cannot show must not keep the others from being followed.
    const auto info = ReadContainer(answer->body);
    if (answer->status < 400 && info && !info->running) End(container, info->exit_code);
  }
  RemoveEnded();
  return {};
}

Status DockerWatch::OnLines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (const auto event = ReadEvent(line)) OnEvent(*event);
  }
  // When all have been reported: a removal takes as long as many reports.
  RemoveEnded();
  return {};
}

void DockerWatch::OnEvent(const EngineEvent& event) {
  since_unix_ns_ = std::max(since_unix_ns_, event.unix_ns);
  if (event.action == "oom") NoteOom(event.container);
  if (event.action == "die") End(event.container, event.exit_code);
}

void DockerWatch::NoteOom(const std::string& container) {
  const MutexLock lock(mutex_);
  const auto found = watched_.find(container);
  if (found != watched_.end()) found->second.oom_event = true;
}

void DockerWatch::End(const std::string& container, std::optional<int> exit_code) {
  EndHints hints{.exit_code = exit_code};
  ReplicaExit exit;
  {
    const MutexLock lock(mutex_);
    const auto found = watched_.find(container);
    if (found == watched_.end()) return;
    found->second.ended = true;
    if (!found->second.confirmed) return;
    hints.oom_event = found->second.oom_event;
    exit.id = found->second.replica;
  }
  ContainerEnd end = DescribeEnd(question_, container, hints);
  exit.reason = end.reason;
  exit.words = std::move(end.words);
  std::function<void(ReplicaExit)> report;
  {
    const MutexLock lock(mutex_);
    watched_.erase(container);
    report = on_exit_;
  }
  ended_.push_back(container);
  if (report) report(std::move(exit));
}

std::vector<std::string> DockerWatch::Confirmed() const {
  std::vector<std::string> out;
  const MutexLock lock(mutex_);
  for (const auto& [container, watched] : watched_) {
    if (watched.confirmed) out.push_back(container);
  }
  return out;
}

void DockerWatch::RemoveEnded() {
  for (const std::string& container : std::exchange(ended_, {})) {
    const Status removed = RemoveContainer(removal_, container, true);
    if (removed) continue;
    log_.Warn("an ended container is left behind",
              {{"container", container}, {"reason", removed.error().message}});
    if (over_.fired()) return;  // the engine hangs, and somebody waits
  }
}

}  // namespace hearth::pool
