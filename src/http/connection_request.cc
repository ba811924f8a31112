// The half of ServerConnection that understands what is read: requests in, answers out.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "http/connection.h"
#include "http/response_head.h"

namespace hearth::http {
namespace {

constexpr int kRequestsPerTurn = 32;  // pipelined ones, before other connections get their turn
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Refusal BufferFull() {
  return {Code::kUnavailable, 503, "the server's buffers are full: try again later"};
}

}  // namespace

// `fresh` follows what input_ holds. What cannot be used yet is kept in input_.
void ServerConnection::Consume(std::string_view fresh) {
  std::string kept;
  std::string_view data = fresh;
  if (!input_.empty()) {
    kept = std::exchange(input_, std::string());
    kept.append(fresh);
    data = kept;
  }
  consuming_ = true;
  int turns = 0;
  while (!data.empty() && turns < kRequestsPerTurn &&
         (phase_ == Phase::kIdle || phase_ == Phase::kReading)) {
    size_t used = 0;
    const bool progress = Step(data, &used);
    data.remove_prefix(used);
    if (!progress) break;
    if (phase_ == Phase::kIdle) ++turns;
  }
  consuming_ = false;
  if (phase_ == Phase::kClosed || phase_ == Phase::kLingering) return;
  input_.assign(data);
  if (turns == kRequestsPerTurn && !input_.empty() && phase_ == Phase::kIdle) {
    boost::asio::post(
        core_.io,
        [again = Guarded([](ServerConnection& self) { self.NextRequest(); })] { again({}); });
  } else if (end_of_input_ && (phase_ == Phase::kIdle || phase_ == Phase::kReading)) {
    OnEndOfInput();
  } else if (phase_ != Phase::kWriting) {
    ArmRead();
  }
}

// The client has sent all that it will ever send and no answer is due for what was whole.
void ServerConnection::OnEndOfInput() {
  if (phase_ == Phase::kReading) {
    core_.stats.malformed.fetch_add(1, std::memory_order_relaxed);
    RefuseAndClose(
        {Code::kInvalidArgument, 400, "the connection ended in the middle of a request"});
  } else {
    Close();
  }
}

void ServerConnection::NextRequest() {
  if (phase_ == Phase::kIdle) Consume({});
}

// Takes one step with `data`; false when it needs more or when the connection is past reading.
bool ServerConnection::Step(std::string_view data, size_t* used) {
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kReading;
    arrived_ = Clock::now();
    deadline_ = arrived_ + core_.limits.request_read_time_max;
  }
  return head_done_ ? StepBody(data, used) : StepHead(data, used);
}

bool ServerConnection::StepHead(std::string_view data, size_t* used) {
  const RequestParser::Outcome outcome = parser_.Head(data, used);
  if (outcome == RequestParser::Outcome::kNeedMore) return false;
  if (outcome == RequestParser::Outcome::kFailed) {
    core_.stats.malformed.fetch_add(1, std::memory_order_relaxed);
    RefuseAndClose(parser_.failure());
    return false;
  }
  head_done_ = true;
  keep_alive_ = parser_.keep_alive();
  is_head_ = parser_.request().method == "HEAD";
  const std::string_view rest = data.substr(*used);
  if (std::optional<Response> refusal = RefusalOfHead()) {
    RefuseHead(*std::move(refusal), rest, used);
    return true;
  }
  if (!parser_.has_body()) {
    Dispatch();
    return true;
  }
  parser_.request().body.reserve(parser_.content_length());
  return !parser_.expects_continue() || !rest.empty() || SendContinue();
}

// First permit: before one byte of the body is taken.
std::optional<Response> ServerConnection::RefusalOfHead() {
  const size_t length = parser_.content_length();
  if (length > core_.limits.body_bytes_max) {
    return core_.PrintError({Code::kTooLarge, 413,
                             fmt::format("the body has {} bytes, the limit is {}", length,
                                         core_.limits.body_bytes_max)});
  }
  if (core_.handlers.on_head) {
    const Request& request = parser_.request();
    const RequestHead head{request.method, request.path, length, &request.headers};
    Response refusal;
    if (!core_.handlers.on_head(head, &refusal)) return refusal;
  }
  if (!core_.TryCharge(length)) return core_.PrintError(BufferFull());
  charged_ = length;
  return std::nullopt;
}

// The connection lives on when nothing of the refused body is still to come.
void ServerConnection::RefuseHead(Response refusal, std::string_view rest, size_t* used) {
  bool whole = !parser_.has_body();
  if (!whole && parser_.content_length() <= rest.size()) {
    size_t body_used = 0;
    whole = parser_.Body(rest, &body_used) == RequestParser::Outcome::kDone;
    *used += body_used;
  }
  input_is_clean_ = whole;
  Respond(std::move(refusal), whole && keep_alive_);
}

