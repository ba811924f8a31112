#include "ecs/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "aws/document.h"
#include "ecs/describe_shape.h"
#include "ecs/references.h"
#include "ecs/rule_priority.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::ListOf;
using aws::ObjectOf;
using aws::ServiceFailure;
using aws::ServiceRequest;
using aws::TextOf;

constexpr int kPriorityTries = 5;
constexpr std::string_view kLook = "DescribeServices";  // of destroy: until it is gone
constexpr std::string_view kCannot = "cannot ";

template <size_t N>
bool IsOneOf(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool IsGone(const ServiceFailure& failure) {
  static constexpr std::array<std::string_view, 6> kCodes = {
      "ResourceNotFoundException", "ObjectNotFoundException",  "RuleNotFound",
      "TargetGroupNotFound",       "ServiceNotFoundException", "ServiceNotActiveException"};
  return IsOneOf(failure.said.code, kCodes);
}

// Worth a moment's wait: a rule just deleted still holds its target group, another change of the
// same thing is under way.
bool IsBusy(const ServiceFailure& failure) {
  static constexpr std::array<std::string_view, 4> kCodes = {
      "ResourceInUse", "ConcurrentUpdateException", "OperationAbortedException",
      "UpdateInProgressException"};
  return IsOneOf(failure.said.code, kCodes);
}

// Another made it between our look and our call.
bool IsLostRace(const ServiceFailure& failure) {
  static constexpr std::array<std::string_view, 2> kCodes = {"ResourceAlreadyExistsException",
                                                             "DuplicateTargetGroupName"};
  return IsOneOf(failure.said.code, kCodes) ||
         failure.said.message.find("was not idempotent") != std::string::npos;
}

std::string_view VerbWord(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kUpdate:
      return "update";
    case Verb::kReplace:
      return "replace";
    case Verb::kDelete:
      return "delete";
  }
  return "do";
}

class Applier {
 public:
  Applier(const aws::CallService& call, const Plan& plan, const Observed& observed,
          const Cancel& cancel, ApplyOptions options)
      : call_(call), plan_(plan), cancel_(cancel), options_(std::move(options)) {
    if (!options_.wait) {
      options_.wait = [&cancel](std::chrono::milliseconds time) {
        return SleepUnless(cancel, time);
      };
    }
    if (!observed.vpc.empty()) outcome_.references.emplace(kVpcRef, observed.vpc);
    if (observed.target_group) {
      outcome_.references.emplace(kTargetGroupRef,
                                  TextOf(*observed.target_group, "TargetGroupArn"));
    }
    ChoosePriority(observed.rules);
  }

  Result<ApplyOutcome> Run(const ApplyProgress& progress) {
    if (!plan_.problems.empty()) {
      const size_t more = plan_.problems.size() - 1;
      return Fail(Code::kUnprocessable, "nothing is done: {}{}", plan_.problems.front(),
                  more == 0 ? "" : fmt::format(" (and {} more)", more));
    }
    for (const Action& action : plan_.actions) {
      if (cancel_.fired()) return Stopped();
      if (progress) progress(action, false);
      if (Status done = Do(action); !done) return Forward(done);
      ++outcome_.done;
      outcome_.deployment_started |= action.starts_deployment;
      if (progress) progress(action, true);
    }
    return std::move(outcome_);
  }

 private:
  std::string_view Command() const { return plan_.destroys ? "destroy" : "apply"; }

  tl::unexpected<Error> Stopped() const {
    return Fail(Code::kCancelled,
                "stopped after {} of {} steps; run `hearth ecs {}` again: it goes on from here",
                outcome_.done, plan_.actions.size(), Command());
  }

  tl::unexpected<Error> Failed(const Action& action, Code code, std::string_view why) const {
    return Fail(code,
                "cannot {} the {} \"{}\": {}; run `hearth ecs {}` again: it goes on from here",
                VerbWord(action.verb), FactsOf(action.kind).words, action.name, why, Command());
  }

  tl::unexpected<Error> Failed(const Action& action, const ServiceFailure& failure) const {
    // "cannot ecs CreateService at …: AWS answers 400 …" goes on after our own "cannot".
    std::string why = failure.error.message;
    if (why.starts_with(kCannot)) why.erase(0, kCannot.size());
    if (failure.maybe_done) why += " (it may have been done)";
    if (IsLostRace(failure)) why += " (another made it meanwhile)";
    return Failed(action, failure.error.code, why);
  }

  void ChoosePriority(const json::array& rules) {
    if (const std::optional<int> free = FreePriority(rules)) {
      outcome_.references[std::string(kPriorityRef)] = std::to_string(*free);
    }
  }

