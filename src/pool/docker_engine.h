// DockerEngine: questions to a Docker engine (or what speaks its API) over its unix socket, on one
// keep-alive connection. Knows HTTP, the API's version and how the engine says no; not containers.
//
// One thread at a time. Every failure says what was asked ("cannot start container \"hearth-r7\"")
// and what the engine, or the socket, answered. A connection that broke is opened by the next
// question, which also asks for the version again: the engine may be another one by then.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/env.h"
#include "base/result.h"
#include "http/client.h"
#include "http/url.h"

namespace hearth::pool {

// DOCKER_HOST when it is unix://, else /var/run/docker.sock. kUnsupported for tcp:// and others:
// replicas run on this machine.
Result<http::Url> DockerSocket(const Env& env);

// The version to speak with an engine whose newest is `newest` ("1.41"): the lower one of its and
// ours. kUnsupported when that is older than what is needed here (1.25), kCorrupt when it is none.
Result<std::string> NegotiatedVersion(std::string_view newest);

struct EngineCall {
  std::string what;  // for messages, after "cannot": `start container "hearth-r7"`
  std::string method = "GET";
  std::string path;  // without the version: "/containers/json?all=1"
  std::string body = {};
  std::string content_type = "application/json";
  std::chrono::milliseconds timeout{10'000};
};

// What an engine's refusal comes to: its status as a code, its message as words.
Error Refusal(const EngineCall& call, int status, std::string_view body);

class DockerEngine {
 public:
  // `cancel`, if any, outlives it: fired, it ends what is being asked (kCancelled).
  explicit DockerEngine(http::Url socket, const Cancel* cancel = nullptr);

  Result<http::Answer> Ask(const EngineCall& call);     // any status is an answer
  Result<http::Answer> Demand(const EngineCall& call);  // a status of 400 or more is a failure

  // An answer of JSON lines that comes in time (events, a pull). `on_open`: the answer has begun.
  // `on_lines`: what came, whole lines only, in order; a failure of either ends it and is returned.
  // Ok: the engine has ended the answer. kDeadlineExceeded: the call's time is up.
  using OnLines = std::function<Status(const std::vector<std::string>& lines)>;
  Status Follow(const EngineCall& call, const std::function<Status()>& on_open,
                const OnLines& on_lines);

 private:
  using Time = http::Clock::time_point;
  Status Connect(Time deadline);
  Result<http::Outgoing> Prepare(const EngineCall& call, Time deadline);
  Error Lost(const EngineCall& call, const Error& why);

  const http::Url socket_;
  const Cancel* const cancel_;
  std::optional<http::Connection> connection_;
  std::string version_;  // empty: to be negotiated
};

}  // namespace hearth::pool
