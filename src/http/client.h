// A small HTTP/1.1 client: blocking, plain text, over TCP or a unix socket. For one-shot questions
// (`hearth probe`, tests) and for a caller that owns its thread. Many connections at once from one
// thread: load_client.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
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

// One keep-alive connection. One thread at a time. Failures: kIo (cannot connect, reset, closed
// before the answer was whole), kDeadlineExceeded, kTooLarge (an answer over `answer_bytes_max`),
// kCorrupt (not HTTP); after any of them, and after an answer with keep_alive == false, the
// connection is closed and the next RoundTrip opens it again.
class Connection {
 public:
  static Result<Connection> Open(const Url& url, Clock::time_point deadline,
                                 size_t answer_bytes_max = kAnswerBytesMax);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  Result<Answer> RoundTrip(const Outgoing& request, Clock::time_point deadline);
  // The same with bytes made by Serialize (or by a test); `head_only`: the answer has no body
  // (HEAD).
  Result<Answer> RoundTripRaw(std::string_view wire, Clock::time_point deadline,
                              bool head_only = false);

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Opens, asks once, closes.
Result<Answer> Fetch(std::string_view url, const Outgoing& request, Clock::time_point deadline);

}  // namespace hearth::http
