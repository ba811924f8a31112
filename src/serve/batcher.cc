#include "serve/batcher.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

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

struct Batcher::Job {
  std::unique_ptr<Work> work;
  PreparedTexts texts;
  size_t next_text = 0;   // first that waits
  size_t next_token = 0;  // where its ids begin
  size_t texts_done = 0;
  bool ended = false;  // failed or dropped: what is still being computed for it is thrown away
  Clock::time_point submitted;
  Clock::time_point prepare_started;
  Clock::time_point prepared;
  Clock::time_point first_taken;

  int64_t TextsWaiting() const { return static_cast<int64_t>(texts.lengths.size() - next_text); }
  int64_t TokensWaiting() const { return static_cast<int64_t>(texts.ids.size() - next_token); }
};

// Consecutive texts of one job in one forward.
struct Batcher::Piece {
  std::shared_ptr<Job> job;
  size_t first_text = 0;
  size_t texts = 0;
  size_t first_token = 0;
  size_t tokens = 0;
};

struct Batcher::Worker {
  Worker(ForwardFunction function, int members_max)
      : forward(std::move(function)), team(members_max) {}

  ForwardFunction forward;
  Team team;
  text::Encoding encoding;
  std::vector<Piece> batch;
  std::vector<WaitingRequest> view;
  std::vector<int32_t> ids, type_ids, lengths;
  std::vector<float> vectors;
  std::vector<std::shared_ptr<Job>> expired, finished;
  // Of the batcher's mutex: whether idle workers may join this one's forward, and how many have.
  bool team_open = false;
  int helpers = 0;
};

Batcher::Batcher(const BatcherLimits& limits, ServeMetrics* metrics, const Log* log)
    : limits_(limits), metrics_(*metrics), log_(*log) {}

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
    return hearth::Fail(Code::kOverloaded,
                        "{} requests are in hand, the limit (--max-concurrent-requests); try again",
                        jobs_unanswered_);
  }
  job->work = std::move(work);
  arrivals_.push_back(std::move(job));
  ++jobs_open_;
  ++jobs_unanswered_;
  if (idle_ > 0) changed_.NotifyOne();
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
    for (auto& job : waiting_) left.push_back(std::move(job));
    waiting_.clear();
    texts_waiting_ = tokens_waiting_ = 0;
    for (auto& job : left) job->ended = true;
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
          .texts = texts_waiting_,
          .tokens = tokens_waiting_,
          .arrivals = static_cast<int64_t>(arrivals_.size()),
          .workers = static_cast<int>(workers_.size()),
          .workers_idle = idle_};
}

void Batcher::RunWorker(Worker& self) {
  const MutexLock lock(mutex_);
  while (!stopping_) {
    if (!arrivals_.empty()) {
      PrepareOne(self);
    } else if (tokens_waiting_ > 0) {
      ForwardOne(self);
    } else if (Worker* leader = OpenTeam()) {
      AssistOne(*leader);
    } else {
      ++idle_;
      changed_.Wait(mutex_);
      --idle_;
    }
  }
}

void Batcher::PrepareOne(Worker& self) {
  const std::shared_ptr<Job> job = std::move(arrivals_.front());
  arrivals_.pop_front();
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
  if (wanted && status) {
    status = Admit(job);
    if (status) return;
  }
  --jobs_unanswered_;
  mutex_.Unlock();
  if (!status) FailJob(*job, status.error());
  mutex_.Lock();
  CloseJobs(1);
}

Status Batcher::Admit(const std::shared_ptr<Job>& job) {
  if (stopping_) return hearth::Fail(Code::kUnavailable, "the server is shutting down");
  const auto texts = static_cast<int64_t>(job->texts.lengths.size());
  const auto tokens = static_cast<int64_t>(job->texts.ids.size());
  if (!QueueHasRoom(texts_waiting_, tokens_waiting_, texts, tokens, limits_.queued_texts_max,
                    limits_.queued_tokens_max)) {
    const bool by_texts = texts_waiting_ + texts > limits_.queued_texts_max;
    metrics_.CountLimit(by_texts ? Limit::kQueuedTexts : Limit::kQueuedTokens);
    return hearth::Fail(Code::kOverloaded,
                        "{} texts ({} tokens) wait already, the limits are {} (--max-queued-texts) "
                        "and {} (--max-queued-tokens); try again",
                        texts_waiting_, tokens_waiting_, limits_.queued_texts_max,
                        limits_.queued_tokens_max);
  }
  texts_waiting_ += texts;
  tokens_waiting_ += tokens;
  waiting_.push_back(job);
  return {};
}

