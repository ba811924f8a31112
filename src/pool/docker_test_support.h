// What the tests of the Docker backend share: orders, exits that are waited for, and FakeEngine, a
// Docker engine that says what a test scripts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fake_root.h"
#include "base/log.h"
#include "base/mutex.h"
#include "http/test_support.h"
#include "pool/docker_backend.h"

namespace hearth::pool::testing {

using http::testing::Eventually;

inline StartOrder OrderOf(uint64_t replica, const std::string& image) {
  StartOrder order;
  order.id = ReplicaId{replica};
  order.nonce = fmt::format("{:032x}", 0xABC000 + replica);
  order.spec.image = image;
  return order;
}

// A log that is thrown away.
inline const Log& Quiet() {
  static const Log log(-1, LogFormat::kText, LogLevel::kError);
  return log;
}

// What a backend reports, from whichever thread.
class Exits {
 public:
  void Attach(DockerBackend& backend) {
    backend.OnExit([this](ReplicaExit exit) {
      const MutexLock lock(mutex_);
      exits_.push_back(std::move(exit));
    });
  }
  std::vector<ReplicaExit> all() const {
    const MutexLock lock(mutex_);
    return exits_;
  }
  // Waits for the exit of `replica`; reason kRetired when it never came.
  ReplicaExit Of(uint64_t replica) const {
    ReplicaExit found{ReplicaId{replica}, EndReason::kRetired, ""};
    EXPECT_TRUE(Eventually([&] {
      for (const ReplicaExit& exit : all()) {
        if (exit.id == ReplicaId{replica}) {
          found = exit;
          return true;
        }
      }
      return false;
    })) << "replica "
        << replica << " never ended";
    return found;
  }

 private:
  mutable Mutex mutex_;
  std::vector<ReplicaExit> exits_ HEARTH_GUARDED_BY(mutex_);
};

// Answers on a unix socket. Each question is "METHOD path?query" without the version; the script
// gives the answer, or nothing: then the question is never answered.
class FakeEngine {
 public:
  struct Question {
    std::string line;  // "POST /containers/create?name=hearth-r1"
    std::string body;
    bool Is(std::string_view start) const { return line.starts_with(start); }
  };
  using Script = std::function<std::optional<http::Response>(const Question&)>;

  explicit FakeEngine(Script script, std::string version = "1.41")
      : script_(std::move(script)), version_(std::move(version)) {
    http::Listen listen;
    listen.unix_path = socket().unix_path;
    http::Handlers handlers;
    handlers.on_request = [this](const http::Request& request, http::Responder responder) {
      OnRequest(request, std::move(responder));
    };
    server_ = std::make_unique<http::testing::TestServer>(std::move(handlers), http::ServerLimits{},
                                                          listen);
  }
  ~FakeEngine() { server_.reset(); }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  http::Url socket() const {
    http::Url url;
    url.unix_path = folder_.path() + "/docker.sock";
    return url;
  }
  // Asked so far, pings left out, with the version in front: "/v1.41 GET /events?…".
  std::vector<std::string> asked() const {
    const MutexLock lock(mutex_);
    return asked_;
  }
  int64_t CountOf(std::string_view part) const {
    const auto lines = asked();
    return std::ranges::count_if(
        lines, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }

 private:
  void OnRequest(const http::Request& request, http::Responder responder) {
    if (request.path == "/_ping") {
      responder.Send({.body = "OK", .headers = {{"Api-Version", version_}}});
      return;
    }
    const size_t rest = request.path.find('/', 1);
    const std::string query = request.query.empty() ? "" : "?" + request.query;
    const Question question{
        .line =
            request.method + " " + request.path.substr(std::min(rest, request.path.size())) + query,
        .body = request.body};
    {
      const MutexLock lock(mutex_);
      asked_.push_back(request.path.substr(0, rest) + " " + question.line);
    }
    if (question.Is("GET /_ping")) return responder.Send({});
    if (auto response = script_(question)) return responder.Send(*std::move(response));
    const MutexLock lock(mutex_);
    unanswered_.push_back(std::move(responder));
  }

  const FakeRoot folder_;
  const Script script_;
  const std::string version_;
  mutable Mutex mutex_;
  std::vector<std::string> asked_ HEARTH_GUARDED_BY(mutex_);
  std::vector<http::Responder> unanswered_ HEARTH_GUARDED_BY(mutex_);
  std::unique_ptr<http::testing::TestServer> server_;
};

inline http::Response Says(int status, const std::string& message) {
  return {.status = status, .body = R"({"message":")" + message + "\"}"};
}

}  // namespace hearth::pool::testing
