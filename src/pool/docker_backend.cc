#include "pool/docker_backend.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/unique_fd.h"
#include "pool/docker_end.h"
#include "pool/docker_handle.h"
#include "pool/docker_memory.h"
#include "pool/docker_request.h"

namespace hearth::pool {
namespace {

// Free a moment ago: another process may take it before the replica does, which then ends and is
// replaced. The host network leaves no better way.
Result<int> FreeLoopbackPort() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (!fd.valid() || ::bind(fd.get(), any, size) != 0 || ::getsockname(fd.get(), any, &size) != 0) {
    return Fail(Code::kIo, "cannot find a free port on 127.0.0.1: {}",
                std::generic_category().message(errno));
  }
  return ntohs(address.sin_port);
}

// A 404 to a create may also mean a volume.
bool IsMissingImage(const http::Answer& answer) {
  std::string message = EngineMessage(answer.body);
  std::ranges::transform(message, message.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return answer.status == 404 && message.find("image") != std::string::npos;
}

EngineCall InspectCall(std::string_view container, std::chrono::milliseconds timeout) {
  return {.what = fmt::format("inspect container {:.40}", container),
          .path = fmt::format("/containers/{}/json", container),
          .timeout = timeout};
}

bool HasLabel(const Labels& labels, std::string_view name, const std::string& value) {
  const auto found = labels.find(name);
  return found != labels.end() && found->second == value;
}

}  // namespace

DockerBackend::DockerBackend(DockerOptions options, const Log& log)
    : options_(std::move(options)),
      log_(log),
      engine_(options_.socket),
      puller_(options_.socket, options_.stop_pulling),
      watch_(options_.socket, options_.pool, log) {}

Result<std::unique_ptr<DockerBackend>> DockerBackend::Open(DockerOptions options, const Log& log) {
  const auto answer = DockerEngine(options.socket)
                          .Demand({.what = "use the Docker engine",
                                   .path = "/_ping",
                                   .timeout = options.times.question});
  if (!answer) return tl::unexpected<Error>(answer.error());
  return std::unique_ptr<DockerBackend>(new DockerBackend(std::move(options), log));
}

void DockerBackend::OnExit(std::function<void(ReplicaExit)> on_exit) {
  watch_.OnExit(std::move(on_exit));
}

Result<ReplicaHandle> DockerBackend::Start(const StartOrder& order) {
  if (order.spec.image.empty()) {
    return Fail(Code::kInvalidArgument,
                "cannot start replica {}: the docker backend needs [replica] image",
                ToString(order.id));
  }
  const bool on_host = order.spec.network == kHostNetwork;
  const auto port = on_host ? FreeLoopbackPort() : Result<int>(order.spec.container_port);
  if (!port) return tl::unexpected<Error>(port.error());
  const auto container = Create(order, *port);
  if (!container) return tl::unexpected<Error>(container.error());
  watch_.Add(*container, order.id);
  auto handle = Settle(order, *container);
  if (handle) return handle;
  watch_.Forget(*container);
  if (const Status removed = RemoveContainer(engine_, *container, true); !removed) {
    log_.Warn("a container that did not start is left behind",
              {{"container", *container}, {"reason", removed.error().message}});
  }
  return handle;
}

// From a created container to one that runs.
Result<ReplicaHandle> DockerBackend::Settle(const StartOrder& order, const std::string& container) {
  const std::string who = fmt::format("container \"{}\" of image \"{}\"",
                                      ContainerName(options_.pool, order.id), order.spec.image);
  const auto started = engine_.Demand({.what = "start " + who,
                                       .method = "POST",
                                       .path = fmt::format("/containers/{}/start", container),
                                       .timeout = options_.times.start});
  if (!started) return tl::unexpected<Error>(started.error());
  const auto info = Inspect(container);
  if (!info) return tl::unexpected<Error>(info.error());
  if (info->running) {
    auto handle = HandleOf(*info);
    if (!handle) return Fail(handle.error().code, "cannot use {}: {}", who, handle.error().message);
    if (watch_.Confirm(container, info->pid)) return handle;
  }
  return Fail(Code::kUnavailable, "{} has ended at once: {}", who,
              DescribeEnd(engine_, container, {}).words);
}

Result<std::string> DockerBackend::Create(const StartOrder& order, int port) {
  const std::string name = ContainerName(options_.pool, order.id);
  auto body = CreateBody(
      {.pool = options_.pool, .start = order, .port = port, .stop_timeout = options_.times.stop});
  if (!body) return Forward(body);
  const EngineCall call{
      .what = fmt::format("create container \"{}\" from image \"{}\"", name, order.spec.image),
      .method = "POST",
      .path = "/containers/create?name=" + PercentEncoded(name),
      .body = *std::move(body),
      .timeout = options_.times.start};
  bool pulled = false;
  bool cleared = false;
  while (true) {
    const auto answer = engine_.Ask(call);
    if (!answer) {
      // It may have been created all the same.
      RemoveUnlessForeign(name, order.nonce);
      return tl::unexpected<Error>(answer.error());
    }
    if (answer->status < 400) return ReadId(answer->body);
    Status remedy = tl::unexpected<Error>(Refusal(call, answer->status, answer->body));
    if (IsMissingImage(*answer) && !std::exchange(pulled, true)) {
      remedy = Pull(order.spec.image);
    } else if (answer->status == 409 && !std::exchange(cleared, true)) {
      remedy = ClearName(name);
    }
    if (!remedy) return Forward(remedy);
  }
}

Status DockerBackend::Pull(const std::string& image) {
  log_.Info("pulling an image", {{"image", image}});
  const EngineCall call{.what = fmt::format("pull image \"{}\"", image),
                        .method = "POST",
                        .path = PullPath(image),
                        .timeout = options_.times.pull};
  std::string error;  // comes in an answer of 200
  Status pulled = puller_.Follow(
      call, [] { return Status(); },
      [&error](const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
          if (std::string said = PullError(line); !said.empty()) error = std::move(said);
        }
        return Status();
      });
  if (pulled && !error.empty()) pulled = Fail(Code::kNotFound, "cannot {}: {}", call.what, error);
  if (pulled || pulled.error().code == Code::kCancelled) return pulled;
  return Fail(pulled.error().code,
              "there is no image \"{}\" here: {}; build it, or bring it by `docker pull`", image,
              pulled.error().message);
}

