// The half of Exchange that speaks with one replica: an attempt, from its slot to its end.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "gateway/client_connection.h"
#include "gateway/exchange.h"
#include "gateway/upstream.h"

namespace hearth::gateway {
namespace {

using pool::EventKind;

constexpr int kMovesAtOnce = 2;  // then it pauses before each

}  // namespace

bool Exchange::ReadyToSend() const { return sent_any_ || body_whole_ || !wait_for_body_; }

// One call of send: what it does not take, it takes when the socket says so.
void Exchange::Push() {
  if (connection_ == nullptr || write_broken_ || connection_->wants_write() || !ReadyToSend()) {
    return;
  }
  const size_t left = wire_.size() - sent_;
  if (left == 0) return;
  ssize_t n = 0;
  do {
    n = ::send(connection_->fd(), wire_.data() + sent_, left, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) {
    OnWritten(static_cast<size_t>(n), left);
  } else {
    OnWriteError(errno);
  }
}

void Exchange::OnWritten(size_t written, size_t of) {
  if (written > 0 && !sent_any_) {
    sent_any_ = true;
    ++sends_;
    moves_ = 0;
    hub_.Record(EventKind::kSent, request(), attempt_, replica_, 0, {});
  }
  sent_ += written;
  progress_ = hub_.loop.now();
  if (written < of) connection_->WantWrite(true);
  TrimSent();
}

// What has been sent is kept only while it could be sent again.
void Exchange::TrimSent() {
  const auto most = static_cast<size_t>(hub_.options.limits.retry_buffer_bytes) + kHeaderBytesMax;
  if (may_repeat_ && body_kept_ && wire_.size() <= most) return;
  if (sent_ < wire_.size() && sent_ < kBufferedLow) return;
  wire_.erase(0, sent_);
  sent_ = 0;
  body_kept_ = false;
}

void Exchange::OnWriteError(int error) {
  if (error == EAGAIN) {  // full, or still connecting
    connection_->WantWrite(true);
  } else if (!sent_any_) {
    Fail(connection_->fresh() ? Failure::kRefused : Failure::kNothingTaken);
  } else {
    write_broken_ = true;  // its answer may lie in the socket
  }
}

void Exchange::OnUpstreamEvents(uint32_t events) {
  const UpstreamConnection* const connection = connection_;
  if ((events & EPOLLOUT) != 0) {
    connection_->WantWrite(false);
    Push();
    if (connection_ == connection) client_.OnUpstreamRoom();
  }
  if (connection_ == connection && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) ReadUpstream();
}

void Exchange::ReadUpstream() {
  ssize_t n = 0;
  do {
    n = ::recv(connection_->fd(), hub_.scratch.get(), kScratchBytes, MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return;
  if (!sent_any_) {  // ended, or spoke, before it was asked
    Fail(connection_->fresh() ? Failure::kRefused : Failure::kNothingTaken);
  } else if (n > 0) {
    OnUpstreamBytes({hub_.scratch.get(), static_cast<size_t>(n)});
  } else {
    OnUpstreamEnd(n == 0);
  }
}

void Exchange::OnUpstreamBytes(std::string_view bytes) {
  first_byte_ = true;
  switch (connection_->parser().Feed(bytes)) {
    case http::ResponseParser::Outcome::kDone:
      FinishAnswer(connection_->parser().keep_alive());
      break;
    case http::ResponseParser::Outcome::kFailed:
      if (state_ == State::kAnswering) {
        CutByReplica("garbled");
      } else {
        Fail(Failure::kGarbled);
      }
      break;
    case http::ResponseParser::Outcome::kNeedMore:
      if (state_ != State::kAnswering) break;
      client_.Flush();
      if (connection_ != nullptr && client_.unsent() > kBufferedMax) connection_->PauseReading();
      break;
  }
}

// `in_order`: closed, not reset. Only then may the end of the connection be the end of the body.
void Exchange::OnUpstreamEnd(bool in_order) {
  if (in_order && connection_->parser().EndOfInput() == http::ResponseParser::Outcome::kDone) {
    FinishAnswer(/*reusable=*/false);
  } else if (state_ == State::kAnswering) {
    CutByReplica("closed");
  } else {
    Fail(Failure::kClosed);
  }
}

void Exchange::OnReplicaGone() {
  if (state_ == State::kAnswering) {
    Cut("replica_gone");
  } else {
    Fail(Failure::kGone);
  }
}

// A sign may take the replica out of the pool: told when nothing of it is in use here any more.
void Exchange::CutByReplica(std::string_view how) {
  Upstream* const upstream = upstream_;
  Cut(how);
  upstream->Report(pool::Sign::kBroken);
}

// What it has been sent it may finish; a request that is only bound to it goes elsewhere.
void Exchange::OnReplicaDrain() {
  if (!sent_any_) Fail(Failure::kGone);
}

Status Exchange::OnHeadView(const http::AnswerHeadView& head) {
  if (head.status < 200 || head.status > 599) {
    return hearth::Fail(Code::kCorrupt, "the replica's answer has no such status as {}",
                        head.status);
  }
  state_ = State::kAnswering;
  status_ = head.status;
  answered_by_ = replica_;
  framing_ = FrameAnswer(head.status, head.content_length, head_only_, http10_);
  const bool close = client_.BeginAnswer(framing_.until_close || !body_whole_);
  PrintAnswerHead(head, framing_, close, names_.request_id, &client_.out());
  return {};
}

Status Exchange::OnBody(std::string_view piece) {
  if (!framing_.has_body || piece.empty()) return {};
  std::string& out = client_.out();
  if (framing_.framing.chunked) AppendChunkLine(piece.size(), &out);
  out.append(piece);
  if (framing_.framing.chunked) out.append("\r\n");
  return {};
}

void Exchange::FinishAnswer(bool reusable) {
  Hub& hub = hub_;
  if (framing_.has_body && framing_.framing.chunked) client_.out().append(kLastChunk);
  const bool all_sent = body_whole_ && sent_ == wire_.size() && !write_broken_;
  Upstream* const upstream = upstream_;
  EndAttempt("answered", reusable && all_sent);
  state_ = State::kAnswered;
  upstream->Report(pool::Sign::kSuccess);
  client_.OnAnswerWhole();
  hub.HandOut();
}

void Exchange::OnClientRoom() {
  if (connection_ == nullptr) return;
  connection_->ResumeReading();
  Push();  // a pause has taken the watch for room in the other direction too
}

// The slot is free once the connection is closed or idle. Who waits for one is served by the
// caller's HandOut, when this request is in order.
void Exchange::EndAttempt(std::string_view how, bool reusable) {
  if (connection_ != nullptr && reusable) {
    upstream_->GiveBack(connection_);
  } else if (connection_ != nullptr) {
    upstream_->Close(connection_);
  }
  connection_ = nullptr;
  upstream_ = nullptr;
  hub_.Record(EventKind::kReleased, request(), attempt_, replica_, 0, how);
  hub_.Release(replica_);
  if (std::exchange(retry_taken_, false)) hub_.retry_budget.GiveBack();
}

void Exchange::Fail(Failure failure) {
  Hub& hub = hub_;
  Upstream* const upstream = upstream_;
  const pool::ReplicaId replica = replica_;
  const FailedAttempt failed{.failure = failure,
                             .sent = sent_any_,
                             .sends = sends_,
                             .may_repeat = may_repeat_,
                             .body_kept = body_kept_,
                             .answer_begun = state_ == State::kAnswering};
  EndAttempt(ToString(failure), /*reusable=*/false);
  state_ = State::kArrived;
  const bool its_fault = failure != Failure::kNothingTaken && failure != Failure::kGone;
  if (upstream != nullptr && its_fault) upstream->Report(SignOf(failure));
  if (MayTryAgain(failed)) {
    if (sent_any_) hold_until_ = std::min(hub.loop.now() + hub.options.limits.hold_time, deadline_);
    sent_ = 0;
    sent_any_ = write_broken_ = first_byte_ = false;
    if (!failed.sent && ++moves_ > kMovesAtOnce) {
      Pause();
    } else {
      AskDispatcher(/*first=*/true,
                    its_fault ? std::optional<pool::ReplicaId>(replica) : std::nullopt);
    }
  } else {
    const bool late = failure == Failure::kTimedOut;
    (late ? hub.metrics.timed_out : hub.metrics.upstream_failed).Add();
    hub.log.Warn("a request failed", {{"request", names_.request_id},
                                      {"replica", pool::ToString(replica)},
                                      {"why", ToString(failure)}});
    AnswerSelf({late ? 504 : 502, late ? Code::kDeadlineExceeded : Code::kUnavailable,
                std::string(Describe(failure))});
  }
  hub.HandOut();
}

bool Exchange::MayTryAgain(const FailedAttempt& failed) {
  switch (AfterFailure(failed)) {
    case Next::kMove:
      if (sends_ == 0) return true;
      [[fallthrough]];  // a repeat that has not begun: what it had of the budget is given back
    case Next::kRepeat:
      if (hub_.loop.now() >= deadline_) return false;
      retry_taken_ = hub_.retry_budget.TryTake(hub_.requests_open);
      (retry_taken_ ? hub_.metrics.retries : hub_.metrics.retries_refused).Add();
      return retry_taken_;
    case Next::kFail:
      break;
  }
  return false;
}

}  // namespace hearth::gateway
