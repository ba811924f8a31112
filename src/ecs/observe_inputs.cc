// The things that must exist before: asked for by name.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <set>

#include "aws/canonical.h"
#include "aws/document.h"
#include "ecs/failure_kind.h"
#include "ecs/observe_ask.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::AsObject;
using aws::ListOf;
using aws::ObjectOf;
using aws::ServiceRequest;
using aws::TextOf;

constexpr std::string_view kTasksService = "ecs-tasks.amazonaws.com";

// A statement's Action or Principal may be a text or a list of texts.
bool Holds(const json::value* value, std::string_view text) {
  if (value == nullptr) return false;
  if (value->is_string()) return value->get_string() == text || value->get_string() == "*";
  if (!value->is_array()) return false;
  const json::array& list = value->get_array();
  return std::any_of(list.begin(), list.end(),
                     [&](const json::value& item) { return Holds(&item, text); });
}

// The document is JSON in percent-encoding.
bool TrustsTasks(std::string_view document) {
  boost::json::error_code error;
  const json::value policy = json::parse(aws::PercentDecode(document), error);
  if (error || !policy.is_object()) return false;
  const json::value* statements = policy.get_object().if_contains("Statement");
  json::array list;
  if (statements != nullptr && statements->is_array()) list = statements->get_array();
  if (statements != nullptr && statements->is_object()) list.push_back(*statements);
  return std::any_of(list.begin(), list.end(), [](const json::value& item) {
    const json::object& statement = AsObject(item);
    const json::value* action = statement.if_contains("Action");
    return TextOf(statement, "Effect") == "Allow" &&
           (Holds(action, "sts:AssumeRole") || Holds(action, "sts:*")) &&
           Holds(ObjectOf(statement, "Principal").if_contains("Service"), kTasksService);
  });
}

ServiceRequest Filtered(std::string_view action, std::string_view filter,
                        const std::vector<std::string>& ids) {
  return {"ec2",
          std::string(action),
          {{"Filters",
            json::array{{{"Name", filter}, {"Values", json::array(ids.begin(), ids.end())}}}}}};
}

const json::object* FindById(const json::array& list, std::string_view key, std::string_view id) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const json::value& item) {
    return TextOf(AsObject(item), key) == id;
  });
  return found == list.end() ? nullptr : &AsObject(*found);
}

class InputChecks {
 public:
  InputChecks(const aws::CallService& call, const EcsSpec& spec, Observed* observed)
      : call_(call), spec_(spec), observed_(*observed) {}

  Status Run() {
    for (Status (InputChecks::*check)() :
         {&InputChecks::Cluster, &InputChecks::Subnets, &InputChecks::SecurityGroups,
          &InputChecks::Listener, &InputChecks::Roles}) {
      if (Status done = (this->*check)(); !done) return done;
    }
    return {};
  }

 private:
  void Say(std::string what, std::string name, std::string remedy = {}) {
    observed_.inputs.push_back({std::move(what), std::move(name), std::move(remedy), false});
  }

  void NotChecked(std::string what, std::string name, const ServiceRequest& request) {
    std::string remedy = fmt::format("{} \"{}\" is not checked: AWS does not allow {}", what, name,
                                     PermissionOf(request));
    observed_.inputs.push_back({std::move(what), std::move(name), std::move(remedy), true});
  }

  Status Cluster() {
    const ServiceRequest request{
        "ecs", "DescribeClusters", {{"clusters", json::array{spec_.cluster}}}};
    const aws::ServiceAnswer answer = call_(request);
    if (!answer) {
      if (!IsDenied(answer.error())) return FailAsk(request, answer.error());
      NotChecked("cluster", spec_.cluster, request);
      return {};
    }
    const json::array& clusters = ListOf(*answer, "clusters");
    const std::string_view status =
        clusters.empty() ? "" : TextOf(AsObject(clusters.front()), "status");
    std::string remedy;
    if (clusters.empty() || status == "INACTIVE") {
      remedy = fmt::format(
          "there is no cluster \"{}\" in {}: make it (aws ecs create-cluster "
          "--cluster-name {}), or set [ecs] cluster and region",
          spec_.cluster, spec_.region, spec_.cluster);
    } else if (status != "ACTIVE") {
      remedy = fmt::format(
          "cluster \"{}\" is {}, not ACTIVE: wait until it is, or set [ecs] "
          "cluster to another",
          spec_.cluster, status);
    }
    Say("cluster", spec_.cluster, std::move(remedy));
    return {};
  }

  Status Subnets() {
    const ServiceRequest request = Filtered("DescribeSubnets", "subnet-id", spec_.subnets);
    const aws::ServiceAnswer answer = call_(request);
    if (!answer) {
      if (!IsDenied(answer.error())) return FailAsk(request, answer.error());
      for (const std::string& id : spec_.subnets) NotChecked("subnet", id, request);
      return {};
    }
    for (const std::string& id : spec_.subnets) {
      const json::object* subnet = FindById(ListOf(*answer, "Subnets"), "SubnetId", id);
      Say("subnet", id, SubnetRemedy(id, subnet));
    }
    return {};
  }

  std::string SubnetRemedy(const std::string& id, const json::object* subnet) {
    if (subnet == nullptr) {
      return fmt::format("there is no subnet {} in {}: set [ecs] subnets to existing ones", id,
                         spec_.region);
    }
    const std::string_view vpc = TextOf(*subnet, "VpcId");
    if (observed_.vpc.empty()) observed_.vpc = vpc;
    if (vpc == observed_.vpc) return {};
    return fmt::format("subnet {} is in {}, and {} is in {}: [ecs] subnets must be of one VPC", id,
                       vpc, spec_.subnets.front(), observed_.vpc);
  }

