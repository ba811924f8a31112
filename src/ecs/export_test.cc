#include "ecs/export.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "ecs/export_test_support.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Object;
using testing::SampleDesired;
using testing::SampleSpec;

json::object CloudFormation(const Desired& desired) {
  const auto text = ExportCloudFormation(SampleSpec(), desired);
  EXPECT_TRUE(text) << text.error().message;
  return text ? json::parse(*text).as_object() : json::object();
}

std::string Terraform(const Desired& desired) {
  const auto text = ExportTerraform(SampleSpec(), desired);
  EXPECT_TRUE(text) << text.error().message;
  return text.value_or("");
}

const json::value& At(const json::value& in, std::string_view pointer) {
  boost::system::error_code missing;
  const json::value* found = in.find_pointer(pointer, missing);
  static const json::value kNone;
  EXPECT_NE(found, nullptr) << pointer << " is not in " << json::serialize(in);
  return found == nullptr ? kNone : *found;
}

TEST(ExportCloudFormation, IsOneStackWithItsReferences) {
  const json::value stack = CloudFormation(SampleDesired());
  const json::value& made = At(stack, "/Resources");
  std::vector<std::string> ids;
  for (const auto& [id, resource] : made.as_object()) ids.emplace_back(id);
  EXPECT_THAT(ids, ::testing::ElementsAre("LogGroup", "TaskDefinition", "TargetGroup",
                                          "ListenerRule", "Service", "ScalableTarget",
                                          "ScalingPolicyPoolCpu", "ScalingPolicyPoolSpare"));
  EXPECT_EQ(At(made, "/Service/Properties/TaskDefinition"),
            json::value(json::object{{"Ref", "TaskDefinition"}}));
  EXPECT_EQ(At(made, "/Service/Properties/LoadBalancers/0/TargetGroupArn"),
            json::value(json::object{{"Ref", "TargetGroup"}}));
  EXPECT_EQ(At(made, "/Service/DependsOn"), json::value(json::array{"LogGroup", "ListenerRule"}));
  EXPECT_EQ(At(made, "/TargetGroup/Properties/VpcId"), json::value(json::object{{"Ref", "VpcId"}}));
  EXPECT_EQ(At(stack, "/Parameters/VpcId/Type"), "AWS::EC2::VPC::Id");
  EXPECT_EQ(At(stack, "/Parameters/ListenerRulePriority/Type"), "Number");
  EXPECT_EQ(At(made, "/LogGroup/Properties/RetentionInDays"), 30);
  EXPECT_EQ(At(made, "/TargetGroup/Properties/TargetGroupAttributes/0/Value"), "30");
  EXPECT_EQ(At(made, "/ScalableTarget/Properties/ScheduledActions").as_array().size(), 2U);
  EXPECT_EQ(At(made, "/TaskDefinition/Properties/ContainerDefinitions/0/LogConfiguration/Options"),
            json::value(Object(R"({"awslogs-group": "/ecs/pool", "awslogs-region": "eu-west-1",
                                   "awslogs-stream-prefix": "ecs"})")));
  EXPECT_EQ(At(made, "/TaskDefinition/Properties/ExecutionRoleArn/Fn::Sub"),
            "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/execution");
}

TEST(ExportCloudFormation, LiteralsNeedNoParameters) {
  Desired desired = SampleDesired();
  for (Resource& resource : desired.resources) {
    if (resource.kind == Kind::kTargetGroup) resource.input["VpcId"] = "vpc-0a1b2c3d";
    if (resource.kind == Kind::kListenerRule) resource.input["Priority"] = 7;
  }
  const json::object stack = CloudFormation(desired);
  EXPECT_FALSE(stack.contains("Parameters"));
  EXPECT_EQ(At(stack, "/Resources/ListenerRule/Properties/Priority"), 7);
}

// What CloudFormation would read as its own cannot be escaped.
TEST(ExportCloudFormation, RefusesWhatItWouldCall) {
  const auto with_container = [](std::string_view container) {
    Desired desired;
    desired.resources.push_back({Kind::kTaskDefinition, "pool", {}});
    desired.resources[0].input["containerDefinitions"] = json::array{Object(container)};
    return desired;
  };
  const auto function =
      ExportCloudFormation(SampleSpec(), with_container(R"({"dockerLabels": {"Fn::Sub": "x"}})"));
  ASSERT_FALSE(function);
  EXPECT_EQ(function.error().code, Code::kUnprocessable);
  EXPECT_THAT(function.error().message, HasSubstr("containerDefinitions[].dockerLabels"));
  EXPECT_TRUE(ExportCloudFormation(
      SampleSpec(), with_container(R"({"dockerLabels": {"Fn::Sub": "x", "a": "b"}})")));
  for (const char* const container :
       {R"({"environment": [{"name": "A", "value": "{{resolve:ssm:x}}"}]})",
        R"({"dockerLabels": {"a": "x{{resolve:ssm:x}}", "b": ""}})",
        R"({"command": ["{{resolve:ssm:x}}"]})"}) {
    const auto resolved = ExportCloudFormation(SampleSpec(), with_container(container));
    ASSERT_FALSE(resolved) << container;
    EXPECT_THAT(resolved.error().message, HasSubstr("{{resolve:ssm:x}}"));
  }
}

rc::Gen<std::string> Text() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
          "${", "%{", "\"", "\\", "\n", "é", "🔥", "Ref", "a", "\x01", "${vpc}", "${priority}",
          "</script>", "\x7f", "\u0085", "\uFEFF"})),
      [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts) text += part;
        return text;
      });
}