bool ServerConnection::StepBody(std::string_view data, size_t* used) {
  const RequestParser::Outcome outcome = parser_.Body(data, used);
  if (outcome == RequestParser::Outcome::kFailed) {
    core_.stats.malformed.fetch_add(1, std::memory_order_relaxed);
    RefuseAndClose(parser_.failure());
    return false;
  }
  const size_t size = parser_.request().body.size();
  if (size > core_.limits.body_bytes_max) {
    RefuseAndClose({Code::kTooLarge, 413,
                    fmt::format("the body has more than {} bytes", core_.limits.body_bytes_max)});
    return false;
  }
  if (size > charged_) {  // chunked: its length was not known before
    if (!core_.TryCharge(size - charged_)) {
      RefuseAndClose(BufferFull());
      return false;
    }
    charged_ = size;
  }
  if (outcome == RequestParser::Outcome::kNeedMore) return false;
  Dispatch();
  return true;
}

void ServerConnection::RefuseAndClose(const Refusal& refusal) {
  input_is_clean_ = false;
  Respond(core_.PrintError(refusal), /*keep_alive=*/false);
}

// A client that does not even read this is not worth a buffer.
bool ServerConnection::SendContinue() {
  const ssize_t n = ::send(socket_.native_handle(), kContinue.data(), kContinue.size(),
                           MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(kContinue.size())) return true;
  Close();
  return false;
}

void ServerConnection::Dispatch() {
  pending_ = std::make_shared<Responder::Impl>(core_.mailbox);
  pending_->connection = this;
  pending_->charged = std::exchange(charged_, 0);
  phase_ = Phase::kPending;
  core_.stats.requests_open.fetch_add(1, std::memory_order_relaxed);
  Request request = parser_.TakeRequest();
  request.arrived = arrived_;
  const std::shared_ptr<Responder::Impl> pending = pending_;
  {
    const InlineAnswers here(pending.get());
    try {
      core_.handlers.on_request(std::move(request), Responder(pending));
    } catch (...) {  // NOLINT(bugprone-empty-catch): nothing is left to do
      // The Responder was destroyed on the way out: that is a 500.
    }
  }
  if (pending->answered_inline) Answer(std::move(pending->inline_answer));
}

void ServerConnection::Answer(std::optional<Response> response) {
  core_.Release(std::exchange(pending_->charged, 0));
  core_.stats.requests_open.fetch_sub(1, std::memory_order_relaxed);
  pending_->connection = nullptr;
  pending_.reset();
  probe_timer_.reset();
  Respond(response ? *std::move(response)
                   : core_.PrintError({Code::kInternal, 500, "the request was not answered"}),
          keep_alive_);
}

void ServerConnection::Respond(Response response, bool keep_alive) {
  core_.Release(std::exchange(charged_, 0));
  if (response.body.size() > Core::kSmallAnswer && !core_.TryCharge(response.body.size())) {
    response = core_.PrintError(BufferFull());
  }
  if (response.body.size() <= Core::kSmallAnswer) core_.Charge(response.body.size());
  answer_charged_ = response.body.size();
  close_after_ = !keep_alive || core_.draining;
  PrintResponseHead(response, !close_after_, &head_);
  body_ = std::move(response.body);
  if (is_head_ || !StatusHasBody(response.status)) body_.clear();
  written_ = 0;
  if (body_.size() > kSocketBytesMax / 4) TakeLargeSendBuffer();
  phase_ = Phase::kWriting;
  deadline_ = Clock::now() + core_.limits.write_time_max;
  WriteSome();
}

void ServerConnection::WriteSome() {
  const size_t total = head_.size() + body_.size();
  while (written_ < total) {
    std::array<iovec, 2> parts{};
    size_t count = 0;
    if (written_ < head_.size())
      parts[count++] = {head_.data() + written_, head_.size() - written_};
    const size_t body_from = written_ > head_.size() ? written_ - head_.size() : 0;
    if (body_from < body_.size())
      parts[count++] = {body_.data() + body_from, body_.size() - body_from};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      written_ += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      ArmWrite();
      return;
    } else if (errno != EINTR) {
      Close();
      return;
    }
  }
  OnWritten();
}

void ServerConnection::OnWritten() {
  core_.Release(std::exchange(answer_charged_, 0));
  body_ = std::string();
  if (close_after_) {
    Linger(input_is_clean_);
    return;
  }
  phase_ = Phase::kIdle;
  deadline_ = Clock::now() + core_.limits.idle_time_max;
  parser_.Reset();
  head_done_ = is_head_ = false;
  if (!consuming_) Consume({});
}

}  // namespace hearth::http