// Another container has the name: one of an earlier life goes, any other stays.
Status DockerBackend::ClearName(const std::string& name) {
  const auto info = Inspect(name);
  if (!info && info.error().code == Code::kNotFound) return {};  // it has just gone
  if (!info) return tl::unexpected<Error>(info.error());
  const bool ours = HasLabel(info->labels, kPoolLabel, options_.pool);
  if (ours && !info->running) return RemoveContainer(engine_, info->id, false);
  return Fail(Code::kUnavailable,
              "cannot create container \"{}\": {} has that name; remove it (`docker rm -f {}`) or "
              "give this pool another [pool] name",
              name, ours ? "a running replica of this pool" : "a container that is not hearth's",
              name);
}

void DockerBackend::RemoveUnlessForeign(const std::string& name, const std::string& nonce) {
  const auto info = Inspect(name);
  if (!info || !HasLabel(info->labels, kNonceLabel, nonce)) return;
  if (const Status removed = RemoveContainer(engine_, info->id, true); !removed) {
    log_.Warn("a container that did not start is left behind",
              {{"container", name}, {"reason", removed.error().message}});
  }
}

Result<ContainerInfo> DockerBackend::Inspect(const std::string& container) {
  const auto answer = engine_.Demand(InspectCall(container, options_.times.question));
  if (!answer) return tl::unexpected<Error>(answer.error());
  return ReadContainer(answer->body);
}

