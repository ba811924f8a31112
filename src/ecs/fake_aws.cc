#include "ecs/fake_aws.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/document.h"
#include "ecs/describe_shape.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::AsObject;
using aws::ListOf;
using aws::TextOf;
using Object = json::object;
using Array = json::array;

Array Reversed(const Array& list) {
  return Array(std::make_reverse_iterator(list.end()), std::make_reverse_iterator(list.begin()));
}

void SetDefault(Object* object, std::string_view name, json::value value) {
  if (!object->contains(name)) object->emplace(name, std::move(value));
}

Object ContainerAsTold(Object container) {
  SetDefault(&container, "cpu", 0);
  SetDefault(&container, "essential", true);
  for (const char* list :
       {"environment", "mountPoints", "volumesFrom", "systemControls", "portMappings"}) {
    SetDefault(&container, list, Array());
  }
  container["environment"] = Reversed(container.at("environment").as_array());
  for (json::value& item : container.at("portMappings").as_array()) {
    Object& port = item.as_object();
    SetDefault(&port, "hostPort", port.at("containerPort"));
    SetDefault(&port, "protocol", "tcp");
  }
  if (container.contains("healthCheck")) {
    Object& check = container.at("healthCheck").as_object();
    SetDefault(&check, "interval", 30);
    SetDefault(&check, "timeout", 5);
    SetDefault(&check, "retries", 3);
  }
  return container;
}

}  // namespace

aws::ServiceFailure FakeAws::Failure(std::string code, std::string message) {
  aws::ServiceFailure failure;
  failure.error = {Code::kUnprocessable,
                   fmt::format("cannot call: AWS answers 400 {}: {}", code, message)};
  failure.said.code = std::move(code);
  failure.said.message = std::move(message);
  failure.http_status = 400;
  return failure;
}

aws::ServiceAnswer FakeAws::Call(const aws::ServiceRequest& request) {
  const bool reads = request.action.starts_with("Describe") || request.action.starts_with("List") ||
                     request.action.starts_with("Get");
  if (before) {
    if (auto failure = before(request)) return tl::unexpected<aws::ServiceFailure>(*failure);
  }
  if (!reads) writes.push_back(request);
  for (auto part :
       {&FakeAws::Inputs, &FakeAws::Logs, &FakeAws::Tasks, &FakeAws::Services, &FakeAws::Balancer,
        &FakeAws::BalancerTags, &FakeAws::Rules, &FakeAws::Scaling}) {
    std::optional<Answer> answer = (this->*part)(request);
    if (!answer) continue;
    if (*answer && after && !reads) {
      if (auto failure = after(request)) return tl::unexpected<aws::ServiceFailure>(*failure);
    }
    return *answer;
  }
  return tl::unexpected<aws::ServiceFailure>(
      Failure("UnknownOperationException", request.service + " " + request.action));
}

Array FakeAws::TagList(const std::string& arn, const char* key, const char* value) {
  Array list;
  for (const auto& [name, text] : tags[arn]) list.push_back(Object{{key, name}, {value, text}});
  return Reversed(list);
}

void FakeAws::Tag(const std::string& arn, const Object& input) {
  for (const auto& [name, value] : TagsOf(input).value_or(std::map<std::string, std::string>())) {
    tags[arn][name] = value;
  }
}

