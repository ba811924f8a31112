// DockerWatch: knows which containers are the pool's, and says when one has ended. A thread of its
// own, `docker-events`, follows the engine's events.
//
// No end is missed: whenever the stream begins anew (it was cut, the engine was restarted, or a
// minute has passed, since a stream that hangs looks like a quiet one) it asks for what happened
// since the last event and also looks at every container that is being watched. An end that is seen
// twice is reported once. An ended container is read (exit, out of memory, last line), reported,
// then removed.
//
// All functions: any thread; Add, Confirm and Forget of one container: one thread. The destructor
// ends the thread: at once, or after the removal that it is at (5 s at most).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "base/log.h"
#include "base/mutex.h"
#include "http/url.h"
#include "pool/backend.h"
#include "pool/docker_answer.h"
#include "pool/docker_engine.h"

namespace hearth::pool {

// DELETE of a container that has ended, or of a running one too if `force`. One that is not there
// any more is no failure.
Status RemoveContainer(DockerEngine& engine, const std::string& container, bool force);

class DockerWatch {
 public:
  // The reference outlives it.
  DockerWatch(http::Url socket, std::string pool, const Log& log);
  ~DockerWatch();
  DockerWatch(const DockerWatch&) = delete;
  DockerWatch& operator=(const DockerWatch&) = delete;

  void OnExit(std::function<void(ReplicaExit)> on_exit);

  // Before the container is started, so that nothing is missed. Its end is only noted until
  // Confirm. False: it is known already.
  bool Add(const std::string& container, ReplicaId replica);
  // It runs. From here on its end is reported. False: it has ended since Add; the container is
  // forgotten and the caller's to remove.
  bool Confirm(const std::string& container, int64_t pid);
  void Forget(const std::string& container);
  bool Knows(const std::string& container) const;
  int64_t PidOf(const std::string& container) const;  // 0: not known

 private:
  struct Watched {
    ReplicaId replica;
    int64_t pid = 0;
    bool confirmed = false;
    bool ended = false;  // before it was confirmed
    bool oom_event = false;
  };

  void Run();
  Status Follow();
  Status LookAtAll();
  Status OnLines(const std::vector<std::string>& lines);
  void OnEvent(const EngineEvent& event);
  void NoteOom(const std::string& container);
  void End(const std::string& container, std::optional<int> exit_code);
  std::vector<std::string> Confirmed() const;
  void RemoveEnded();

  const std::string pool_;
  const Log& log_;
  Cancel over_;

  mutable Mutex mutex_;
  std::map<std::string, Watched> watched_ HEARTH_GUARDED_BY(mutex_);
  std::function<void(ReplicaExit)> on_exit_ HEARTH_GUARDED_BY(mutex_);

  // The thread's own
  DockerEngine stream_;    // its answer never ends
  DockerEngine question_;  // inspects meanwhile
  DockerEngine removal_;   // not cut short, so that nothing is left behind
  int64_t since_unix_ns_;
  bool opened_ = false;  // the stream, this time
  std::vector<std::string> ended_;

  std::thread thread_;
};

}  // namespace hearth::pool
