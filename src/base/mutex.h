// Mutex, MutexLock and CondVar: the standard ones, annotated so that Clang's thread-safety analysis
// (an error in this build) checks that what is HEARTH_GUARDED_BY a mutex is touched only under it.
#pragma once

#include <condition_variable>
#include <mutex>

#define HEARTH_CAPABILITY(x) __attribute__((capability(x)))
#define HEARTH_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define HEARTH_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define HEARTH_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define HEARTH_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define HEARTH_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define HEARTH_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))

namespace hearth {

class CondVar;

class HEARTH_CAPABILITY("mutex") Mutex {
 public:
  void Lock() HEARTH_ACQUIRE() { mutex_.lock(); }
  void Unlock() HEARTH_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds the mutex for its scope; Unlock and Lock open a gap in it (for a callback, for I/O).
class HEARTH_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) HEARTH_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() HEARTH_RELEASE() {
    if (held_) mutex_.Unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void Unlock() HEARTH_RELEASE() {
    mutex_.Unlock();
    held_ = false;
  }
  void Lock() HEARTH_ACQUIRE() {
    mutex_.Lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

class CondVar {
 public:
  // Spurious wake-ups happen: wait in a loop that tests what is waited for.
  void Wait(Mutex& mutex) HEARTH_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace hearth
