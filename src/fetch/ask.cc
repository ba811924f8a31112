#include "fetch/ask.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "fetch/answer_check.h"
#include "fetch/retry_wait.h"

namespace hearth::fetch {
namespace {

using http::Clock;
using std::chrono::milliseconds;

// The failure of a try, or nothing when the answer is one that another try would not change.
std::optional<Failure> AsFailure(const Result<http::Answer>& answer) {
  if (!answer) {
    const Error& error = answer.error();
    return Failure{error, IsTransient(error), std::nullopt};
  }
  const http::AnswerHead head{answer->status, answer->headers, std::nullopt};
  if (answer->status != 408 && answer->status != 429 && answer->status < 500) return std::nullopt;
  return Failure{StatusError(head), true, RetryAfterSeconds(head)};
}

}  // namespace

Result<http::Answer> AskUntilAnswered(Web* web, std::string_view what, const AskOnce& ask) {
  std::minstd_rand random(std::random_device{}());
  for (int tries = 1;; ++tries) {
    auto answer = ask();
    const auto failure = AsFailure(answer);
    if (!failure) return answer;
    if (failure->error.code == Code::kCancelled) return tl::unexpected<Error>(failure->error);
    const double chance = std::uniform_real_distribution<double>(0, 1)(random);
    const auto left =
        std::chrono::duration_cast<milliseconds>(web->options().deadline - Clock::now());
    const auto wait = WaitBeforeRetry(*failure, tries, chance, left);
    if (!wait) {
      return Fail(failure->error.code, "cannot ask {}: {}{}", what, failure->error.message,
                  failure->transient ? fmt::format(" (gave up after {} tries)", tries) : "");
    }
    if (!SleepUnless(*web->options().cancel, *wait)) return Fail(Code::kCancelled, "stopped");
  }
}

Status ForEach(size_t count, int threads, const WebOptions& options,
               const std::function<Status(Web*, size_t)>& one) {
  Mutex mutex;
  std::optional<Error> failure;
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    Web web(options);
    for (size_t i = next++; i < count && !failed; i = next++) {
      Status done = one(&web, i);
      if (done) continue;
      const MutexLock lock(mutex);
      if (!failure) failure = done.error();
      failed = true;
    }
  };
  std::vector<std::thread> others;
  const size_t wanted = std::min(count, static_cast<size_t>(std::max(threads, 1)));
  others.reserve(wanted);
  for (size_t i = 1; i < wanted; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (failure) return tl::unexpected<Error>(*failure);
  return {};
}

}  // namespace hearth::fetch
