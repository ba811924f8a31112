// Web: one thread's way to servers: keep-alive connections (a few, by server), through a proxy
// where the environment says so, with this program's limits. Redirects and retries are the
// caller's.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/env.h"
#include "base/result.h"
#include "http/client.h"

namespace hearth::fetch {

struct WebOptions {
  Env env;                   // proxies
  std::string ca_file = {};  // AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE; empty: the system's
  std::chrono::milliseconds idle_timeout{30'000};  // a server that says nothing for so long
  http::Clock::time_point deadline;                // of everything
  const Cancel* cancel = nullptr;                  // outlives it
};

class Web {
 public:
  explicit Web(WebOptions options) : options_(std::move(options)) {}

  // Failures are those of http::Connection; messages name the server but never the query (it may be
  // a signature).
  Result<http::AnswerHead> Stream(const http::Url& url, const http::Outgoing& request,
                                  http::BodySink* sink);
  // With a body of at most 8 MiB.
  Result<http::Answer> Ask(const http::Url& url, const http::Outgoing& request);

  const WebOptions& options() const { return options_; }

 private:
  Result<http::Connection*> To(const http::Url& url);

  WebOptions options_;
  std::vector<std::pair<http::Url, http::Connection>> connections_;  // the last used one last
};

// AWS_CA_BUNDLE for S3, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE for the hub; empty: SSL_CERT_FILE or
// the system's.
enum class CaFor { kHub, kS3 };
std::string CaFile(const Env& env, CaFor what);

}  // namespace hearth::fetch
