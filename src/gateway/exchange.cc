#include "gateway/exchange.h"

#include <algorithm>
#include <utility>

#include "gateway/client_connection.h"
#include "gateway/upstream.h"

namespace hearth::gateway {
namespace {

using namespace std::chrono_literals;
using pool::EventKind;

// A body of up to this length goes out together with its head: one system call instead of two, and
// nothing is sent for a client that never finishes.
constexpr size_t kWaitForBodyMax = size_t{16} * 1024;
constexpr auto kPauseFirst = 20ms;
constexpr auto kPauseMax = 250ms;
constexpr auto kConnectTime = 2s;

OwnAnswer HoldFull() {
  return {503, Code::kUnavailable,
          "no replica is free and too many requests wait: try again later"};
}
OwnAnswer HoldTime() {
  return {503, Code::kUnavailable, "no replica became free in time: try again later"};
}

}  // namespace

Exchange::~Exchange() { hub_.loop.Cancel(pause_timer_); }

void Exchange::Arrive(const http::RequestParser& request, std::string_view client_address) {
  const auto& limits = hub_.options.limits;
  const http::Request& head = request.request();
  id_ = ++hub_.last_request;
  arrived_ = hub_.loop.now();
  deadline_ = arrived_ + limits.request_timeout;
  hold_until_ = std::min(arrived_ + limits.hold_time, deadline_);
  held_since_.reset();
  head_only_ = head.method == "HEAD";
  http10_ = request.http10();
  chunked_ = request.chunked();
  body_bytes_ = 0;
  body_whole_ = !request.has_body();
  wait_for_body_ = !chunked_ && request.content_length() <= kWaitForBodyMax;
  may_repeat_ = hub_.MayRepeat(head.method, head.path);
  body_kept_ = true;
  attempt_ = sends_ = moves_ = 0;
  sent_ = 0;
  sent_any_ = write_broken_ = first_byte_ = false;
  status_ = 0;
  answered_by_ = {};
  Framing framing{.chunked = chunked_};
  // A method that usually has a body says its length even when it is 0.
  const bool says_length =
      request.has_body() || head.method == "POST" || head.method == "PUT" || head.method == "PATCH";
  if (!chunked_ && says_length) framing.length = request.content_length();
  wire_.clear();
  PrintRequestHead(
      {head.method, request.origin_target(), request.header_list(), framing, client_address},
      &hub_.random, &names_, &wire_);
  state_ = State::kArrived;
  ++hub_.requests_open;
  hub_.metrics.requests.Add();
  hub_.metrics.requests_open.Set(hub_.requests_open);
  hub_.Record(EventKind::kArrived, this->request(), 0, {}, 0, names_.request_id);
}

void Exchange::Ask() { AskDispatcher(/*first=*/false, std::nullopt); }

void Exchange::AskDispatcher(bool first, std::optional<pool::ReplicaId> avoid) {
  const pool::Dispatcher::Admission admission = hub_.dispatcher.Admit(
      {.request = request(), .hold_until = hold_until_, .avoid = avoid, .first = first},
      hub_.loop.now());
  switch (admission.outcome) {
    case pool::Dispatcher::Outcome::kBound:
      OnBound(admission.replica);
      break;
    case pool::Dispatcher::Outcome::kHeld:
      state_ = State::kHeld;
      hub_.held.emplace(id_, this);
      if (!held_since_) {
        held_since_ = hub_.loop.now();
        hub_.metrics.held.Add();
      }
      hub_.Pressure();
      break;
    case pool::Dispatcher::Outcome::kRefused:
      hub_.metrics.refused_hold_full.Add();
      hub_.Pressure();
      AnswerSelf(HoldFull());
      break;
  }
}

void Exchange::OnBound(pool::ReplicaId replica) {
  const Clock::time_point now = hub_.loop.now();
  if (held_since_) {
    hub_.metrics.hold_seconds.Observe(std::chrono::duration<double>(now - *held_since_).count());
    held_since_.reset();
  }
  state_ = State::kBound;
  ++attempt_;
  replica_ = replica;
  progress_ = now;
  hub_.Record(EventKind::kBound, request(), attempt_, replica, 0, {});
  if (hub_.dispatcher.busy(replica) == 1) hub_.Pressure();
  upstream_ = hub_.Find(replica);
  connection_ = upstream_ == nullptr ? nullptr : upstream_->Take();
  if (connection_ == nullptr) {
    Fail(Failure::kRefused);
    return;
  }
  connection_->Use(this, head_only_);
  client_.OnBound();
}

void Exchange::OnHoldExpired() {
  hub_.metrics.refused_hold_time.Add();
  state_ = State::kArrived;
  AnswerSelf(HoldTime());
}

// Every replica that there is has refused: asking again at once would only spin.
void Exchange::Pause() {
  state_ = State::kPausing;
  const auto wait = std::min<Clock::duration>(kPauseFirst * (1 << std::min(moves_, 4)), kPauseMax);
  pause_timer_ = hub_.loop.After(wait, [this] {
    pause_timer_ = EventLoop::TimerId::kNone;
    Resume();
  });
}

void Exchange::Resume() {
  if (hub_.loop.now() >= hold_until_) {
    OnHoldExpired();
  } else {
    AskDispatcher(/*first=*/true, replica_);  // the last to refuse; but it may be the only one
  }
}

bool Exchange::wants_body() const {
  return (state_ == State::kBound || state_ == State::kAnswering) && !body_whole_ &&
         wire_.size() - sent_ < kBufferedMax;
}

void Exchange::AppendBody(std::string_view piece) {
  if (state_ != State::kBound && state_ != State::kAnswering) return;
  body_bytes_ += piece.size();
  const auto most = static_cast<size_t>(hub_.options.limits.body_bytes_max);
  if (body_bytes_ > most) {
    AnswerSelf({413, Code::kTooLarge, fmt::format("the body has more than {} bytes", most)});
    return;
  }
  if (write_broken_) return;  // nobody will take it
  if (chunked_) AppendChunkLine(piece.size(), &wire_);
  wire_.append(piece);
  if (chunked_) wire_.append("\r\n");
}

void Exchange::BodyWhole() {
  if (body_whole_) return;
  body_whole_ = true;
  if (chunked_ && !write_broken_) wire_.append(kLastChunk);
}

void Exchange::LeaveQueue() {
  if (state_ == State::kHeld) {
    hub_.dispatcher.Leave(request());
    hub_.held.erase(id_);
  }
  hub_.loop.Cancel(std::exchange(pause_timer_, EventLoop::TimerId::kNone));
}

void Exchange::AnswerSelf(const OwnAnswer& answer) {
  if (state_ == State::kNone || state_ == State::kAnswered) return;
  if (state_ == State::kAnswering) {
    Cut("cut");
    return;
  }
  Hub& hub = hub_;
  LeaveQueue();
  if (state_ == State::kBound && upstream_ != nullptr) EndAttempt("given_up", /*reusable=*/false);
  state_ = State::kAnswered;
  status_ = answer.status;
  answered_by_ = {};
  hub.metrics.own_answers.Add();
  client_.SendOwnAnswer(answer, names_.request_id, head_only_);
  hub.HandOut();
}

void Exchange::OnDelivered() { Finish(EventKind::kAnswered, status_); }

void Exchange::Abandon() {
  if (state_ == State::kNone) return;
  Hub& hub = hub_;
  LeaveQueue();
  if (connection_ != nullptr) EndAttempt("client_gone", /*reusable=*/false);
  hub.metrics.client_gone.Add();
  Finish(EventKind::kClientGone, -1);
  hub.HandOut();
}

void Exchange::Cut(std::string_view how) {
  Hub& hub = hub_;
  const pool::ReplicaId replica = replica_;
  EndAttempt(how, /*reusable=*/false);
  hub.metrics.cut.Add();
  hub.log.Warn(
      "an answer was cut off",
      {{"request", names_.request_id}, {"replica", pool::ToString(replica)}, {"why", how}});
  Finish(EventKind::kCut, 0);
  client_.CloseInAnswer(framing_.until_close);
  hub.HandOut();
}

void Exchange::Finish(EventKind kind, int status) {
  hub_.Record(kind, request(), attempt_, answered_by_, std::max(status, 0), {});
  hub_.Ended(arrived_, status);
  hub_.log.Debug("request", {{"request", names_.request_id},
                             {"status", int64_t{status}},
                             {"attempts", int64_t{attempt_}}});
  if (std::exchange(retry_taken_, false)) hub_.retry_budget.GiveBack();
  state_ = State::kNone;
  if (wire_.capacity() > kKeptCapacity) wire_ = std::string();
}

void Exchange::Sweep(Clock::time_point now) {
  if (state_ == State::kNone || state_ == State::kAnswered) return;
  if (now >= deadline_) {
    OnDeadline();
  } else if (state_ == State::kBound && !first_byte_) {
    SweepAttempt(now);
  }
}

void Exchange::OnDeadline() {
  if (state_ == State::kHeld || state_ == State::kPausing) {
    LeaveQueue();
    OnHoldExpired();
    return;
  }
  hub_.metrics.timed_out.Add();
  Upstream* const upstream = body_whole_ ? upstream_ : nullptr;  // else it is the client's fault
  if (state_ == State::kBound && !body_whole_) {
    AnswerSelf({408, Code::kTimeout, "the request's body did not arrive in time"});
  } else {
    AnswerSelf({504, Code::kDeadlineExceeded, "the request took longer than request_timeout"});
  }
  if (upstream != nullptr) upstream->Report(pool::Sign::kTimedOut);
}

// A client that is slow with its body is not the replica's fault.
void Exchange::SweepAttempt(Clock::time_point now) {
  const Clock::duration patience = hub_.options.limits.first_byte_timeout;
  if (!sent_any_) {
    if (ReadyToSend() && now - progress_ > std::min<Clock::duration>(kConnectTime, patience)) {
      Fail(Failure::kConnectTime);
    }
  } else if ((body_whole_ || sent_ < wire_.size()) && now - progress_ > patience) {
    Fail(Failure::kTimedOut);
  }
}

}  // namespace hearth::gateway