  Status SecurityGroups() {
    if (spec_.security_groups.empty()) return {};
    const ServiceRequest request =
        Filtered("DescribeSecurityGroups", "group-id", spec_.security_groups);
    const aws::ServiceAnswer answer = call_(request);
    if (!answer) {
      if (!IsDenied(answer.error())) return FailAsk(request, answer.error());
      for (const std::string& id : spec_.security_groups) {
        NotChecked("security group", id, request);
      }
      return {};
    }
    for (const std::string& id : spec_.security_groups) {
      const json::object* group = FindById(ListOf(*answer, "SecurityGroups"), "GroupId", id);
      Say("security group", id, GroupRemedy(id, group));
    }
    return {};
  }

  std::string GroupRemedy(const std::string& id, const json::object* group) const {
    if (group == nullptr) {
      return fmt::format(
          "there is no security group {} in {}: set [ecs] security_groups to ids "
          "of existing ones",
          id, spec_.region);
    }
    const std::string_view vpc = TextOf(*group, "VpcId");
    if (observed_.vpc.empty() || vpc == observed_.vpc) return {};
    return fmt::format("security group {} is in {}, the subnets are in {}: take one of that VPC",
                       id, vpc, observed_.vpc);
  }

  Status Listener() {
    if (!spec_.balancer) return {};
    const std::string& arn = spec_.balancer->listener;
    const ServiceRequest request{
        "elbv2", "DescribeListeners", {{"ListenerArns", json::array{arn}}}};
    const aws::ServiceAnswer answer = call_(request);
    if (!answer) {
      const aws::ServiceFailure& failure = answer.error();
      if (IsDenied(failure)) {
        NotChecked("listener", arn, request);
      } else if (failure.said.code == "ListenerNotFound" ||
                 failure.said.code == "ValidationError") {
        Say("listener", arn, NoListener(arn));
      } else {
        return FailAsk(request, failure);
      }
      return {};
    }
    const json::array& listeners = ListOf(*answer, "Listeners");
    if (listeners.empty()) {
      Say("listener", arn, NoListener(arn));
      return {};
    }
    return LoadBalancer(arn, std::string(TextOf(AsObject(listeners.front()), "LoadBalancerArn")));
  }

  std::string NoListener(const std::string& arn) const {
    return fmt::format(
        "there is no listener {} in {}: set [ecs] listener to the ARN of one of an "
        "application load balancer",
        arn, spec_.region);
  }

  Status LoadBalancer(const std::string& listener, const std::string& arn) {
    const ServiceRequest request{
        "elbv2", "DescribeLoadBalancers", {{"LoadBalancerArns", json::array{arn}}}};
    const aws::ServiceAnswer answer = call_(request);
    if (!answer) {
      if (!IsDenied(answer.error())) return FailAsk(request, answer.error());
      NotChecked("listener", listener, request);
      return {};
    }
    const json::array& balancers = ListOf(*answer, "LoadBalancers");
    const json::object& balancer = balancers.empty() ? json::object() : AsObject(balancers.front());
    const std::string_view type = TextOf(balancer, "Type");
    const std::string_view vpc = TextOf(balancer, "VpcId");
    if (observed_.vpc.empty()) observed_.vpc = vpc;
    std::string remedy;
    if (!type.empty() && type != "application") {
      remedy = fmt::format(
          "listener {} is of a {} load balancer: hearth needs an application load "
          "balancer's",
          listener, type);
    } else if (!vpc.empty() && vpc != observed_.vpc) {
      remedy = fmt::format(
          "listener {} is of a load balancer in {}, the subnets are in {}: take "
          "one of that VPC",
          listener, vpc, observed_.vpc);
    }
    Say("listener", listener, std::move(remedy));
    return {};
  }

  Status Roles() {
    if (Status done = Role("execution role", "execution_role", spec_.execution_role); !done) {
      return done;
    }
    return Role("task role", "task_role", spec_.task_role);
  }

  Status Role(const std::string& what, std::string_view key, const std::string& given) {
    if (given.empty()) return {};
    const std::string name = given.substr(given.rfind('/') + 1);  // of an ARN, too
    const ServiceRequest request{"iam", "GetRole", {{"RoleName", name}}};
    const aws::ServiceAnswer answer = call_(request);
    if (!answer) {
      const aws::ServiceFailure& failure = answer.error();
      if (IsDenied(failure)) {
        NotChecked(what, given, request);
      } else if (failure.said.code.starts_with("NoSuchEntity")) {
        Say(what, given,
            fmt::format("there is no role \"{}\": make it, or set [ecs] {} to an existing one",
                        name, key));
      } else {
        return FailAsk(request, failure);
      }
      return {};
    }
    const json::object& role = ObjectOf(*answer, "Role");
    std::string remedy;
    if (!TrustsTasks(TextOf(role, "AssumeRolePolicyDocument"))) {
      remedy = fmt::format(
          "{} \"{}\" does not trust {}: allow that service sts:AssumeRole in the "
          "role's trust policy",
          what, name, kTasksService);
    }
    Say(what, given, std::move(remedy));
    return {};
  }

  const aws::CallService& call_;
  const EcsSpec& spec_;
  Observed& observed_;
};

}  // namespace

Status ObserveInputs(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  return InputChecks(call, spec, observed).Run();
}

}  // namespace hearth::ecs
