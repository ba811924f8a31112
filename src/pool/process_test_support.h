// For tests of process replicas: a state directory that goes with the object, and waiting with a
// deadline.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/text_file.h"
#include "base/unique_fd.h"
#include "http/test_support.h"
#include "pool/process_backend.h"

namespace hearth::pool {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hearth-pool-XXXXXX").string();
    path_ = std::filesystem::canonical(::mkdtemp(name.data())).string();
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using http::testing::Eventually;

// A log in a file, to be looked into.
class TestLog {
 public:
  explicit TestLog(const std::string& path)
      : path_(path),
        fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
        log_(fd_.get(), LogFormat::kText, LogLevel::kDebug) {}
  const Log& log() const { return log_; }
  std::string text() const { return ReadText(path_).value_or(""); }

 private:
  std::string path_;
  UniqueFd fd_;
  Log log_;
};

// A controller's life: state directory, backend, the ends it was told of. What still runs at its
// end runs on.
class TestPool {
 public:
  explicit TestPool(const std::string& folder) : log_(folder + "/test.log") {
    state_ = std::make_unique<StateDir>(StateDir::Open(folder + "/state", &log_.log()).value());
    backend_ = ProcessBackend::Create(*state_, log_.log()).value();
    backend_->OnExit([this](ReplicaExit exit) {
      const MutexLock lock(mutex_);
      ends_[exit.id].push_back(std::move(exit));
    });
  }
  ProcessBackend& backend() { return *backend_; }
  StateDir& state() { return *state_; }
  std::string log() const { return log_.text(); }

  static StartOrder Order(uint64_t id, std::vector<std::string> command) {
    StartOrder order;
    order.id = ReplicaId{id};
    order.nonce = fmt::format("{:032x}", id * 7919);
    order.spec.command = std::move(command);
    order.spec.cpu = 0;
    return order;
  }
  Result<ReplicaHandle> Start(uint64_t id, const std::string& script) {
    return backend_->Start(Order(id, {"sh", "-c", script}));
  }
  std::vector<ReplicaExit> Ends(ReplicaId id) {
    const MutexLock lock(mutex_);
    return ends_[id];
  }
  // Waits for the end and says it.
  ReplicaExit End(ReplicaId id) {
    EXPECT_TRUE(Eventually([&] { return !Ends(id).empty(); })) << ToString(id) << " never ended";
    const auto ends = Ends(id);
    EXPECT_EQ(ends.size(), 1u);
    return ends.empty() ? ReplicaExit{} : ends[0];
  }
  std::string LogOf(ReplicaId id) { return ReadText(state_->LogPath(id)).value_or(""); }
  void KillAll() {
    const auto running = backend_->Find();
    if (!running) return;
    for (const ReplicaHandle& replica : *running) (void)backend_->Kill(replica);
    for (const ReplicaHandle& replica : *running) End(replica.id);
  }

 private:
  TestLog log_;
  std::unique_ptr<StateDir> state_;
  Mutex mutex_;
  std::map<ReplicaId, std::vector<ReplicaExit>> ends_ HEARTH_GUARDED_BY(mutex_);
  std::unique_ptr<ProcessBackend> backend_;  // last: its thread writes into the above
};

}  // namespace hearth::pool
