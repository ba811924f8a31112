#include "fetch/web.h"

#include <algorithm>

#include "fetch/redirect.h"
#include "http/proxy.h"

namespace hearth::fetch {
namespace {

constexpr size_t kConnectionsMax = 4;  // the hub, its storage, and what stands between
constexpr size_t kAskedBytesMax = size_t{8} << 20U;

// The request line's target goes with the request, not with the connection.
http::Outgoing WithTarget(const http::Url& url, const http::Outgoing& request) {
  http::Outgoing out = request;
  if (out.target.empty()) out.target = url.target;
  return out;
}

}  // namespace

Result<http::Connection*> Web::To(const http::Url& url) {
  const auto same = [&](const auto& one) { return SameServer(one.first, url); };
  if (const auto found = std::ranges::find_if(connections_, same); found != connections_.end()) {
    std::rotate(found, found + 1, connections_.end());
    return &connections_.back().second;
  }
  http::Url server = url;
  server.target = "/";
  auto proxy = http::ProxyFor(server, options_.env);
  if (!proxy) return Forward(proxy);
  http::ConnectOptions options;
  options.proxy = *std::move(proxy);
  options.ca_file = options_.ca_file;
  options.idle_timeout = options_.idle_timeout;
  options.answer_bytes_max = kAskedBytesMax;
  options.cancel = options_.cancel;
  auto opened = http::Connection::Open(server, options_.deadline, std::move(options));
  if (!opened) return Forward(opened);
  if (connections_.size() == kConnectionsMax) connections_.erase(connections_.begin());
  connections_.emplace_back(server, *std::move(opened));
  return &connections_.back().second;
}

Result<http::AnswerHead> Web::Stream(const http::Url& url, const http::Outgoing& request,
                                     http::BodySink* sink) {
  auto connection = To(url);
  if (!connection) return Forward(connection);
  return (*connection)->Stream(WithTarget(url, request), options_.deadline, sink);
}

Result<http::Answer> Web::Ask(const http::Url& url, const http::Outgoing& request) {
  auto connection = To(url);
  if (!connection) return Forward(connection);
  return (*connection)->RoundTrip(WithTarget(url, request), options_.deadline);
}

std::string CaFile(const Env& env, CaFor what) {
  if (what == CaFor::kS3) return FirstSet(env, {"AWS_CA_BUNDLE"});
  return FirstSet(env, {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"});
}

}  // namespace hearth::fetch