std::optional<aws::ServiceAnswer> FakeAws::Inputs(const aws::ServiceRequest& request) {
  if (request.action == "DescribeClusters") {
    if (cluster_status.empty()) return Object{{"clusters", Array()}};
    return Object{{"clusters", Array{Object{{"status", cluster_status}}}}};
  }
  if (request.action == "DescribeSubnets" || request.action == "DescribeSecurityGroups") {
    const bool subnets = request.action == "DescribeSubnets";
    Array list;
    for (const json::value& id :
         ListOf(AsObject(ListOf(request.input, "Filters").at(0)), "Values")) {
      if (aws::AsText(id).ends_with("-missing")) continue;
      list.push_back(Object{{subnets ? "SubnetId" : "GroupId", id},
                            {"VpcId", subnets ? subnet_vpc : group_vpc}});
    }
    return Object{{subnets ? "Subnets" : "SecurityGroups", list}};
  }
  if (request.action == "DescribeListeners") {
    if (!listener_exists) return tl::unexpected<aws::ServiceFailure>(Failure("ListenerNotFound"));
    return Object{{"Listeners", Array{Object{{"LoadBalancerArn", "lb"}}}}};
  }
  if (request.action == "DescribeLoadBalancers") {
    return Object{{"LoadBalancers", Array{Object{{"Type", "application"}, {"VpcId", "vpc-1"}}}}};
  }
  if (request.action == "GetRole") {
    if (TextOf(request.input, "RoleName").ends_with("-missing"))
      return tl::unexpected<aws::ServiceFailure>(Failure("NoSuchEntity"));
    const std::string policy = fmt::format(
        R"(%7B"Statement"%3A[{{"Effect":"Allow","Principal":{{"Service":["{}"]}},"Action":"sts%3AAssumeRole"}}]}})",
        role_trusts);
    return Object{{"Role", Object{{"AssumeRolePolicyDocument", policy}}}};
  }
  return std::nullopt;
}

std::optional<aws::ServiceAnswer> FakeAws::Logs(const aws::ServiceRequest& request) {
  if (request.service != "logs") return std::nullopt;
  const std::string name(TextOf(request.input, "logGroupName"));
  const std::string arn = "arn:aws:logs:eu-west-1:1:log-group:" + name;
  if (request.action == "CreateLogGroup") {
    if (log_groups.contains(name))
      return tl::unexpected<aws::ServiceFailure>(Failure("ResourceAlreadyExistsException"));
    log_groups[name] = {{"logGroupName", name}, {"arn", arn + ":*"}, {"storedBytes", 0}};
    Tag(arn, request.input);
    return Object{};
  }
  if (request.action == "PutRetentionPolicy") {
    log_groups.at(name)["retentionInDays"] = request.input.at("retentionInDays");
    return Object{};
  }
  if (request.action == "DeleteLogGroup") {
    if (log_groups.erase(name) == 0)
      return tl::unexpected<aws::ServiceFailure>(Failure("ResourceNotFoundException"));
    tags.erase(arn);
    return Object{};
  }
  const std::string of(TextOf(request.input, "resourceArn"));
  if (request.action == "TagResource") {
    Tag(of, request.input);
    return Object{};
  }
  if (request.action == "ListTagsForResource") {
    Object map;
    for (const auto& [key, value] : tags[of]) map[key] = value;
    return Object{{"tags", map}};
  }
  Array list;
  for (const auto& [key, group] : log_groups) {
    if (key.starts_with(TextOf(request.input, "logGroupNamePrefix"))) list.push_back(group);
  }
  return Object{{"logGroups", list}};
}

aws::ServiceAnswer FakeAws::Register(const Object& input) {
  Object revision = input;
  revision.erase("tags");
  const std::string arn = fmt::format("arn:aws:ecs:eu-west-1:1:task-definition/{}:{}",
                                      TextOf(input, "family"), revisions.size() + 1);
  revision["taskDefinitionArn"] = arn;
  revision["status"] = "ACTIVE";
  revision["revision"] = revisions.size() + 1;
  revision["requiresAttributes"] = Array{Object{{"name", "com.amazonaws.ecs.capability.task-eni"}}};
  revision["compatibilities"] = Array{"EC2", "FARGATE"};
  revision["registeredBy"] = "arn:aws:iam::1:user/x";
  SetDefault(&revision, "volumes", Array());
  SetDefault(&revision, "placementConstraints", Array());
  for (json::value& container : revision.at("containerDefinitions").as_array()) {
    container = ContainerAsTold(container.as_object());
  }
  revisions.push_back(revision);
  Tag(arn, input);
  return Object{{"taskDefinition", revision}};
}

aws::ServiceAnswer FakeAws::Revision(std::string_view name) {
  for (auto revision = revisions.rbegin(); revision != revisions.rend(); ++revision) {
    const std::string arn(TextOf(*revision, "taskDefinitionArn"));
    const bool newest =
        name == TextOf(*revision, "family") && TextOf(*revision, "status") == "ACTIVE";
    if (newest || arn == name)
      return Object{{"taskDefinition", *revision}, {"tags", TagList(arn, "key", "value")}};
  }
  return tl::unexpected<aws::ServiceFailure>(
      Failure("ClientException", "Unable to describe task definition."));
}

