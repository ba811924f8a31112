// ServerConnection: one client, from accept to close. A state machine driven by readiness: it waits
// (through Asio) until the socket is readable or writable and makes the system call itself, into
// the shared scratch buffer; so an idle connection costs its object and a file descriptor. Lives on
// the I/O thread; held by Core::connections and by its own pending waits.
//
//   kIdle -> kReading -> kPending (the handler has it) -> kWriting -> kIdle … -> kLingering ->
//   kClosed
//
// When is a client gone? A reset (EPOLLERR) and, on a unix socket, a close (EPOLLHUP) are seen at
// once. On TCP a close() and a shutdown(SHUT_WR) look the same: a FIN. Who has half-closed still
// gets its answer, so after a FIN the request is kept; if it is still pending a moment later, one
// `100 Continue` is sent (every client of HTTP/1.1 must skip it): the kernel of a client that is
// really gone answers it with a reset, and then the client counts as gone. A client that has sent
// further requests behind the pending one and then closes is noticed only by a reset, or when its
// answer is written.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "http/core.h"
#include "http/mailbox.h"
#include "http/request_parser.h"
#include "http/server.h"

namespace hearth::http {

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  struct Kind {
    bool is_unix = false;
    bool over_limit = false;  // one more than connections_max: it is told so and closed
  };
  ServerConnection(Core& core, UniqueFd fd, Kind kind);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  void Start();                                // waits for the first request
  void StartRefused(const Response& refusal);  // 503, and the door

  void Answer(std::optional<Response> response);  // of the pending request
  void Sweep(Clock::time_point now);              // enforces the deadline of the phase
  void Drain();                                   // the server is stopping
  void Close();

  size_t position = 0;  // in Core::connections, kept by it
  bool over_limit() const { return kind_.over_limit; }

 private:
  enum class Phase { kIdle, kReading, kPending, kWriting, kLingering, kClosed };

  // connection.cc: the life of the connection and what its socket says
  void ArmRead();
  void ArmWrite();
  void WatchErrors();
  void OnReadable();
  void ReadInput();
  void PeekWhilePending();
  void ProbeHalfClosed();
  void SendProbe();
  void DiscardInput();
  bool HungUp() const;
  void TakeLargeSendBuffer();    // when there is one left
  void ReturnLargeSendBuffer();  // when the kernel has sent all it holds
  void Linger(bool input_is_clean);

  // connection_request.cc: from bytes to requests and back to bytes
  void Consume(std::string_view fresh);
  bool Step(std::string_view data, size_t* used);
  bool StepHead(std::string_view data, size_t* used);
  bool StepBody(std::string_view data, size_t* used);
  std::optional<Response> RefusalOfHead();
  void RefuseHead(Response refusal, std::string_view rest, size_t* used);
  void RefuseAndClose(const Refusal& refusal);
  bool SendContinue();
  void Dispatch();
  void Respond(Response response, bool keep_alive);
  void WriteSome();
  void OnWritten();
  void OnEndOfInput();
  void NextRequest();

  Core& core_;
  Descriptor socket_;
  const Kind kind_;

  Phase phase_ = Phase::kIdle;
  Clock::time_point deadline_;
  bool read_armed_ = false;
  bool errors_watched_ = false;
  bool consuming_ =
      false;  // inside Consume: who finishes an answer need not continue with the input
  bool end_of_input_ = false;  // the client has sent FIN
  size_t lingered_bytes_ = 0;
  std::unique_ptr<boost::asio::steady_timer> probe_timer_;

  // The request being read
  RequestParser parser_;
  std::string input_;  // read, not yet understood
  Clock::time_point arrived_;
  bool head_done_ = false;
  size_t charged_ = 0;  // of its body

  // The request being answered
  std::shared_ptr<Responder::Impl> pending_;
  bool keep_alive_ = true;
  bool is_head_ = false;  // HEAD
  bool close_after_ = false;
  bool input_is_clean_ = true;  // nothing of a refused request is still on its way

  // The answer being written
  std::string head_;
  std::string body_;
  size_t written_ = 0;
  size_t answer_charged_ = 0;
  bool large_send_buffer_ = false;

  // Wraps what a wait calls. A fence: what a third party throws (memory above all) costs this
  // connection only.
  template <typename F>
  auto Guarded(F body) {
    return [self = shared_from_this(), body](const boost::system::error_code&) {
      if (self->phase_ == Phase::kClosed) return;
      try {
        body(*self);
      } catch (...) {
        self->Close();
      }
    };
  }
};

}  // namespace hearth::http
