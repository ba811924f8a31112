#include "serve/batcher.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/spin.h"

namespace hearth::serve {
namespace {

// More helpers than this wait for each other longer than they save.
constexpr int kTeamMembersMax = 8;

// The fence: what a third party or the library throws while `body` runs becomes an Error.
template <typename Body>
Status Guard(Body body) {
  try {
    return body();
  } catch (const std::exception& error) {
    return Fail(Code::kInternal, "cannot finish the request: {}", error.what());
  }
}

}  // namespace

struct Batcher::Worker {
  Worker(ForwardFunction function, int members_max)
      : forward(std::move(function)), team(members_max) {}

  ForwardFunction forward;
  Team team;
  text::Encoding encoding;
  std::vector<Piece> batch;
  std::vector<int32_t> ids, type_ids, lengths;
  std::vector<float> vectors;
  std::vector<std::shared_ptr<Job>> expired, finished;
  // Of the batcher's mutex: whether idle workers may join this one's forward, and how many have.
  bool team_open = false;
  int helpers = 0;
};

Batcher::Batcher(const BatcherLimits& limits, ServeMetrics* metrics, const Log* log)
    : limits_(limits), metrics_(*metrics), log_(*log), waiting_(limits) {}

Batcher::~Batcher() { Stop(); }

int Batcher::TeamMembers(int workers) { return std::min(workers, kTeamMembersMax); }

void Batcher::Start(std::vector<ForwardFunction> forwards, int vector_size) {
  vector_size_ = static_cast<size_t>(vector_size);
  const int members = TeamMembers(static_cast<int>(forwards.size()));
  {
    const MutexLock lock(mutex_);  // Snapshot may look already
    for (ForwardFunction& forward : forwards) {
      workers_.push_back(std::make_unique<Worker>(std::move(forward), members));
    }
  }
  for (size_t i = 0; i < workers_.size(); ++i) {
    threads_.emplace_back([this, i] { RunWorker(*workers_[i]); });
    pthread_setname_np(threads_.back().native_handle(), fmt::format("worker-{}", i).c_str());
  }
}

Status Batcher::Submit(std::unique_ptr<Work>& work) {
  auto job = std::make_shared<Job>();
  job->submitted = Clock::now();
  const MutexLock lock(mutex_);
  if (stopping_) return hearth::Fail(Code::kUnavailable, "the server is shutting down");
  if (jobs_unanswered_ >= limits_.requests_max) {
    metrics_.CountLimit(Limit::kConcurrentRequests);
    if (load_) load_->Refuse(job->submitted, 1);
    return hearth::Fail(Code::kOverloaded,
                        "{} requests are in hand, the limit (--max-concurrent-requests); try again",
                        jobs_unanswered_);
  }
  job->work = std::move(work);
  if (load_) load_->Arrive(job->submitted);
  if (running_) running_->Add(job->submitted, job->work->deadline(), job);
  arrivals_.push_back(std::move(job));
  TellNews();
  if (idle_ > 0) changed_.NotifyOne();
  ++jobs_open_;
  ++jobs_unanswered_;
  return {};
}

void Batcher::Drain(std::function<void()> done) {
  MutexLock lock(mutex_);
  if (jobs_open_ > 0) {
    drained_ = std::move(done);
    return;
  }
  lock.Unlock();
  done();
}

void Batcher::Stop() {
  std::deque<std::shared_ptr<Job>> left;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    left.swap(arrivals_);
    for (auto& job : waiting_.TakeAll()) left.push_back(std::move(job));
    for (auto& job : left) job->ended = true;
    if (load_) load_->Leave(Clock::now(), 0, static_cast<int64_t>(left.size()));
    changed_.NotifyAll();
  }
  for (auto& job : left) {
    FailJob(*job, Error{Code::kUnavailable, "the server shut down before it got to this request"});
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

QueueSnapshot Batcher::Snapshot() const {
  const MutexLock lock(mutex_);
  return {.requests = jobs_open_,
          .texts = waiting_.texts(),
          .tokens = waiting_.tokens(),
          .arrivals = static_cast<int64_t>(arrivals_.size()),
          .workers = static_cast<int>(workers_.size()),
          .workers_idle = idle_};
}

void Batcher::WatchLoad(Clock::time_point began, Clock::duration length) {
  const MutexLock lock(mutex_);
  load_.emplace(began, length);
}

void Batcher::SetLoadSlots(int slots) {
  const MutexLock lock(mutex_);
  if (load_) load_->SetSlots(Clock::now(), slots);
}

std::vector<OfferedLoad::Closed> Batcher::TakeLoad(Clock::time_point now, int64_t refused) {
  const MutexLock lock(mutex_);
  if (!load_) return {};
  auto closed = load_->TakeClosed(now);
  if (refused > 0) load_->Refuse(now, refused);
  return closed;
}

void Batcher::WatchRunning() {
  const MutexLock lock(mutex_);
  running_.emplace();
}

std::optional<Clock::time_point> Batcher::LatestDeadline(Clock::time_point before) const {
  const MutexLock lock(mutex_);
  return running_ ? running_->LatestDeadline(before) : std::nullopt;
}

void Batcher::RunWorker(Worker& self) {
  const MutexLock lock(mutex_);
  bool watched = false;  // since it last had something to do
  while (!stopping_) {
    if (!arrivals_.empty()) {
      PrepareOne(self);
    } else if (!waiting_.empty()) {
      ForwardOne(self);
    } else if (Worker* leader = OpenTeam()) {
      AssistOne(*leader);
    } else if (preparing_ > 0 && !watched) {
      WatchForNews();
      watched = true;
      continue;
    } else {
      ++idle_;
      changed_.Wait(mutex_);
      --idle_;
    }
    watched = false;
  }
}

void Batcher::TellNews() { news_.fetch_add(1, std::memory_order_relaxed); }

// Another worker is about to have texts: waiting a moment for them costs less than falling asleep
// and being woken, which takes about as long as a tenth of a short text's forward.
void Batcher::WatchForNews() {
  const uint32_t seen = news_.load(std::memory_order_relaxed);
  mutex_.Unlock();
  SpinUntil([&] { return news_.load(std::memory_order_relaxed) != seen; });
  mutex_.Lock();
}

void Batcher::PrepareOne(Worker& self) {
  const std::shared_ptr<Job> job = std::move(arrivals_.front());
  arrivals_.pop_front();
  ++preparing_;
  // The only request in hand will be computed by all: they wake while it is parsed. (Not from
  // Submit: the I/O thread would put two workers on one core, its own being busy still.)
  if (jobs_open_ == 1) CallHelpers(self);
  mutex_.Unlock();
  job->prepare_started = Clock::now();
  const bool wanted = job->work->wanted();
  Status status;
  if (!wanted) {
    metrics_.failed_dropped.Add();
  } else if (job->work->deadline() <= job->prepare_started) {
    metrics_.CountLimit(Limit::kDeadline);
    status = hearth::Fail(Code::kDeadlineExceeded, "the request's time was over before it began");
  } else {
    status = Guard([&] { return job->work->Prepare(&self.encoding, &job->texts); });
    if (status) {
      job->texts.vectors.resize(job->texts.lengths.size() * vector_size_);
    }
  }
  job->prepared = Clock::now();
  mutex_.Lock();
  --preparing_;
  if (wanted && status) {
    status = Admit(job);
    if (status) return;
  }
  Leave(0, 1);
  mutex_.Unlock();
  if (!status) FailJob(*job, status.error());
  mutex_.Lock();
  CloseJobs(1);
}

Status Batcher::Admit(const std::shared_ptr<Job>& job) {
  if (stopping_) return hearth::Fail(Code::kUnavailable, "the server is shutting down");
  Limit hit{};
  Status status = waiting_.Add(job, &hit);
  if (!status) {
    metrics_.CountLimit(hit);
    if (load_) load_->Refuse(job->prepared, 1);
  }
  return status;
}

// Lets others in: into this forward when nothing else waits, else to what waits.
void Batcher::Share(Worker& self) {
  TellNews();
  const bool more = !waiting_.empty() || !arrivals_.empty();
  if (more && idle_ > 0) changed_.NotifyOne();
  if (more || workers_.size() == 1) return;
  self.team.Open();
  self.team_open = true;
  CallHelpers(self);
}

void Batcher::CallHelpers(const Worker& self) {
  for (int i = std::min(idle_, self.team.members_max() - 1); i > 0; --i) changed_.NotifyOne();
}

void Batcher::ForwardOne(Worker& self) {
  const size_t unwanted = waiting_.Take(idle_ + 1, Clock::now(), &self.batch, &self.expired);
  const size_t left = self.expired.size() + unwanted;
  Leave(0, left);
  Share(self);
  mutex_.Unlock();

  metrics_.failed_dropped.Add(static_cast<int64_t>(unwanted));
  for (const auto& job : self.expired) {
    metrics_.CountLimit(Limit::kDeadline);
    FailJob(*job, Error{Code::kDeadlineExceeded,
                        "the request's time (--request-timeout) was over before it was computed"});
  }
  self.expired.clear();
  const Clock::time_point started = Clock::now();
  const bool computed = Compute(self);

  mutex_.Lock();
  CloseTeam(self);
  CloseJobs(left);
  Settle(self, computed, started);
}

bool Batcher::Compute(Worker& self) {
  if (self.batch.empty()) return true;
  self.ids.clear();
  self.lengths.clear();
  for (const Piece& piece : self.batch) {
    const auto ids = std::span(piece.job->texts.ids).subspan(piece.first_token, piece.tokens);
    const auto lengths = std::span(piece.job->texts.lengths).subspan(piece.first_text, piece.texts);
    self.ids.insert(self.ids.end(), ids.begin(), ids.end());
    self.lengths.insert(self.lengths.end(), lengths.begin(), lengths.end());
  }
  if (self.type_ids.size() < self.ids.size()) self.type_ids.resize(self.ids.size());
  const size_t width = vector_size_;
  self.vectors.resize(self.lengths.size() * width);
  const Status status = Guard([&]() -> Status {
    self.forward({self.ids, std::span(self.type_ids).first(self.ids.size()), self.lengths},
                 self.vectors, self.team_open ? &self.team : nullptr);
    return {};
  });
  if (!status) log_.Error("A forward failed", {{"error", status.error().message}});
  size_t row = 0;
  for (const Piece& piece : self.batch) {
    std::copy_n(
        self.vectors.begin() + static_cast<ptrdiff_t>(row * width), piece.texts * width,
        piece.job->texts.vectors.begin() + static_cast<ptrdiff_t>(piece.first_text * width));
    row += piece.texts;
  }
  return status.has_value();
}

// Sends the helpers home. One that was let in but has not got a core yet finds the team closed, and
// is not waited for.
void Batcher::CloseTeam(Worker& self) {
  if (!self.team_open) return;
  self.team_open = false;
  if (self.helpers > 0) metrics_.forwards_split.Add();
  mutex_.Unlock();
  self.team.Close();
  mutex_.Lock();
}

Batcher::Worker* Batcher::OpenTeam() {
  for (const auto& worker : workers_) {
    if (worker->team_open && worker->helpers + 1 < worker->team.members_max()) return worker.get();
  }
  return nullptr;
}

void Batcher::AssistOne(Worker& leader) {
  ++leader.helpers;
  mutex_.Unlock();
  leader.team.Assist();
  mutex_.Lock();
  --leader.helpers;
}

// Counts what a forward computed, and finishes the requests whose last text it was.
void Batcher::Settle(Worker& self, bool computed, Clock::time_point started) {
  if (self.batch.empty()) return;
  self.finished.clear();
  for (Piece& piece : self.batch) {
    Job& job = *piece.job;
    job.texts_done += piece.texts;
    if (job.ended) continue;
    if (computed && job.texts_done < job.texts.lengths.size()) continue;
    job.ended = true;
    self.finished.push_back(std::move(piece.job));
  }
  if (!computed) waiting_.Forget(self.finished);
  Leave(computed ? self.finished.size() : 0, computed ? 0 : self.finished.size());
  mutex_.Unlock();
  const Clock::time_point done = Clock::now();
  metrics_.batch_size.Observe(static_cast<double>(self.lengths.size()));
  metrics_.batch_tokens.Observe(static_cast<double>(self.ids.size()));
  metrics_.forward_duration.Observe(done - started);
  self.batch.clear();
  const size_t finished = self.finished.size();
  for (const auto& job : self.finished) {
    const StageTimes times{.total = done - job->submitted,
                           .tokenization = job->prepared - job->prepare_started,
                           .queue = job->first_taken - job->prepared,
                           .inference = done - job->first_taken};
    Status status = computed ? Guard([&]() -> Status {
      job->work->Finish(job->texts, times);
      return {};
    })
                             : hearth::Fail(Code::kInternal, "the model could not be run");
    if (!status) FailJob(*job, status.error());
  }
  self.finished.clear();
  mutex_.Lock();
  CloseJobs(finished);
}

// Their answers are on their way.
void Batcher::Leave(size_t served, size_t others) {
  jobs_unanswered_ -= static_cast<int64_t>(served + others);
  if (!load_ || served + others == 0) return;
  load_->Leave(Clock::now(), static_cast<int64_t>(served), static_cast<int64_t>(others));
}

void Batcher::CloseJobs(size_t count) {
  jobs_open_ -= static_cast<int64_t>(count);
  if (jobs_open_ > 0 || !drained_) return;
  const std::function<void()> drained = std::exchange(drained_, nullptr);
  mutex_.Unlock();
  drained();
  mutex_.Lock();
}

void Batcher::FailJob(Job& job, const Error& error) {
  const Status status = Guard([&]() -> Status {
    job.work->Fail(error);
    return {};
  });
  if (!status) log_.Error("An error could not be sent", {{"error", status.error().message}});
}

}  // namespace hearth::serve
