#include "serve/waiting_texts.h"

#include <algorithm>
#include <span>
#include <utility>

namespace hearth::serve {

Status WaitingTexts::Add(const std::shared_ptr<Job>& job, Limit* hit) {
  const int64_t texts = job->TextsWaiting();
  const int64_t tokens = job->TokensWaiting();
  if (!QueueHasRoom(texts_, tokens_, texts, tokens, limits_.queued_texts_max,
                    limits_.queued_tokens_max)) {
    const bool by_texts = texts_ + texts > limits_.queued_texts_max;
    *hit = by_texts ? Limit::kQueuedTexts : Limit::kQueuedTokens;
    return Fail(Code::kOverloaded,
                "{} texts ({} tokens) wait already, the limits are {} (--max-queued-texts) and {} "
                "(--max-queued-tokens); try again",
                texts_, tokens_, limits_.queued_texts_max, limits_.queued_tokens_max);
  }
  texts_ += texts;
  tokens_ += tokens;
  jobs_.push_back(job);
  return {};
}

size_t WaitingTexts::Take(int workers_free, Clock::time_point now, std::vector<Piece>* pieces,
                          std::vector<std::shared_ptr<Job>>* expired) {
  view_.clear();
  for (const auto& job : jobs_) {
    view_.push_back({std::span(job->texts.lengths).subspan(job->next_text), job->submitted,
                     static_cast<int64_t>(job->next_token), job->work->deadline(),
                     job->work->wanted()});
  }
  const int64_t least = std::min(limits_.forward_tokens_least, limits_.forward_tokens_most);
  const BatchPlan plan = PlanBatch(
      view_, ForwardBudget(tokens_, workers_free, least, limits_.forward_tokens_most), now);

  pieces->clear();
  for (const Pick& pick : plan.picks) {
    const std::shared_ptr<Job>& job = jobs_[pick.request];
    Piece piece{job, job->next_text, pick.texts, job->next_token, 0};
    for (size_t i = 0; i < pick.texts; ++i) {
      piece.tokens += static_cast<size_t>(job->texts.lengths[job->next_text + i]);
    }
    if (job->next_text == 0) job->first_taken = now;
    job->next_text += piece.texts;
    job->next_token += piece.tokens;
    texts_ -= static_cast<int64_t>(piece.texts);
    tokens_ -= static_cast<int64_t>(piece.tokens);
    pieces->push_back(std::move(piece));
  }
  expired->clear();
  for (const size_t i : plan.expired) expired->push_back(jobs_[i]);
  for (const auto* left : {&plan.expired, &plan.unwanted}) {
    for (const size_t i : *left) {
      jobs_[i]->ended = true;
      Subtract(*jobs_[i]);
    }
  }
  EraseFinished();
  return plan.unwanted.size();
}

void WaitingTexts::Forget(const std::vector<std::shared_ptr<Job>>& jobs) {
  for (const auto& job : jobs) Subtract(*job);
  EraseFinished();
}

std::deque<std::shared_ptr<Job>> WaitingTexts::TakeAll() {
  texts_ = tokens_ = 0;
  return std::exchange(jobs_, {});
}

void WaitingTexts::Subtract(const Job& job) {
  texts_ -= job.TextsWaiting();
  tokens_ -= job.TokensWaiting();
}

void WaitingTexts::EraseFinished() {
  std::erase_if(jobs_, [](const std::shared_ptr<Job>& job) {
    return job->ended || job->next_text == job->texts.lengths.size();
  });
}

}  // namespace hearth::serve
