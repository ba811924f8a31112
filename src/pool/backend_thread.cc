#include "pool/backend_thread.h"

#include <pthread.h>

#include <utility>

namespace hearth::pool {

BackendThread::BackendThread(std::unique_ptr<ReplicaBackend> backend)
    : backend_(std::move(backend)), thread_([this] { Run(); }) {
  ::pthread_setname_np(thread_.native_handle(), "backend");
}

BackendThread::~BackendThread() {
  {
    const MutexLock lock(mutex_);
    over_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

bool BackendThread::Do(Job job) {
  {
    const MutexLock lock(mutex_);
    if (jobs_.size() >= kJobsMax) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.NotifyOne();
  return true;
}

void BackendThread::Run() {
  MutexLock lock(mutex_);
  while (true) {
    while (jobs_.empty() && !over_) changed_.Wait(mutex_);
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.Unlock();
    job(*backend_);
    job = nullptr;  // what it holds goes before the lock is taken
    lock.Lock();
  }
}

}  // namespace hearth::pool
