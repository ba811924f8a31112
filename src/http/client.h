// A small HTTP/1.1 client: blocking, over TCP, TLS or a unix socket, straight or through a proxy.
// For one-shot questions (`hearth probe`, tests), for downloads, and for a caller that owns its
// thread. Many connections at once from one thread, plain only: load_client.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "http/answer.h"
#include "http/url.h"

namespace hearth::http {

using Clock = std::chrono::steady_clock;

struct Outgoing {
  std::string method = "GET";
  std::string target = {};  // empty: the URL's
  // Beyond Host and Content-Length.
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Content-Length is sent when it is not empty, and always with POST, PUT and PATCH.
  std::string body = {};
};

// The bytes of `request` as they go over the wire. Values are sent as they are: they must not
// contain line breaks.
std::string Serialize(const Url& url, const Outgoing& request);

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;              // chunked bodies are joined
  Clock::time_point sent;        // just before the first byte of the request went out
  Clock::time_point first_byte;  // when the first byte of the answer was read
  Clock::time_point done;        // when its last byte was read
  bool keep_alive = true;

  std::string_view Header(std::string_view name) const;  // any case; empty when absent
};

inline constexpr size_t kAnswerBytesMax = size_t{256} * 1024 * 1024;
inline constexpr size_t kPieceBytes = size_t{256} * 1024;

struct ConnectOptions {
  // proxy.h finds it. http: asked with the whole URL; https: by CONNECT. Its user_info goes out as
  // Proxy-Authorization.
  std::optional<Url> proxy = std::nullopt;
  // PEM, in place of the system's certificates (SSL_CERT_FILE, SSL_CERT_DIR, the usual files).
  std::string ca_file = {};
  // Looking the name up, connecting, the proxy and the TLS handshake together.
  std::chrono::milliseconds connect_timeout{10'000};
  // No byte of the answer for that long: kDeadlineExceeded. 0: only the deadline counts.
  std::chrono::milliseconds idle_timeout{0};
  size_t answer_bytes_max = kAnswerBytesMax;  // of a body kept in memory: not for Stream
  const Cancel* cancel = nullptr;             // outlives the connection; fired: kCancelled
};

// One keep-alive connection. One thread at a time. Failures: kIo (cannot connect, reset, closed
// before the answer was whole, a certificate that is not trusted), kNotFound (no such host),
// kDeadlineExceeded, kCancelled, kTooLarge (an answer over `answer_bytes_max`, a head over 64 KiB),
// kCorrupt (not HTTP), kUnsupported (a transfer coding other than chunked), kUnauthorized (the
// proxy wants a password), kUnavailable (the proxy says 5xx); after any of them, and after an
// answer with keep_alive == false, the connection is closed and the next request opens it again.
// Redirects are answers like others. A certificate and the name in it are always verified; TLS 1.2
// or newer.
class Connection {
 public:
  static Result<Connection> Open(const Url& url, Clock::time_point deadline,
                                 ConnectOptions options = {});
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  Result<Answer> RoundTrip(const Outgoing& request, Clock::time_point deadline);
  // The same with bytes made by Serialize (or by a test); `head_only`: the answer has no body
  // (HEAD).
  Result<Answer> RoundTripRaw(std::string_view wire, Clock::time_point deadline,
                              bool head_only = false);
  // The body goes to `sink` in pieces of at most kPieceBytes; only one is in memory at a time.
  // kIo when the connection ends before the length that was announced, or before the last chunk.
  // What `sink` returns as a failure is returned as it is.
  Result<AnswerHead> Stream(const Outgoing& request, Clock::time_point deadline, BodySink* sink);

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether a failure says that the server's certificate is not good: no other try makes it so.
bool IsCertificateFailure(const Error& error);

// Opens, asks once, closes.
Result<Answer> Fetch(std::string_view url, const Outgoing& request, Clock::time_point deadline);

}  // namespace hearth::http
