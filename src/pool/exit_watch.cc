#include "pool/exit_watch.h"

#include <pthread.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace hearth::pool {
namespace {

constexpr uint64_t kStop = 0;  // no replica has this number

bool AddTo(int epoll, int fd, uint64_t mark) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = mark;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<ExitWatch>> ExitWatch::Create(Calls calls) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Fail(Code::kIo, "cannot watch replicas: {}", std::strerror(errno));
  std::unique_ptr<ExitWatch> watch(new ExitWatch(std::move(calls), std::move(epoll)));
  if (!AddTo(watch->epoll_.get(), watch->stop_.fd(), kStop)) {
    return Fail(Code::kIo, "cannot watch replicas: {}", std::strerror(errno));
  }
  watch->thread_ = std::thread([raw = watch.get()] { raw->Run(); });
  pthread_setname_np(watch->thread_.native_handle(), "exits");
  return watch;
}

ExitWatch::ExitWatch(Calls calls, UniqueFd epoll)
    : calls_(std::move(calls)), epoll_(std::move(epoll)) {}

ExitWatch::~ExitWatch() {
  stop_.Fire();
  if (thread_.joinable()) thread_.join();
}

Status ExitWatch::Add(ReplicaId replica, int pidfd) {
  if (AddTo(epoll_.get(), pidfd, replica.value)) return {};
  return Fail(Code::kIo, "cannot watch replica {}: {}", ToString(replica), std::strerror(errno));
}

void ExitWatch::Run() {
  std::array<epoll_event, 64> events{};
  bool again = false;
  while (!stop_.fired()) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   again ? kTidyPauseMs : -1);
    for (int i = 0; i < count; ++i) {
      const uint64_t mark = events[static_cast<size_t>(i)].data.u64;
      if (mark != kStop) calls_.ended(ReplicaId{mark});
    }
    again = calls_.tidy();
  }
}

}  // namespace hearth::pool