BatchPlan Batcher::Plan(Worker& self) {
  self.view.clear();
  for (const auto& job : waiting_) {
    self.view.push_back({std::span(job->texts.lengths).subspan(job->next_text), job->submitted,
                         static_cast<int64_t>(job->next_token), job->work->deadline(),
                         job->work->wanted()});
  }
  const int64_t budget =
      ForwardBudget(tokens_waiting_, idle_ + 1,
                    std::min(limits_.forward_tokens_least, limits_.forward_tokens_most),
                    limits_.forward_tokens_most);
  return PlanBatch(self.view, budget, Clock::now());
}

void Batcher::TakeBatch(const BatchPlan& plan, Worker& self) {
  const Clock::time_point now = Clock::now();
  self.batch.clear();
  for (const Pick& pick : plan.picks) {
    const std::shared_ptr<Job>& job = waiting_[pick.request];
    Piece piece{job, job->next_text, pick.texts, job->next_token, 0};
    for (size_t i = 0; i < pick.texts; ++i) {
      piece.tokens += static_cast<size_t>(job->texts.lengths[job->next_text + i]);
    }
    if (job->next_text == 0) job->first_taken = now;
    job->next_text += piece.texts;
    job->next_token += piece.tokens;
    texts_waiting_ -= static_cast<int64_t>(piece.texts);
    tokens_waiting_ -= static_cast<int64_t>(piece.tokens);
    self.batch.push_back(std::move(piece));
  }
}

void Batcher::Remove(const std::vector<size_t>& requests,
                     std::vector<std::shared_ptr<Job>>* removed) {
  for (const size_t i : requests) {
    Job& job = *waiting_[i];
    job.ended = true;
    texts_waiting_ -= job.TextsWaiting();
    tokens_waiting_ -= job.TokensWaiting();
    if (removed != nullptr) removed->push_back(waiting_[i]);
  }
}

// Lets others in: into this forward when nothing else waits, else to what waits.
void Batcher::Share(Worker& self) {
  if (idle_ > 0 && (tokens_waiting_ > 0 || !arrivals_.empty())) changed_.NotifyOne();
  if (tokens_waiting_ > 0 || !arrivals_.empty() || workers_.size() == 1) return;
  self.team.Open();
  self.team_open = true;
  const int wake = std::min(idle_, self.team.members_max() - 1);
  for (int i = 0; i < wake; ++i) changed_.NotifyOne();
}

void Batcher::ForwardOne(Worker& self) {
  const BatchPlan plan = Plan(self);
  TakeBatch(plan, self);
  self.expired.clear();
  Remove(plan.expired, &self.expired);
  Remove(plan.unwanted, nullptr);
  std::erase_if(waiting_, [](const std::shared_ptr<Job>& job) {
    return job->ended || job->next_text == job->texts.lengths.size();
  });
  jobs_unanswered_ -= static_cast<int64_t>(plan.expired.size() + plan.unwanted.size());
  Share(self);
  mutex_.Unlock();

  metrics_.failed_dropped.Add(static_cast<int64_t>(plan.unwanted.size()));
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
  CloseJobs(plan.expired.size() + plan.unwanted.size());
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
  if (!computed) {
    // Texts of a failed request that still wait would be computed for nobody.
    for (const auto& job : self.finished) {
      texts_waiting_ -= job->TextsWaiting();
      tokens_waiting_ -= job->TokensWaiting();
    }
    std::erase_if(waiting_, [](const std::shared_ptr<Job>& job) { return job->ended; });
  }
  jobs_unanswered_ -= static_cast<int64_t>(self.finished.size());
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
