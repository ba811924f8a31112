// ExitWatch: the thread `exits`, which waits on pidfds of any number of processes, children or not.
//
// Lifecycle: Create starts the thread, ~ExitWatch ends and joins it; the processes go on. Add may
// be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/cancel.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "pool/replica.h"

namespace hearth::pool {

class ExitWatch {
 public:
  struct Calls {
    // The process of this replica has ended. Called again and again until its pidfd is closed.
    std::function<void(ReplicaId)> ended;
    // After each wait. True: call again in kTidyPause, whether something ends or not.
    std::function<bool()> tidy;
  };
  static constexpr int kTidyPauseMs = 20;

  static Result<std::unique_ptr<ExitWatch>> Create(Calls calls);
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;

  // `pidfd` is watched until it is closed.
  Status Add(ReplicaId replica, int pidfd);

 private:
  ExitWatch(Calls calls, UniqueFd epoll);
  void Run();

  const Calls calls_;
  const UniqueFd epoll_;
  Cancel stop_;
  std::thread thread_;
};

}  // namespace hearth::pool
