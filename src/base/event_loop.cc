#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <map>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/short_slice.h"
#include "base/unique_fd.h"

namespace hearth {
namespace {

constexpr size_t kEventsPerTurn = 256;

// A fence: what a callback throws costs only that callback.
template <typename F>
void Guarded(F&& call) {
  try {
    call();
  } catch (...) {  // NOLINT(bugprone-empty-catch): the loop goes on
  }
}

}  // namespace

struct EventLoop::Impl {
  using TimerKey = std::pair<Clock::time_point, uint64_t>;  // those of one time in order of asking

  bool Control(int operation, int fd, uint32_t events, Watcher* watcher);
  void Wait();
  void FireEvents();
  void FireTimers();
  void RunPosted();
  void Wake();

  UniqueFd epoll;
  UniqueFd wake;  // an eventfd: Post and Stop write it
  Clock::time_point now;
  bool running = false;
  std::atomic<bool> stop{false};

  // Of this turn. Forget clears the watcher of what has not been handled yet.
  std::array<epoll_event, kEventsPerTurn> events{};
  size_t events_ready = 0;
  size_t events_next = 0;

  std::map<TimerKey, std::function<void()>> timers;
  std::unordered_map<uint64_t, Clock::time_point> timer_times;
  uint64_t last_timer = 0;

  Mutex mutex;
  std::vector<std::function<void()>> posted HEARTH_GUARDED_BY(mutex);
  bool woken HEARTH_GUARDED_BY(mutex) = false;  // the eventfd has been written and not yet read
};

bool EventLoop::Impl::Control(int operation, int fd, uint32_t wanted, Watcher* watcher) {
  epoll_event event{};
  event.events = wanted;
  event.data.ptr = watcher;
  return ::epoll_ctl(epoll.get(), operation, fd, &event) == 0;
}

// Until something happens, or the next timer is due. Fills `events`.
void EventLoop::Impl::Wait() {
  timespec timeout{};
  const timespec* patience = nullptr;
  if (!timers.empty()) {
    const auto left = timers.begin()->first.first - Clock::now();
    const int64_t nanoseconds = std::clamp<int64_t>(left.count(), 0, int64_t{3600} * 1'000'000'000);
    timeout.tv_sec = nanoseconds / 1'000'000'000;
    timeout.tv_nsec = nanoseconds % 1'000'000'000;
    patience = &timeout;
  }
  const int ready = ::epoll_pwait2(epoll.get(), events.data(), static_cast<int>(events.size()),
                                   patience, nullptr);
  events_ready = ready > 0 ? static_cast<size_t>(ready) : 0;
  now = Clock::now();
}

void EventLoop::Impl::FireEvents() {
  bool was_woken = false;
  for (events_next = 0; events_next < events_ready;) {
    const epoll_event event = events[events_next++];
    if (event.data.ptr == this) {
      was_woken = true;
    } else if (event.data.ptr != nullptr) {
      Guarded([&] { static_cast<Watcher*>(event.data.ptr)->OnEvents(event.events); });
    }
  }
  events_ready = events_next = 0;
  if (was_woken) RunPosted();
}

// Those that are due now: one that a timer sets for now comes in the next turn.
void EventLoop::Impl::FireTimers() {
  const TimerKey last{now, last_timer};
  while (!timers.empty() && timers.begin()->first <= last) {
    auto node = timers.extract(timers.begin());
    timer_times.erase(node.key().second);
    Guarded(node.mapped());
  }
}

void EventLoop::Impl::RunPosted() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake.get(), &count, sizeof count);
  std::vector<std::function<void()>> calls;
  {
    const MutexLock lock(mutex);
    calls.swap(posted);
    woken = false;
  }
  for (const auto& call : calls) Guarded(call);
}

void EventLoop::Impl::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake.get(), &one, sizeof one);
}

EventLoop::EventLoop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EventLoop::~EventLoop() = default;

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  auto impl = std::make_unique<Impl>();
  impl->epoll.Reset(::epoll_create1(EPOLL_CLOEXEC));
  impl->wake.Reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = impl.get();
  if (!impl->epoll.valid() || !impl->wake.valid() ||
      ::epoll_ctl(impl->epoll.get(), EPOLL_CTL_ADD, impl->wake.get(), &event) != 0) {
    return Fail(Code::kIo, "cannot open an event loop: {}", std::generic_category().message(errno));
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(impl)));
}

Status EventLoop::Watch(int fd, uint32_t events, Watcher* watcher) {
  if (impl_->Control(EPOLL_CTL_ADD, fd, events, watcher)) return {};
  return Fail(Code::kIo, "cannot watch descriptor {}: {}", fd,
              std::generic_category().message(errno));
}

void EventLoop::Change(int fd, uint32_t events, Watcher* watcher) {
  impl_->Control(EPOLL_CTL_MOD, fd, events, watcher);
}

void EventLoop::Forget(int fd, Watcher* watcher) {
  impl_->Control(EPOLL_CTL_DEL, fd, 0, nullptr);
  for (size_t i = impl_->events_next; i < impl_->events_ready; ++i) {
    if (impl_->events[i].data.ptr == watcher) impl_->events[i].data.ptr = nullptr;
  }
}

EventLoop::TimerId EventLoop::At(Clock::time_point when, std::function<void()> call) {
  // One whose time has passed comes in the next turn too: it cannot keep this one from ending.
  if (impl_->running) when = std::max(when, impl_->now);
  const uint64_t id = ++impl_->last_timer;
  impl_->timers.emplace(Impl::TimerKey{when, id}, std::move(call));
  impl_->timer_times.emplace(id, when);
  return TimerId{id};
}

void EventLoop::Cancel(TimerId timer) {
  const auto found = impl_->timer_times.find(static_cast<uint64_t>(timer));
  if (found == impl_->timer_times.end()) return;
  impl_->timers.erase(Impl::TimerKey{found->second, found->first});
  impl_->timer_times.erase(found);
}

EventLoop::Clock::time_point EventLoop::now() const {
  return impl_->running ? impl_->now : Clock::now();
}

void EventLoop::Run() {
  AskForShortSlice();
  impl_->now = Clock::now();
  impl_->running = true;
  while (!impl_->stop.exchange(false)) {
    impl_->Wait();
    impl_->FireEvents();
    impl_->FireTimers();
  }
  impl_->running = false;
}

void EventLoop::Stop() {
  impl_->stop.store(true);
  impl_->Wake();
}

void EventLoop::Post(std::function<void()> call) {
  bool wake = false;
  {
    const MutexLock lock(impl_->mutex);
    impl_->posted.push_back(std::move(call));
    wake = !std::exchange(impl_->woken, true);
  }
  if (wake) impl_->Wake();
}

}  // namespace hearth
