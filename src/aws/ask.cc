#include "aws/ask.h"

#include <random>
#include <thread>

#include "aws/retry.h"
#include "aws/service_error.h"
#include "base/backoff.h"
#include "http/proxy.h"

namespace hearth::aws {

namespace {

Result<http::Answer> AskOnce(const http::Url& url, const http::Outgoing& request,
                             const AskLimits& limits, const Env& env, const Cancel* cancel) {
  http::ConnectOptions options;
  options.connect_timeout = limits.time;
  options.answer_bytes_max = limits.answer_bytes_max;
  options.cancel = cancel;
  options.ca_file = FirstSet(env, {"AWS_CA_BUNDLE"});
  if (limits.through_proxy) {
    auto proxy = http::ProxyFor(url, env);
    if (!proxy) return Forward(proxy);
    options.proxy = *std::move(proxy);
  }
  const auto deadline = http::Clock::now() + limits.time;
  auto connection = http::Connection::Open(url, deadline, options);
  if (!connection) return Forward(connection);
  if (limits.sent != nullptr) *limits.sent = true;
  return connection->RoundTrip(request, deadline);
}

bool IsWorthAnother(const Result<http::Answer>& answer) {
  if (!answer) return MayAnswerYet(answer.error());
  if (answer->status == 200) return false;
  const Retry retry = RetryFor(answer->status, ReadServiceError(*answer).code);
  return retry == Retry::kTransient || retry == Retry::kThrottled;
}

void Sleep(std::chrono::milliseconds wait, const Cancel* cancel) {
  if (cancel == nullptr) {
    std::this_thread::sleep_for(wait);
  } else {
    static_cast<void>(SleepUnless(*cancel, wait));
  }
}

}  // namespace

bool MayAnswerYet(const Error& error) {
  return (error.code == Code::kIo && !http::IsCertificateFailure(error)) ||
         error.code == Code::kDeadlineExceeded || error.code == Code::kUnavailable;
}

Ask NetworkAsk(Env env, const Cancel* cancel) {
  return [env = std::move(env), cancel](const http::Url& url, const http::Outgoing& request,
                                        const AskLimits& limits) -> Result<http::Answer> {
    std::minstd_rand random(std::random_device{}());
    for (int tries = 1;; ++tries) {
      auto answer = AskOnce(url, request, limits, env, cancel);
      if (tries >= limits.tries || !IsWorthAnother(answer)) return answer;
      const double chance = std::uniform_real_distribution<double>(0, 1)(random);
      Sleep(Backoff(tries, chance, {.first = std::chrono::milliseconds(500)}), cancel);
    }
  };
}

}  // namespace hearth::aws