TEST(ExportCloudFormation, KeepsEveryTextOfTheUser) {
  EXPECT_TRUE(rc::check([] {
    const std::string value = *Text();
    Desired desired;
    desired.resources.push_back({Kind::kTaskDefinition, "pool", {}});
    json::object& input = desired.resources[0].input;
    input["containerDefinitions"] = json::array{
        json::object{{"environment", json::array{json::object{{"name", "A"}, {"value", value}}}}}};
    input["tags"] = json::array{json::object{{"key", value + "k"}, {"value", value}}};
    const json::value stack = CloudFormation(desired);
    const std::string at = "/Resources/TaskDefinition/Properties";
    RC_ASSERT(At(stack, at + "/ContainerDefinitions/0/Environment/0/Value").as_string() == value);
    RC_ASSERT(At(stack, at + "/Tags/0/Key").as_string() == value + "k");
    RC_ASSERT(At(stack, at + "/Tags/0/Value").as_string() == value);
  }));
}

// The columns of equals signs left out: hcl_print_test.cc looks at these.
std::string OneSpaced(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}

TEST(ExportCloudFormation, HasNothingThatYamlForbids) {
  Desired desired;
  desired.resources.push_back({Kind::kTaskDefinition, "pool", Object(R"({"family": "a"})")});
  desired.resources[0].input["family"] = "\x01\x7f\u009f\uFEFFé";
  const auto text = ExportCloudFormation(SampleSpec(), desired);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("\"\\u0001\\u007f\\u009f\\ufeffé\""));
}

TEST(ExportTerraform, IsOneModuleWithItsReferences) {
  const std::string text = OneSpaced(Terraform(SampleDesired()));
  for (const char* const part :
       {"task_definition = aws_ecs_task_definition.pool.arn\n",
        " target_group_arn = aws_lb_target_group.pool.arn\n", "data.aws_subnet.pool.vpc_id\n",
        "data \"aws_subnet\" \"pool\" {\n id = \"subnet-0a1b2c3d\"\n}\n",
        "= data.aws_iam_role.execution.arn\n", "= \"arn:aws:iam::123456789012:role/task\"\n",
        "= [aws_cloudwatch_log_group.pool, aws_lb_listener_rule.pool]\n",
        " ignore_changes = [desired_count]\n", " ignore_changes = [min_capacity]\n",
        "resource \"aws_appautoscaling_policy\" \"pool_spare\" {\n", "retention_in_days = 30\n",
        "deregistration_delay = 30\n", "value = \"say \\\"$${hi}\\\"\\n%%{x}\"\n",
        " unhealthy_threshold = 2\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("priority")));
}

TEST(ExportTerraform, RefusesWhatTheProviderCannotSay) {
  Desired desired = SampleDesired();
  for (Resource& resource : desired.resources) {
    if (resource.kind != Kind::kService) continue;
    resource.input["deploymentConfiguration"].as_object()["strategy"] = "BLUE_GREEN";
  }
  auto made = ExportTerraform(SampleSpec(), desired);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUnprocessable);
  EXPECT_THAT(made.error().message, HasSubstr("deploymentConfiguration.strategy = \"BLUE_GREEN\""));

  desired = SampleDesired();
  desired.resources[2].input["inferenceAccelerators"] =
      json::array{json::object{{"deviceName", "d"}, {"deviceType", "t"}}};
  made = ExportTerraform(SampleSpec(), desired);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("inferenceAccelerators[].deviceName"));
}

TEST(ExportTerraform, LabelsAreNeverTheSame) {
  Desired desired;
  for (const char* const name : {"a b", "a-b", "A_B", "7", "日"}) {
    desired.resources.push_back({Kind::kScalingPolicy, name, Object(R"({"PolicyName": "x"})")});
  }
  const std::string text = Terraform(desired);
  for (const char* const label : {"\"a_b\"", "\"a_b_2\"", "\"a_b_3\"", "\"_7\"", "\"_\""}) {
    EXPECT_THAT(text, HasSubstr(label));
  }
}

}  // namespace
}  // namespace hearth::ecs
