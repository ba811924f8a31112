#include "fetch/piece_fetch.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "fetch/answer_check.h"
#include "fetch/redirect.h"

namespace hearth::fetch {
namespace {

using http::Clock;

constexpr size_t kExplanationBytes = size_t{16} * 1024;  // of the body of a refusal
constexpr uint64_t kNoteBytes = uint64_t{4} << 20U;      // so much is lost by a kill at most
// A server that drips less than this for as long as a silent one is given is as good as silent.
constexpr double kDripBytesPerSecond = 1024;

// Takes the answer to one request.
class PieceSink final : public http::BodySink {
 public:
  PieceSink(Job* job, const Piece& piece, const Asked& asked, std::chrono::milliseconds patience)
      : job_(job), piece_(piece), asked_(asked), patience_(patience) {
    noted_ = reached_ = asked.range.from;
  }

  Status OnHead(const http::AnswerHead& head) override {
    head_ = head;
    window_began_ = Clock::now();
    auto take = JudgeAnswer(asked_, head);
    if (take) {
      take_ = *take;
      if (take_ != Take::kWholeFile) return {};
      whole_file_ = true;  // for a range: nothing of it is read
      return Fail(Code::kUnsupported, "the server has no ranges");
    }
    if (head.status < 300) return Forward(take);  // a wrong answer, not a refusal
    refused_ = true;
    return {};
  }

  Status OnBody(std::string_view bytes) override {
    if (refused_ || take_ == Take::kRedirect) return Listen(bytes);
    if (reached_ + bytes.size() > asked_.range.to) {
      return Fail(Code::kCorrupt, "the server sends more than the {} bytes that were asked for",
                  asked_.range.length());
    }
    auto wanted = job_->Write(piece_, reached_, std::as_bytes(std::span(bytes)));
    if (!wanted) {
      disk_failed_ = true;
      return Forward(wanted);
    }
    if (!*wanted) {
      dropped_ = true;
      return Fail(Code::kUnsupported, "not wanted any more");
    }
    reached_ += bytes.size();
    if (reached_ - noted_ >= kNoteBytes) {
      if (Status noted = Note(); !noted) return noted;
    }
    return CheckDrip(bytes.size());
  }

  // What was written and not noted yet.
  Status Note() {
    if (reached_ == noted_) return {};
    Status noted = job_->Note(piece_, {noted_, reached_});
    disk_failed_ = disk_failed_ || !noted;
    noted_ = reached_;
    return noted;
  }

  const http::AnswerHead& head() const { return head_; }
  const std::string& explanation() const { return explanation_; }
  uint64_t reached() const { return reached_; }
  bool refused() const { return refused_; }
  bool redirected() const { return !refused_ && take_ == Take::kRedirect; }
  bool whole_file() const { return whole_file_; }
  bool dropped() const { return dropped_; }
  bool disk_failed() const { return disk_failed_; }

 private:
  Status Listen(std::string_view bytes) {
    const size_t room = kExplanationBytes - std::min(kExplanationBytes, explanation_.size());
    explanation_.append(bytes.substr(0, room));
    if (bytes.size() <= room) return {};
    return Fail(Code::kTooLarge, "the server says more than it is listened to");
  }

  Status CheckDrip(size_t bytes) {
    window_bytes_ += bytes;
    const auto now = Clock::now();
    if (patience_.count() == 0 || now - window_began_ < patience_) return {};
    const double seconds = std::chrono::duration<double>(now - window_began_).count();
    if (static_cast<double>(window_bytes_) < seconds * kDripBytesPerSecond) {
      return Fail(Code::kDeadlineExceeded, "the server sent only {} bytes in {:.0f} s",
                  window_bytes_, seconds);
    }
    window_began_ = now;
    window_bytes_ = 0;
    return {};
  }

