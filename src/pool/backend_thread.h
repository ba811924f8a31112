// BackendThread: owns a ReplicaBackend and the thread `backend` that calls it, one job at a time,
// in order. What it is told to do may block; whoever tells it does not.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "pool/backend.h"

namespace hearth::pool {

class BackendThread {
 public:
  using Job = std::function<void(ReplicaBackend&)>;

  static constexpr size_t kJobsMax = 4096;

  explicit BackendThread(std::unique_ptr<ReplicaBackend> backend);
  ~BackendThread();  // does what is in the queue, then destroys the backend
  BackendThread(const BackendThread&) = delete;
  BackendThread& operator=(const BackendThread&) = delete;

  // Any thread. False: the queue is full, nothing will be done. Jobs must not throw.
  bool Do(Job job);

 private:
  void Run();

  const std::unique_ptr<ReplicaBackend> backend_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Job> jobs_ HEARTH_GUARDED_BY(mutex_);
  bool over_ HEARTH_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hearth::pool
