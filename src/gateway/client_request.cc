// The half of ClientConnection that understands what is read: heads and bodies in, refusals out.
#include <cerrno>
#include <utility>

#include "gateway/client_connection.h"

namespace hearth::gateway {

using Outcome = http::RequestParser::Outcome;

namespace {

constexpr auto kHeadTime = std::chrono::seconds(30);  // from a head's first byte to its last
constexpr int kUnsupportedStatus = 501;

OwnAnswer FromRefusal(const http::Refusal& refusal, std::string_view method) {
  // Its target has another form, which the parser calls malformed.
  if (method == "CONNECT")
    return {kUnsupportedStatus, Code::kUnsupported, "CONNECT is not supported"};
  return {refusal.status, refusal.code, refusal.message};
}

}  // namespace

// `fresh` follows what input_ holds. What cannot be used yet is kept in input_.
void ClientConnection::Consume(std::string_view fresh) {
  std::string kept;
  rest_ = fresh;
  if (!input_.empty()) {
    kept.swap(input_);
    kept.append(fresh);
    rest_ = kept;
  }
  consuming_ = true;
  while (!rest_.empty() && Step()) {
  }
  consuming_ = false;
  if (phase_ == Phase::kClosed || phase_ == Phase::kLingering) {
    rest_ = {};
    return;
  }
  input_.assign(rest_);
  rest_ = {};
  AfterInput();
}

bool ClientConnection::Step() {
  switch (phase_) {
    case Phase::kIdle:
      phase_ = Phase::kReading;
      deadline_ = hub_.loop.now() + kHeadTime;
      return StepHead();
    case Phase::kReading:
      return StepHead();
    case Phase::kRequest:
      return !body_whole_ && exchange_.wants_body() && StepBody();
    default:
      return false;
  }
}

bool ClientConnection::StepHead() {
  size_t used = 0;
  const Outcome outcome = parser_.Head(rest_, &used);
  if (outcome == Outcome::kNeedMore) return false;
  if (outcome == Outcome::kFailed) {
    hub_.metrics.malformed.Add();
    Refuse(FromRefusal(parser_.failure(), parser_.request().method));
    return false;
  }
  rest_.remove_prefix(used);
  StartRequest();
  return true;
}

void ClientConnection::StartRequest() {
  phase_ = Phase::kRequest;
  keep_alive_ = parser_.keep_alive();
  body_whole_ = !parser_.has_body();
  body_begun_ = input_broken_ = close_after_ = answer_whole_ = false;
  continue_due_ = parser_.expects_continue() && !body_whole_;
  exchange_.Arrive(parser_, address_);
  const auto most = static_cast<size_t>(hub_.options.limits.body_bytes_max);
  if (AsksForUpgrade(parser_.header_list())) {
    exchange_.AnswerSelf({kUnsupportedStatus, Code::kUnsupported,
                          "this address speaks HTTP/1.1 only: no upgrade is supported"});
  } else if (parser_.content_length() > most) {
    exchange_.AnswerSelf(
        {413, Code::kTooLarge,
         fmt::format("the body has {} bytes, the limit is {}", parser_.content_length(), most)});
  } else {
    exchange_.Ask();
  }
}

bool ClientConnection::StepBody() {
  size_t used = 0;
  const Outcome outcome = parser_.Body(rest_, &used);
  rest_.remove_prefix(used);
  body_begun_ = true;
  if (outcome == Outcome::kFailed) {
    hub_.metrics.malformed.Add();
    input_broken_ = true;
    exchange_.AnswerSelf(
        {parser_.failure().status, parser_.failure().code, parser_.failure().message});
    return false;
  }
  std::string& body = parser_.request().body;
  body_whole_ = outcome == Outcome::kDone;
  if (!body.empty()) exchange_.AppendBody(body);
  body.clear();
  if (phase_ != Phase::kRequest) return phase_ == Phase::kIdle;  // refused; the next may be here
  if (body_whole_) exchange_.BodyWhole();
  return used > 0 || body_whole_;
}

// What follows from all that has been read, once: a request's head and body go out in one piece.
void ClientConnection::AfterInput() {
  if (phase_ == Phase::kRequest) {
    if (continue_due_ && exchange_.wants_body()) {
      continue_due_ = false;
      if (!body_begun_ && input_.empty() && !SendContinue()) return;
    }
    exchange_.Push();
  }
  if (end_of_input_) {
    OnEndOfInput();
  } else if (!reading_ && WantsInput()) {
    reading_ = true;
    UpdateEvents();
  }
}

void ClientConnection::OnBound() {
  if (!consuming_) Consume({});
}

void ClientConnection::OnUpstreamRoom() {
  if (!consuming_ && phase_ == Phase::kRequest && !body_whole_) Consume({});
}

// The client has sent all that it will ever send.
void ClientConnection::OnEndOfInput() {
  switch (phase_) {
    case Phase::kIdle:
      Close();
      break;
    case Phase::kReading:
      hub_.metrics.malformed.Add();
      Refuse({400, Code::kInvalidArgument, "the connection ended in the middle of a request"});
      break;
    case Phase::kRequest:
      if (body_whole_) {
        OnHalfClosed();
      } else if (exchange_.wants_body()) {  // all that has come was taken
        hub_.metrics.malformed.Add();
        input_broken_ = true;
        exchange_.AnswerSelf(
            {400, Code::kInvalidArgument, "the connection ended in the middle of a request"});
      }
      break;
    default:
      break;
  }
}

// Of something that is no request, or before one. The connection ends with it.
void ClientConnection::Refuse(const OwnAnswer& answer) {
  phase_ = Phase::kRefusing;
  input_broken_ = true;
  close_after_ = true;
  hub_.metrics.own_answers.Add();
  hub_.metrics.answers[answer.status / 100].Add();
  PrintOwnAnswer(answer, {}, /*close=*/true, /*head_only=*/false, &out_);
  OnAnswerWhole();
}

bool ClientConnection::BeginAnswer(bool must_close) {
  close_after_ = must_close || !keep_alive_ || hub_.draining;
  return close_after_;
}

void ClientConnection::OnAnswerWhole() {
  answer_whole_ = true;
  Flush();
}

void ClientConnection::SendOwnAnswer(const OwnAnswer& answer, std::string_view request_id,
                                     bool head_only) {
  close_after_ = !SwallowBody() || !keep_alive_ || hub_.draining;
  PrintOwnAnswer(answer, request_id, close_after_, head_only, &out_);
  OnAnswerWhole();
}

// The connection lives on after a refusal when nothing of the refused body is still to come.
bool ClientConnection::SwallowBody() {
  if (input_broken_) return false;
  if (body_whole_) return true;
  std::string_view bytes = consuming_ ? rest_ : std::string_view(input_);
  size_t used = 0;
  const Outcome outcome = parser_.Body(bytes, &used);
  parser_.request().body.clear();
  body_whole_ = outcome == Outcome::kDone;
  input_broken_ = outcome == Outcome::kFailed;
  if (consuming_) {
    rest_.remove_prefix(used);
  } else {
    input_.erase(0, used);
  }
  return body_whole_;
}

}  // namespace hearth::gateway