Status DockerBackend::Signal(const ReplicaHandle& replica, std::string_view signal) {
  const EngineCall call{
      .what = fmt::format("send {} to replica {}", signal, ToString(replica.id)),
      .method = "POST",
      .path = fmt::format("/containers/{}/kill?signal={}", replica.container, signal),
      .timeout = options_.times.question};
  const auto answer = engine_.Ask(call);
  if (!answer) return tl::unexpected<Error>(answer.error());
  // It does not run, or is gone: the watch says so.
  if (answer->status < 400 || answer->status == 404 || answer->status == 409) return {};
  return tl::unexpected<Error>(Refusal(call, answer->status, answer->body));
}

Status DockerBackend::Terminate(const ReplicaHandle& replica) { return Signal(replica, "SIGTERM"); }

Status DockerBackend::Kill(const ReplicaHandle& replica) { return Signal(replica, "SIGKILL"); }

Result<std::vector<ReplicaHandle>> DockerBackend::Find() {
  const auto answer = engine_.Demand({.what = "list the containers of Docker",
                                      .path = ListPath(options_.pool),
                                      .timeout = options_.times.question});
  if (!answer) return tl::unexpected<Error>(answer.error());
  const auto list = ReadContainers(answer->body);
  if (!list) return tl::unexpected<Error>(list.error());
  std::vector<ReplicaHandle> out;
  for (const ListedContainer& listed : *list) {
    auto handle = Examine(listed);
    if (!handle) return Forward(handle);
    if (*handle) out.push_back(**std::move(handle));
  }
  std::ranges::sort(out, {}, &ReplicaHandle::id);
  return out;
}

Result<std::optional<ReplicaHandle>> DockerBackend::Examine(const ListedContainer& listed) {
  const auto replica = ReplicaOf(listed.labels);
  if (!replica) {
    log_.Warn("a container has the label of this pool but is none of its replicas, left alone",
              {{"container", listed.name}, {"reason", replica.error().message}});
    return std::nullopt;
  }
  if (listed.running()) return Adopt(listed, *replica);
  DropEnded(listed);
  return std::nullopt;
}

// Watched before it is looked at: an end between the two is not missed. A failure is Find's: who
// does not know whether a replica runs must not start another one.
Result<std::optional<ReplicaHandle>> DockerBackend::Adopt(const ListedContainer& listed,
                                                          ReplicaId replica) {
  const bool is_new = watch_.Add(listed.id, replica);
  const auto info = Inspect(listed.id);
  const bool is_gone = !info && info.error().code == Code::kNotFound;
  const auto handle = info && info->running
                          ? HandleOf(*info)
                          : Result<ReplicaHandle>(Fail(Code::kNotFound, "it has ended"));
  if (handle && watch_.Confirm(listed.id, info->pid)) return *handle;
  if (is_new) watch_.Forget(listed.id);
  if (!info && !is_gone) return tl::unexpected<Error>(info.error());
  if (info && info->running && !handle) {
    log_.Warn("a replica's container cannot be used, left alone",
              {{"container", listed.name}, {"reason", handle.error().message}});
  } else if (is_new) {
    DropEnded(listed);
  }
  return std::nullopt;
}

void DockerBackend::DropEnded(const ListedContainer& listed) {
  // What is watched is read by the watch before it goes.
  if (listed.state == "removing" || watch_.Knows(listed.id)) return;
  if (const Status removed = RemoveContainer(engine_, listed.id, false); !removed) {
    log_.Warn("an ended container is left behind",
              {{"container", listed.name}, {"reason", removed.error().message}});
  }
}

Result<int64_t> DockerBackend::MemoryBytes(const ReplicaHandle& replica) {
  return ContainerMemoryBytes(replica.container, watch_.PidOf(replica.container), options_.root);
}

}  // namespace hearth::pool
