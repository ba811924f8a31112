// The HTTP/1.1 server that hearth's commands share. The only room that sees Beast and Asio.
//
// One I/O thread (the caller of Run) does framing only: it never does work that grows with a body.
// A handler gets each complete request on that thread, must return at once, and answers from any
// thread, once, through the Responder. Bounded by ServerLimits in every dimension; what exceeds a
// limit is answered (413, 431, 408, 503) or closed, and counted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hearth::http {

using Clock = std::chrono::steady_clock;

// What the kernel may hold in the buffers of one connection, both ways together: the server sets
// their sizes (32 KiB each, of which Linux makes twice as much for its own structures).
inline constexpr size_t kSocketBytesMax = size_t{128} * 1024;

// What a batch answers is larger than that, and each time the buffer is full the I/O thread has to
// get a CPU again beside busy workers. So a few connections at a time have a send buffer that takes
// such an answer whole: as much as Linux gives anyone by default (net.core.wmem_max, which it
// doubles).
inline constexpr size_t kLargeSendBuffers = 8;
inline constexpr size_t kLargeSendBytes = size_t{2} * 212'992;

struct ServerLimits {
  size_t connections_max = 512;
  size_t header_bytes_max = size_t{16} * 1024;
  size_t body_bytes_max = 2'000'000;
  size_t buffered_bytes_max =
      size_t{64} * 1024 * 1024;  // all bodies and answers of the process together
  std::chrono::milliseconds request_read_time_max{30'000};  // from its first byte to its last
  std::chrono::milliseconds idle_time_max{75'000};          // between requests
  std::chrono::milliseconds write_time_max{30'000};  // an answer that the client does not read
};

// A request, complete. Header names are matched without case.
struct Request {
  std::string method;
  std::string path;   // decoded, without the query; starts with '/'
  std::string query;  // as sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Clock::time_point arrived;  // when its first byte was read

  std::string_view Header(std::string_view name) const;  // empty when absent
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  // Beyond Content-Type, Content-Length and Connection.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// The right to answer one request. Movable; destroyed unanswered it answers 500. Safe to use from
// any thread, also after the server is gone.
class Responder {
 public:
  struct Impl;
  explicit Responder(std::shared_ptr<Impl> impl);
  Responder(Responder&&) noexcept;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();

  void Send(Response response);
  // True once the client has reset or hung up: the work is no longer wanted. A half-closed client
  // is not gone.
  bool gone() const;

 private:
  std::shared_ptr<Impl> impl_;
};

// What the handler wants of a request before its body is read: refuse it here and no body byte is
// buffered.
struct RequestHead {
  std::string_view method;
  std::string_view path;
  size_t content_length = 0;  // 0 when chunked or absent
  const std::vector<std::pair<std::string, std::string>>* headers = nullptr;
};

struct Handlers {
  // Optional. False refuses the request with *refusal; true takes it. Called before any body byte
  // is read and before `100 Continue` is sent. A refused request's connection is kept when it had
  // no body, or all of it had already come with the head; otherwise it closes.
  std::function<bool(const RequestHead&, Response* refusal)> on_head;
  std::function<void(Request, Responder)> on_request;
  // How an error of the server's own (400, 408, 413, 431, 503) is printed.
  std::function<Response(Code code, int status, std::string_view message)> print_error;
};

// Counters, readable from any thread.
struct ServerStats {
  std::atomic<int64_t> connections_open{0};
  std::atomic<int64_t> connections_total{0};
  std::atomic<int64_t> connections_refused{0};
  std::atomic<int64_t> requests_open{0};
  std::atomic<int64_t> buffered_bytes{0};
  std::atomic<int64_t> refused_buffer_full{0};
  std::atomic<int64_t> timed_out{0};
  std::atomic<int64_t> malformed{0};
};

struct Listen {
  std::string host = "127.0.0.1";
  uint16_t port = 0;  // 0: chosen by the kernel
  // Non-empty: a unix socket instead. Removed on close; a stale one is replaced. Its mode is what
  // the umask leaves of 0777 (who connects needs write permission).
  std::string unix_path = {};
};

class Server {
 public:
  // Binds and listens (kIo naming the address when it is taken), accepts nothing before Run.
  static Result<std::unique_ptr<Server>> Open(const Listen& listen, const ServerLimits& limits,
                                              Handlers handlers);
  ~Server();

  uint16_t port() const;
  std::string address() const;  // "http://127.0.0.1:8000" or "unix:/run/x.sock"
  const ServerStats& stats() const;

  // Serves on the calling thread until Stop has finished.
  void Run();

  // Any thread or a signal watcher. Accepts no more; idle connections close at once, those with a
  // request when it is answered (`Connection: close`), all at `deadline`.
  void Stop(Clock::time_point deadline);

  // Calls `fn` on the I/O thread when SIGTERM or SIGINT arrives (second time too). Call before any
  // other thread starts.
  void OnSignal(std::function<void(int signal)> fn);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http
