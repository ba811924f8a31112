#include "serve/protector.h"

#include <pthread.h>

#include <algorithm>
#include <random>
#include <utility>

#include "http/client.h"

namespace hearth::serve {
namespace {

using std::chrono::milliseconds;

constexpr size_t kAnswerBytesMax = 65'536;
constexpr milliseconds kLookMost{1'000};
constexpr milliseconds kLookLeast{10};

http::Url StateOf(const http::Url& agent) {
  http::Url url = agent;
  while (url.target.ends_with('/')) url.target.pop_back();
  url.target += "/task-protection/v1/state";
  return url;
}

}  // namespace

Protector::Protector(ProtectorOptions options, LatestDeadline latest_deadline, const Log& log)
    : options_(std::move(options)),
      latest_deadline_(std::move(latest_deadline)),
      log_(log),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "protection");
}

Protector::~Protector() {
  over_.Fire();
  thread_.join();
}

void Protector::Run() {
  std::minstd_rand random(std::random_device{}());
  ProtectionState state;
  const milliseconds look = std::clamp(options_.after / 4, kLookLeast, kLookMost);
  while (SleepUnless(over_, look)) {
    const Clock::time_point now = Clock::now();
    const auto call = NextProtectionCall(state, latest_deadline_(now - options_.after), now);
    if (!call) continue;
    const Status outcome = Ask(*call);
    if (over_.fired()) return;
    Tell(*call, outcome, state.failures);
    // From before the call: ECS counts the minutes from when it hears of it, which is later.
    // A failure's wait begins when it is known.
    state = AfterProtectionCall(state, *call, outcome, outcome ? now : Clock::now(),
                                std::uniform_real_distribution<double>(0, 1)(random),
                                options_.protected_least);
  }
}

Status Protector::Ask(const ProtectionCall& call) {
  http::ConnectOptions options;
  options.connect_timeout = options_.connect_timeout;
  options.answer_bytes_max = kAnswerBytesMax;
  options.cancel = &over_;
  const http::Url url = StateOf(options_.agent);
  const auto deadline = http::Clock::now() + options_.call_time;
  auto connection = http::Connection::Open(url, deadline, options);
  const auto fail = [&](const Error& error) {
    return Fail(error.code, "cannot ask the ECS agent at {}: {}", url.Origin(), error.message);
  };
  if (!connection) return fail(connection.error());
  http::Outgoing request;
  request.method = "PUT";
  request.headers = {{"Content-Type", "application/json"}, {"Connection", "close"}};
  request.body = ProtectionBody(call);
  auto answer = connection->RoundTrip(request, deadline);
  if (!answer) return fail(answer.error());
  return ReadProtectionAnswer(call, answer->status, answer->body);
}

// The first failure of a row is a warning, the others are not worth a line each.
void Protector::Tell(const ProtectionCall& call, const Status& outcome, int failures_before) {
  if (outcome) {
    log_.Info(call.enabled ? "The task is protected: a request has been running for long"
                           : "The task is no longer protected",
              {{"minutes", int64_t{call.minutes}}});
  } else if (failures_before == 0) {
    log_.Warn("Task protection failed, and is tried again",
              {{"error", std::string_view(outcome.error().message)}});
  } else {
    log_.Debug("Task protection failed again",
               {{"error", std::string_view(outcome.error().message)}});
  }
}

}  // namespace hearth::serve