std::optional<aws::ServiceAnswer> FakeAws::Tasks(const aws::ServiceRequest& request) {
  if (request.service != "ecs") return std::nullopt;
  if (request.action == "RegisterTaskDefinition") return Register(request.input);
  if (request.action == "DescribeTaskDefinition")
    return Revision(TextOf(request.input, "taskDefinition"));
  if (request.action == "ListTaskDefinitions") {
    Array arns;
    for (const Object& revision : revisions) {
      if (TextOf(revision, "status") == "ACTIVE") arns.push_back(revision.at("taskDefinitionArn"));
    }
    return Object{{"taskDefinitionArns", Reversed(arns)}};
  }
  if (request.action == "DeregisterTaskDefinition") {
    for (Object& revision : revisions) {
      if (TextOf(revision, "taskDefinitionArn") == TextOf(request.input, "taskDefinition"))
        revision["status"] = "INACTIVE";
    }
    return Object{};
  }
  if (request.action == "TagResource") {
    Tag(std::string(TextOf(request.input, "resourceArn")), request.input);
    return Object{};
  }
  return std::nullopt;
}

aws::ServiceAnswer FakeAws::CreateService(const Object& input) {
  const std::string name(TextOf(input, "serviceName"));
  if (services.contains(name)) {
    Object& there = services.at(name);
    if (there.at("fake_token") == input.at("clientToken")) return Object{{"service", there}};
    return tl::unexpected<aws::ServiceFailure>(
        Failure("InvalidParameterException", "Creation of service was not idempotent."));
  }
  Object service = input;
  service.erase("tags");
  service["fake_token"] = input.at("clientToken");
  const std::string arn = fmt::format("arn:aws:ecs:eu-west-1:1:service/c/{}", name);
  service["serviceArn"] = arn;
  service["status"] = "ACTIVE";
  service["deployments"] = Array{Object{{"status", "PRIMARY"}}};
  service["deploymentController"] = Object{{"type", "ECS"}};
  service["schedulingStrategy"] = "REPLICA";
  service["platformFamily"] = "Linux";
  service["enableECSManagedTags"] = false;
  Object& deployment = service.at("deploymentConfiguration").as_object();
  deployment["strategy"] = "ROLLING";
  deployment["bakeTimeInMinutes"] = 0;
  deployment["deploymentCircuitBreaker"].as_object()["resetOnHealthyTask"] = true;
  deployment["newlyInvented"] = Object{{"enable", false}};
  Object& network =
      service.at("networkConfiguration").as_object().at("awsvpcConfiguration").as_object();
  network["subnets"] = Reversed(network.at("subnets").as_array());
  services[name] = service;
  Tag(arn, input);
  return Object{{"service", service}};
}

std::optional<aws::ServiceAnswer> FakeAws::Services(const aws::ServiceRequest& request) {
  if (request.action == "CreateService") return CreateService(request.input);
  if (request.action == "DescribeServices") {
    const std::string name(aws::AsText(ListOf(request.input, "services").at(0)));
    const auto found = services.find(name);
    if (found == services.end())
      return Object{{"services", Array()}, {"failures", Array{Object{{"reason", "MISSING"}}}}};
    Object service = found->second;
    service["tags"] = TagList(std::string(TextOf(service, "serviceArn")), "key", "value");
    if (TextOf(service, "status") == "DRAINING" && --drains_for <= 0) {
      services.erase(found);
      service["status"] = "INACTIVE";
    }
    return Object{{"services", Array{service}}};
  }
  const auto found = services.find(std::string(TextOf(request.input, "service")));
  if (request.action == "UpdateService") {
    if (found == services.end())
      return tl::unexpected<aws::ServiceFailure>(Failure("ServiceNotFoundException"));
    for (const auto& [name, value] : request.input) {
      if (name != "cluster" && name != "service") found->second[name] = value;
    }
    return Object{{"service", found->second}};
  }
  if (request.action == "DeleteService") {
    if (found == services.end())
      return tl::unexpected<aws::ServiceFailure>(Failure("ServiceNotFoundException"));
    found->second["status"] = "DRAINING";
    return Object{};
  }
  return std::nullopt;
}

}  // namespace hearth::ecs