  Job* job_;
  const Piece piece_;
  const Asked asked_;
  const std::chrono::milliseconds patience_;
  http::AnswerHead head_;
  std::string explanation_;
  Take take_ = Take::kBody;
  uint64_t reached_;
  uint64_t noted_;
  Clock::time_point window_began_;
  uint64_t window_bytes_ = 0;
  bool refused_ = false;
  bool whole_file_ = false;
  bool dropped_ = false;
  bool disk_failed_ = false;
};

PieceTry Failed(Error error, bool transient, uint64_t reached,
                std::optional<uint32_t> retry_after = std::nullopt) {
  return {PieceOutcome::kFailed, {std::move(error), transient, retry_after}, reached};
}

Asked WhatToAsk(const Job& job, const Piece& piece, uint64_t from) {
  return {.range = {from, piece.range.to},
          .whole = piece.whole && from == 0,
          .size = job.file().size,
          .etag = job.file().etag};
}

// The answer was no body of the file: a redirect (then `request` becomes the next one), or the end
// of this try.
std::optional<PieceTry> AfterNoBody(Job* job, const PieceSink& sink, OriginRequest* request) {
  Origin& origin = *job->file().origin;
  const uint64_t reached = sink.reached();
  if (sink.redirected()) {
    auto next = NextHop(request->url, sink.head().Header("Location"));
    if (!next) return Failed(next.error(), false, reached);
    auto followed = origin.Follow(*request, *next);
    if (!followed) return Failed(followed.error(), false, reached);
    *request = *std::move(followed);
    return std::nullopt;
  }
  const Error error = origin.Explain(*request, sink.head(), sink.explanation());
  const bool server_trouble = error.code == Code::kOverloaded || error.code == Code::kUnavailable;
  const bool renewed = !server_trouble && request->temporary && origin.Renew(*request);
  return Failed(error, server_trouble || renewed, reached, RetryAfterSeconds(sink.head()));
}

PieceTry AfterFailure(Job* job, const Piece& piece, const PieceSink& sink, Error error) {
  if (sink.dropped()) return {PieceOutcome::kDropped, {}, sink.reached()};
  if (sink.disk_failed()) return Failed(std::move(error), false, sink.reached());
  if (!sink.whole_file()) {
    const bool transient = IsTransient(error);
    return Failed(std::move(error), transient, sink.reached());
  }
  if (job->streams() >= kRefusedTriesMax) {
    return Failed({Code::kIo, "the server has no ranges and breaks off again and again"}, false,
                  sink.reached());
  }
  if (Status restarted = job->OneStream(piece); !restarted) {
    return Failed(restarted.error(), false, sink.reached());
  }
  return {PieceOutcome::kDropped, {}, sink.reached()};
}

}  // namespace

PieceTry TryPiece(Job* job, const Piece& piece, uint64_t from, Web* web) {
  Origin& origin = *job->file().origin;
  auto request = origin.Ask();
  if (!request) return Failed(request.error(), IsTransient(request.error()), from);
  const Asked asked = WhatToAsk(*job, piece, from);
  for (int hop = 0; hop <= kRedirectsMax; ++hop) {
    http::Outgoing outgoing = request->outgoing;
    outgoing.headers.emplace_back("Accept-Encoding", "identity");
    if (!asked.whole) {
      outgoing.headers.emplace_back(
          "Range", fmt::format("bytes={}-{}", asked.range.from, asked.range.to - 1));
    }
    PieceSink sink(job, piece, asked, web->options().idle_timeout);
    auto head = web->Stream(request->url, outgoing, &sink);
    // What came before a break is kept.
    if (Status noted = sink.Note(); !noted) return Failed(noted.error(), false, sink.reached());
    const bool said_enough =
        !head && head.error().code == Code::kTooLarge && sink.head().status >= 300;
    if (!head && !said_enough) return AfterFailure(job, piece, sink, head.error());
    if (sink.refused() || sink.redirected()) {
      if (auto ended = AfterNoBody(job, sink, &*request)) return *std::move(ended);
      continue;
    }
    if (sink.reached() != asked.range.to) {
      return Failed({Code::kIo, fmt::format("the server sent {} bytes less than it should",
                                            asked.range.to - sink.reached())},
                    true, sink.reached());
    }
    if (hop > 0) origin.Moved(*request);
    return {PieceOutcome::kDone, {}, sink.reached()};
  }
  return Failed({Code::kIo, fmt::format("{} redirects more than {} times", request->url.Authority(),
                                        kRedirectsMax)},
                false, from);
}

}  // namespace hearth::fetch
