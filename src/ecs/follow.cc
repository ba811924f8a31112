#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "aws/document.h"
#include "ecs/deployment.h"
#include "ecs/failure_kind.h"
#include "ecs/follow_news.h"
#include "ecs/service_ask.h"
#include "ecs/task_view.h"

namespace hearth::ecs {
namespace {

using boost::json::object;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPollMost{60'000};
constexpr int kLogLines = 8;
// What was just made may not be told of at once.
constexpr int kRoundsUntilMissing = 3;

class Follower {
 public:
  Follower(const aws::CallService& call, const EcsSpec& spec, const FollowOptions& options,
           const Cancel& cancel, const FollowEvent& event)
      : call_(call), spec_(spec), options_(options), cancel_(cancel), event_(event) {}

  Result<DeploymentState> Run();

 private:
  // What one look gave: the end, or nothing yet.
  using Round = Result<std::optional<DeploymentState>>;

  Round Look();
  Asked<std::optional<DeploymentState>> Find(const object& service);
  void Tell(const object& service, const DeploymentState* state);
  bool EnoughReady(const object& service);
  Round Waited(aws::ServiceFailure failure);
  tl::unexpected<Error> Ended(const DeploymentState& state);
  tl::unexpected<Error> OutOfTime();
  std::string FailedTask();
  void Say(const std::string& line) {
    if (event_) event_(line);
  }

  const aws::CallService& call_;
  const EcsSpec& spec_;
  const FollowOptions& options_;
  const Cancel& cancel_;
  const FollowEvent& event_;
  News news_;
  std::string arn_;            // of what is followed, once known
  double since_s_ = 0;         // when that was created
  bool from_service_ = false;  // read from DescribeServices
  bool first_look_ = true;
  bool over_before_ = false;  // the deployment had ended at the first look
  bool ready_told_ = false;   // that readiness cannot be read was said
  int rounds_without_ = 0;    // a service or deployment
  milliseconds wait_{0};
  std::string last_;  // how it stood
};

Result<DeploymentState> Follower::Run() {
  const auto deadline = Clock::now() + options_.timeout;
  wait_ = options_.poll;
  for (;;) {
    if (cancel_.fired()) break;
    Round round = Look();
    if (!round) return Forward(round);
    if (*round) return **std::move(round);
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds(0)) return OutOfTime();
    if (!SleepUnless(cancel_, std::min(wait_, left))) break;
  }
  return Fail(Code::kCancelled,
              "stopped waiting; AWS goes on with the deployment: `hearth ecs wait` waits again, "
              "`hearth ecs rollback` goes back");
}

Follower::Round Follower::Look() {
  auto service = AskService(call_, spec_);
  if (!service) return Waited(std::move(service.error()));
  if (!*service) {
    if (++rounds_without_ < kRoundsUntilMissing) return std::nullopt;
    return Fail(Code::kNotFound,
                "there is no service {} in cluster {} ({}); `hearth ecs apply` makes it",
                spec_.service, spec_.cluster, spec_.region);
  }
  auto found = Find(**service);
  if (!found) return Waited(std::move(found.error()));
  wait_ = options_.poll;
  const DeploymentState* state = *found ? &**found : nullptr;
  if (state != nullptr) {
    arn_ = state->arn;
    since_s_ = state->created_s.value_or(since_s_);
  }
  Tell(**service, state);
  first_look_ = false;
  if (state == nullptr) return std::nullopt;
  if (state->end == DeploymentEnd::kUnderWay) return std::nullopt;
  if (state->end != options_.wanted) return Ended(*state);
  if (!EnoughReady(**service)) return std::nullopt;
  return *state;
}

Asked<std::optional<DeploymentState>> Follower::Find(const object& service) {
  if (from_service_) return DeploymentOfService(service, arn_, options_.begun_after_s);
  auto found = arn_.empty() ? AskNewestDeployment(call_, spec_, options_.begun_after_s)
                            : AskDeployment(call_, arn_);
  if (found) {
    if (*found) return found;
    // AWS keeps deployments for 90 days; an older service has none to tell of.
    if (++rounds_without_ < kRoundsUntilMissing && options_.begun_after_s) return std::nullopt;
    from_service_ = true;
    arn_.clear();
  } else if (IsDenied(found.error()) || IsUnknownAction(found.error())) {
    Say(
        fmt::format("note: {}; reading the service's own list of deployments, which knows neither "
                    "stages nor alarms",
                    found.error().error.message));
    from_service_ = true;
    arn_.clear();
  } else {
    return found;
  }
  return DeploymentOfService(service, arn_, options_.begun_after_s);
}

void Follower::Tell(const object& service, const DeploymentState* state) {
  if (state == nullptr) {
    last_ = "no deployment yet";
    return;
  }
  // One that was over before the first look is no news, nor are its events.
  if (first_look_ && state->end != DeploymentEnd::kUnderWay) {
    over_before_ = true;
    Say(EndText(*state));
  }
  if (over_before_) return;
  for (const std::string& line : news_.OfService(service, since_s_)) Say(line);
  for (const std::string& line : news_.OfDeployment(*state)) Say(line);
  // What the reasons of stopped tasks add is worth a round's delay, not its failure.
  if (auto stopped = ReadTasks(call_, spec_, "STOPPED")) {
    for (const std::string& line : news_.OfStopped(*stopped, since_s_)) Say(line);
  }
  last_ = fmt::format("{}{}{}, {} of {} tasks running", state->status,
                      state->lifecycle_stage.empty() ? "" : " ", state->lifecycle_stage,
                      state->running, state->wanted);
}

// The deployment is over; a pool is warm when as many as are wanted are ready now.
bool Follower::EnoughReady(const object& service) {
  const auto wanted = static_cast<int>(aws::NumberOf(service, "desiredCount").value_or(0));
  const auto running = static_cast<int>(aws::NumberOf(service, "runningCount").value_or(0));
  if (wanted == 0) return true;
  int ready = running;
  if (auto asked = AskReady(call_, spec_, service)) {
    ready = *asked;
  } else if (!std::exchange(ready_told_, true)) {
    Say(fmt::format("note: {}; running tasks count as ready", asked.error().error.message));
  }
  if (running >= wanted && ready >= wanted) return true;
  std::string line = fmt::format("{} of {} tasks ready", ready, wanted);
  if (line != last_) Say(line);
  last_ = std::move(line);
  return false;
}

Follower::Round Follower::Waited(aws::ServiceFailure failure) {
  if (!MayPass(failure)) return tl::unexpected(std::move(failure.error));
  last_ = failure.error.message;
  Say(fmt::format("note: {}; asking again", last_));
  if (IsThrottled(failure)) wait_ = std::min(std::max(wait_ * 2, milliseconds(1)), kPollMost);
  return std::nullopt;
}

tl::unexpected<Error> Follower::Ended(const DeploymentState& state) {
  return Fail(Code::kUnavailable, "{}{}", EndText(state), FailedTask());
}

tl::unexpected<Error> Follower::OutOfTime() {
  return Fail(Code::kDeadlineExceeded,
              "the deployment of {} has not ended within {:g} s: {}; `hearth ecs wait` goes on "
              "waiting, `hearth ecs rollback` goes back{}",
              spec_.service, std::chrono::duration<double>(options_.timeout).count(), last_,
              FailedTask());
}

// The newest task that failed since the deployment began, its reason and what it logged last.
std::string Follower::FailedTask() {
  auto stopped = ReadTasks(call_, spec_, "STOPPED");
  if (!stopped) return fmt::format("; why tasks stopped: {}", stopped.error().error.message);
  const TaskView* newest = nullptr;
  for (const TaskView& task : *stopped) {
    if (!TaskFailed(task) || task.stopped_s.value_or(since_s_) < since_s_) continue;
    if (newest == nullptr || task.stopped_s.value_or(0) > newest->stopped_s.value_or(0)) {
      newest = &task;
    }
  }
  if (newest == nullptr) return "";
  std::string out = fmt::format("; task {} ({}) stopped: {}", newest->id, newest->definition,
                                WhyStopped(*newest));
  auto lines = LastLogLines(call_, spec_, *newest, kLogLines);
  if (!lines) return out + fmt::format("; its log: {}", lines.error().error.message);
  if (lines->empty()) return out + "; it logged nothing";
  return out + fmt::format("; its last log lines:\n  {}", fmt::join(*lines, "\n  "));
}

}  // namespace

Result<DeploymentState> Follow(const aws::CallService& call, const EcsSpec& spec,
                               const FollowOptions& options, const Cancel& cancel,
                               const FollowEvent& event) {
  return Follower(call, spec, options, cancel, event).Run();
}

Result<std::optional<DeploymentState>> NewestDeployment(const aws::CallService& call,
                                                        const EcsSpec& spec) {
  auto service = AskService(call, spec);
  if (!service) return tl::unexpected(std::move(service.error().error));
  if (!*service) return std::nullopt;
  auto found = AskNewestDeployment(call, spec, std::nullopt);
  if (found && *found) return *std::move(found);
  if (!found && !IsDenied(found.error()) && !IsUnknownAction(found.error())) {
    return tl::unexpected(std::move(found.error().error));
  }
  return DeploymentOfService(**service, "", std::nullopt);
}

}  // namespace hearth::ecs
