// Exchange: one request, from its whole head to its terminal outcome: waits for a slot, is sent,
// perhaps again, and its answer handed on. Part of a ClientConnection, which uses it for one
// request after the other.
//
//   held or pausing → bound (connecting, sending, waiting) → answering → answered → none
//
// exchange.cc has the life, exchange_attempt.cc one attempt at a replica. A call may end the
// request and even close the client's connection: a caller looks at the state afterwards (objects
// live until the turn of the loop is over).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/head_print.h"
#include "gateway/hub.h"
#include "gateway/own_answer.h"
#include "gateway/retry_rule.h"
#include "http/answer.h"
#include "http/request_parser.h"

namespace hearth::gateway {

class Exchange final : public http::BodySink {
 public:
  enum class State {
    kNone,
    kArrived,    // its head is whole
    kHeld,       // the dispatcher has it
    kPausing,    // refused by all: asks again in a moment
    kBound,      // has a slot; nothing of an answer yet
    kAnswering,  // the answer's head has been handed on
    kAnswered,   // the whole answer has been handed to the client's connection
  };

  Exchange(Hub& hub, ClientConnection& client) : hub_(hub), client_(client) {}
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  State state() const { return state_; }

  // What the client's connection tells.
  void Arrive(const http::RequestParser& request, std::string_view client_address);
  void Ask();  // for a slot
  bool wants_body() const;
  void AppendBody(std::string_view piece);
  void BodyWhole();
  void Push();                               // sends what is there to send
  void OnClientRoom();                       // the client has taken most of what was handed on
  void OnDelivered();                        // the kernel has the last byte of the answer
  void Abandon();                            // the client is gone
  void AnswerSelf(const OwnAnswer& answer);  // or cuts, when an answer has begun
  void Sweep(Clock::time_point now);

  // What the pool tells.
  void OnBound(pool::ReplicaId replica);  // no longer in Hub::held
  void OnHoldExpired();                   // likewise
  void OnUpstreamEvents(uint32_t events);
  void OnReplicaDrain();
  void OnReplicaGone();

  // BodySink: the answer, as the parser finds it.
  Status OnHead(const http::AnswerHead& /*head*/) override { return {}; }
  Status OnHeadView(const http::AnswerHeadView& head) override;
  Status OnBody(std::string_view piece) override;

 private:
  void AskDispatcher(bool first, std::optional<pool::ReplicaId> avoid);
  void Pause();
  void Resume();
  void LeaveQueue();
  void SweepAttempt(Clock::time_point now);
  void OnDeadline();
  void Finish(pool::EventKind kind, int status);

  // exchange_attempt.cc
  bool ReadyToSend() const;
  void OnWritten(size_t written, size_t of);
  void OnWriteError(int error);
  void TrimSent();
  void ReadUpstream();
  void OnUpstreamBytes(std::string_view bytes);
  void OnUpstreamEnd(bool in_order);
  void FinishAnswer(bool reusable);
  void EndAttempt(std::string_view how, bool reusable);
  void Fail(Failure failure);
  bool MayTryAgain(const FailedAttempt& failed);
  void Cut(std::string_view how);
  void CutByReplica(std::string_view how);
  pool::RequestId request() const { return pool::RequestId{id_}; }

  Hub& hub_;
  ClientConnection& client_;
  State state_ = State::kNone;

  // The request
  uint64_t id_ = 0;
  RequestNames names_;
  Clock::time_point arrived_;
  Clock::time_point deadline_;
  Clock::time_point hold_until_;
  std::optional<Clock::time_point> held_since_;
  EventLoop::TimerId pause_timer_ = EventLoop::TimerId::kNone;
  std::string wire_;  // what goes to the replica: head and framed body; perhaps its rest only
  size_t body_bytes_ = 0;
  bool head_only_ = false;
  bool http10_ = false;
  bool chunked_ = false;
  bool body_whole_ = false;
  bool wait_for_body_ = false;  // it is short: head and body go out together
  bool may_repeat_ = false;
  bool body_kept_ = true;  // wire_ has all that has come

  // The attempt
  int attempt_ = 0;
  int sends_ = 0;
  int moves_ = 0;  // without a send in between
  pool::ReplicaId replica_;
  Upstream* upstream_ = nullptr;
  UpstreamConnection* connection_ = nullptr;
  size_t sent_ = 0;  // of wire_
  bool sent_any_ = false;
  bool write_broken_ = false;   // the replica takes no more; it may have answered all the same
  bool first_byte_ = false;     // of the answer
  bool retry_taken_ = false;    // of the retry budget
  Clock::time_point progress_;  // when it was bound, or the last byte was sent

  // The answer
  AnswerFraming framing_;
  int status_ = 0;
  pool::ReplicaId answered_by_;
};

}  // namespace hearth::gateway
