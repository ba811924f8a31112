#include "cli/signal_watch.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace hearth::cli {
namespace {

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

void HoldSignals() {
  const sigset_t set = Watched();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<SignalWatch>> SignalWatch::Open(EventLoop& loop,
                                                       std::function<void(int)> on_signal) {
  const sigset_t set = Watched();
  UniqueFd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) {
    return Fail(Code::kIo, "cannot watch for signals: {}", std::generic_category().message(errno));
  }
  std::unique_ptr<SignalWatch> watch(new SignalWatch(loop, std::move(fd), std::move(on_signal)));
  if (Status watched = loop.Watch(watch->fd_.get(), EPOLLIN, watch.get()); !watched) {
    watch->fd_.Reset();
    return Forward(watched);
  }
  return watch;
}

SignalWatch::SignalWatch(EventLoop& loop, UniqueFd fd, std::function<void(int)> on_signal)
    : loop_(loop), fd_(std::move(fd)), on_signal_(std::move(on_signal)) {}

SignalWatch::~SignalWatch() {
  if (fd_.valid()) loop_.Forget(fd_.get(), this);
}

void SignalWatch::OnEvents(uint32_t /*events*/) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace hearth::cli