  Status Do(const Action& action) {
    for (const ServiceRequest& request : action.requests) {
      Status sent = request.action == kLook ? WaitGone(action, request) : Send(action, request);
      if (!sent) return sent;
    }
    return {};
  }

  Status Send(const Action& action, const ServiceRequest& planned) {
    for (int attempt = 1;; ++attempt) {
      const ServiceRequest request{planned.service, planned.action,
                                   FillAll(planned.input, outcome_.references)};
      if (const std::string left = FindReference(request.input); !left.empty()) {
        return Failed(action, Code::kInternal, fmt::format("no step before it made {}", left));
      }
      const aws::ServiceAnswer answer = call_(request);
      if (answer) {
        Learn(request, *answer);
        return {};
      }
      Result<bool> again = Judge(action, planned, answer.error(), attempt);
      if (!again) return Forward(again);
      if (!*again) return {};
    }
  }

  // false: as good as done. true: to be sent again.
  Result<bool> Judge(const Action& action, const ServiceRequest& planned,
                     const ServiceFailure& failure, int attempt) {
    if (planned.action.starts_with("De") && IsGone(failure)) return false;
    if (planned.action == "CreateLogGroup" &&
        failure.said.code == "ResourceAlreadyExistsException") {
      return false;
    }
    if (failure.said.code == "PriorityInUse" && attempt < kPriorityTries &&
        TextOf(planned.input, "Priority") == kPriorityRef) {
      return ChooseAgain(action, planned);
    }
    if (IsBusy(failure) && attempt < options_.in_use_tries) {
      if (!options_.wait(options_.pause)) return Stopped();
      return true;
    }
    return Failed(action, failure);
  }

  Result<bool> ChooseAgain(const Action& action, const ServiceRequest& planned) {
    ServiceRequest look{
        "elbv2", "DescribeRules", {{"ListenerArn", planned.input.at("ListenerArn")}}};
    const auto rules = aws::CallAll(call_, look, {"Rules", "Marker", "NextMarker"});
    if (!rules) return Failed(action, rules.error());
    for (const json::value& item : *rules) {
      if (!Forwards(aws::AsObject(item))) continue;
      return Failed(action, Code::kUnavailable, "the rule for this pool is there already");
    }
    ChoosePriority(*rules);
    return true;
  }

  // To this pool's target group.
  bool Forwards(const json::object& rule) const {
    const auto group = outcome_.references.find(kTargetGroupRef);
    const json::object normal = Normal(Kind::kListenerRule, rule);
    const json::array& actions = ListOf(normal, "Actions");
    return std::any_of(actions.begin(), actions.end(), [&](const json::value& item) {
      return group != outcome_.references.end() &&
             TextOf(aws::AsObject(item), "TargetGroupArn") == group->second;
    });
  }

  void Learn(const ServiceRequest& request, const json::object& answer) {
    if (request.action == "RegisterTaskDefinition") {
      Know(kTaskDefinitionRef, TextOf(ObjectOf(answer, "taskDefinition"), "taskDefinitionArn"));
    } else if (request.action == "CreateTargetGroup") {
      const json::array& groups = ListOf(answer, "TargetGroups");
      if (!groups.empty()) {
        Know(kTargetGroupRef, TextOf(aws::AsObject(groups.front()), "TargetGroupArn"));
      }
    }
  }

  void Know(std::string_view reference, std::string_view value) {
    if (!value.empty()) outcome_.references[std::string(reference)] = value;
  }

  // Deleted services drain: their tasks end within their stop time-out.
  Status WaitGone(const Action& action, const ServiceRequest& look) {
    for (int looks = 0; looks < options_.drain_looks; ++looks) {
      const aws::ServiceAnswer answer = call_(look);
      if (!answer) {
        if (answer.error().said.code == "ClusterNotFoundException") return {};
        return Failed(action, answer.error());
      }
      const json::array& services = ListOf(*answer, "services");
      if (services.empty()) return {};
      const json::object& service = aws::AsObject(services.front());
      if (TextOf(service, "status") == "INACTIVE") return {};
      if (!options_.wait(options_.pause)) return Stopped();
    }
    return Failed(action, Code::kDeadlineExceeded, "its tasks have not ended yet");
  }

  const aws::CallService& call_;
  const Plan& plan_;
  const Cancel& cancel_;
  ApplyOptions options_;
  ApplyOutcome outcome_;
};

}  // namespace

Result<ApplyOutcome> Apply(const aws::CallService& call, const Plan& plan, const Observed& observed,
                           const Cancel& cancel, const ApplyProgress& progress,
                           ApplyOptions options) {
  return Applier(call, plan, observed, cancel, std::move(options)).Run(progress);
}

}  // namespace hearth::ecs
