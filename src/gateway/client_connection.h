// ClientConnection: one client, from accept to close. One request at a time; what a client sends
// ahead (pipelining) waits in a small buffer, then in the kernel.
//
//   idle → reading (a head) → request (its exchange) → idle … → lingering → closed
//
// The manners are those of http::Server (src/http/connection.h): a client that has half-closed gets
// its answer; a reset, and on a unix socket a close, means that it is gone; to tell a half-close
// from a close on TCP, one `100 Continue` is sent a moment after the FIN. Whoever is told to go may
// linger for a moment, so that no answer is lost.
//
// client_connection.cc has the socket, client_request.cc what is understood of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "gateway/exchange.h"
#include "gateway/hub.h"
#include "gateway/own_answer.h"
#include "http/request_parser.h"

namespace hearth::gateway {

class ClientConnection final : public EventLoop::Watcher {
 public:
  struct Kind {
    bool is_unix = false;
    bool over_limit = false;  // one more than may be: it is told so and closed
  };
  ClientConnection(Hub& hub, UniqueFd fd, std::string address, Kind kind);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  bool Start();  // false: the kernel has no room for it
  void Sweep(Clock::time_point now);
  void Drain();   // the gateway is stopping: closes what is idle
  void EndNow();  // its time is over: answers what is open with 503, or cuts it
  void Close();

  // For its exchange.
  void OnBound();                     // its body may be read
  void OnUpstreamRoom();              // more of it may be
  bool BeginAnswer(bool must_close);  // true: the connection ends with it
  std::string& out() { return out_; }
  size_t unsent() const { return out_.size() - out_sent_; }
  void Flush();
  void OnAnswerWhole();  // out() holds its end
  void SendOwnAnswer(const OwnAnswer& answer, std::string_view request_id, bool head_only);
  void CloseInAnswer(bool reset);

  void OnEvents(uint32_t events) override;

  size_t position = 0;  // in Hub::clients, kept by it
  bool over_limit() const { return kind_.over_limit; }
  bool idle() const { return phase_ == Phase::kIdle; }

 private:
  enum class Phase { kIdle, kReading, kRequest, kRefusing, kLingering, kClosed };

  // client_connection.cc
  bool WantsInput() const;
  void UpdateEvents();
  void OnReadable();
  void ReadInput();
  void OnHalfClosed();
  void Probe();
  void Gone();
  void WriteOut();
  void OnAllWritten();
  void Linger();
  void DiscardInput();

  // client_request.cc
  void Consume(std::string_view fresh);
  bool Step();
  bool StepHead();
  bool StepBody();
  void StartRequest();
  void AfterInput();
  void OnEndOfInput();
  void Refuse(const OwnAnswer& answer);
  bool SwallowBody();
  bool SendContinue();
  void NextRequest();

  Hub& hub_;
  UniqueFd fd_;
  const std::string address_;
  const Kind kind_;

  Phase phase_ = Phase::kIdle;
  Clock::time_point deadline_;  // of the phase; in kRequest, for the client to read
  uint32_t events_ = 0;         // watched for
  bool reading_ = true;
  bool writing_ = false;
  bool end_of_input_ = false;  // its FIN has been read
  bool half_closed_ = false;   // or seen
  bool consuming_ = false;     // inside Consume: what ends a request need not go on with the input
  EventLoop::TimerId probe_timer_ = EventLoop::TimerId::kNone;
  size_t lingered_bytes_ = 0;

  // The request
  http::RequestParser parser_;
  std::string input_;      // read, not yet understood
  std::string_view rest_;  // of what Consume has in hand
  bool body_whole_ = false;
  bool body_begun_ = false;
  bool input_broken_ = false;  // where the next request would begin is not known
  bool continue_due_ = false;
  bool keep_alive_ = true;
  bool close_after_ = false;
  Exchange exchange_;

  // The answer
  std::string out_;
  size_t out_sent_ = 0;
  bool answer_whole_ = false;
};

}  // namespace hearth::gateway
