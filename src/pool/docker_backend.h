// DockerBackend: replicas are containers of the Docker engine of this machine, asked over its unix
// socket (docker_engine.h). What runs is known by its labels (docker_request.h), so nothing is kept
// on disk; its output stays with the engine (`docker logs`) until the container has ended, and the
// last line of one that failed is in ReplicaExit::words.
//
// Contract and threads: pool/backend.h. Ends come from the thread `docker-events`
// (docker_watch.h), which then removes the container. Start may pull the image: minutes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/log.h"
#include "base/result.h"
#include "http/url.h"
#include "pool/backend.h"
#include "pool/docker_answer.h"
#include "pool/docker_engine.h"
#include "pool/docker_watch.h"

namespace hearth::pool {

struct DockerTimes {
  std::chrono::milliseconds question{10'000};
  std::chrono::milliseconds start{60'000};  // also of a create: engines are slow when many start
  std::chrono::milliseconds pull{900'000};
  std::chrono::seconds stop{30};  // that others (`docker stop`) give a replica to end
};

struct DockerOptions {
  std::string pool;  // [pool] name: names and labels of the containers begin with it
  http::Url socket;  // of DockerSocket
  DockerTimes times = {};
  std::string root = {};  // tests: in place of / for the cgroup files
  // Fired: a pull that is on its way ends, so that `hearth up` can be left. Outlives the backend.
  const Cancel* stop_pulling = nullptr;
};

class DockerBackend final : public ReplicaBackend {
 public:
  // Asks the engine for its version: kUnavailable with the remedy when there is none. The log
  // outlives it.
  static Result<std::unique_ptr<DockerBackend>> Open(DockerOptions options, const Log& log);

  // An image that is not there is pulled. Fails, with the last line of the output, when the
  // container has ended by then. After a failure there is no container.
  Result<ReplicaHandle> Start(const StartOrder& order) override;
  Status Terminate(const ReplicaHandle& replica) override;  // one that has ended: no failure
  Status Kill(const ReplicaHandle& replica) override;
  // Also removes containers of this pool that have ended. One of its containers whose labels cannot
  // be read is named in the log and left alone.
  Result<std::vector<ReplicaHandle>> Find() override;
  Result<int64_t> MemoryBytes(const ReplicaHandle& replica) override;
  void OnExit(std::function<void(ReplicaExit)> on_exit) override;

 private:
  DockerBackend(DockerOptions options, const Log& log);

  Result<std::string> Create(const StartOrder& order, int port);
  Status Pull(const std::string& image);
  Status ClearName(const std::string& name);
  void RemoveUnlessForeign(const std::string& name, const std::string& nonce);
  Result<ContainerInfo> Inspect(const std::string& container);
  Result<ReplicaHandle> Settle(const StartOrder& order, const std::string& container);
  Result<std::optional<ReplicaHandle>> Adopt(const ListedContainer& listed, ReplicaId replica);
  Result<std::optional<ReplicaHandle>> Examine(const ListedContainer& listed);
  void DropEnded(const ListedContainer& listed);
  Status Signal(const ReplicaHandle& replica, std::string_view signal);

  const DockerOptions options_;
  const Log& log_;
  DockerEngine engine_;
  DockerEngine puller_;
  DockerWatch watch_;
};

}  // namespace hearth::pool
