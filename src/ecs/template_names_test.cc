// Walks the tables: each row makes what it says.
#include "ecs/template_names.h"

#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "ecs/export.h"
#include "ecs/export_test_support.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

// An input with `value` at the path `api` and nothing else.
json::object InputWith(std::string_view api, json::value value) {
  std::vector<std::string> steps;
  for (std::string_view rest = api; !rest.empty();) {
    const size_t dot = rest.starts_with("Attributes[") ? rest.npos : rest.find('.');
    steps.emplace_back(rest.substr(0, dot));
    rest = dot == rest.npos ? "" : rest.substr(dot + 1);
  }
  for (size_t i = steps.size(); i-- > 0;) {
    std::string_view name = steps[i];
    if (name.starts_with("Attributes[")) {
      name = name.substr(11, name.size() - 12);
      return {{"Attributes", json::array{json::object{{"Key", name}, {"Value", value}}}}};
    }
    const bool list = name.ends_with("[]");
    if (list) name.remove_suffix(2);
    json::object made;
    made[name] = list ? json::value(json::array{value}) : value;
    value = std::move(made);
  }
  return value.as_object();
}

json::value Example(Form form) {
  switch (form) {
    case Form::kNumber:
      return "4711";
    case Form::kBoolean:
      return "true";
    case Form::kSwitch:
      return "ENABLED";
    case Form::kRole:
      return "arn:aws:iam::123456789012:role/r4711";
    case Form::kMap:
    case Form::kTags:
      return json::object{{"k4711", "v"}};
    case Form::kJson:
      return json::array{json::object{{"k4711", "v"}}};
    default:
      return "v4711";
  }
}

Desired WithHome(Kind kind, json::object input) {
  Desired desired;
  if (kind == Kind::kLogRetention) desired.resources.push_back({Kind::kLogGroup, "x", {}});
  if (kind == Kind::kTargetGroupAttributes) {
    desired.resources.push_back({Kind::kTargetGroup, "x", {}});
  }
  if (kind == Kind::kScheduledAction) desired.resources.push_back({Kind::kScalableTarget, "x", {}});
  desired.resources.push_back({kind, "x", std::move(input)});
  return desired;
}

std::string LastStep(std::string_view path) {
  const size_t dot = path.rfind('.');
  return std::string(dot == path.npos ? path : path.substr(dot + 1));
}

TEST(TemplateNames, EachRowOnce) {
  for (const auto& names : {CloudFormationNames(), TerraformNames()}) {
    std::set<std::pair<Kind, std::string_view>> seen;
    for (const TemplateName& name : names) {
      EXPECT_TRUE(seen.emplace(name.kind, name.api).second) << name.api;
      EXPECT_EQ(name.form == Form::kLeftOut, name.to.empty()) << name.api;
      if (name.form == Form::kLeftOut || name.form == Form::kDefault) {
        EXPECT_NE(name.why, "") << name.api;
      }
    }
  }
}

TEST(TemplateNames, EveryRowOfTerraformIsWritten) {
  for (const TemplateName& name : TerraformNames()) {
    SCOPED_TRACE(name.api);
    const json::value value =
        name.form == Form::kDefault ? json::parse(name.to) : Example(name.form);
    const auto made =
        ExportTerraform(testing::SampleSpec(), WithHome(name.kind, InputWith(name.api, value)));
    ASSERT_TRUE(made) << made.error().message;
    if (name.form == Form::kLeftOut || name.form == Form::kDefault) {
      EXPECT_THAT(*made, Not(HasSubstr("4711")));
      continue;
    }
    EXPECT_THAT(*made, ::testing::ContainsRegex("\n +" + LastStep(name.to) + " += "));
    EXPECT_THAT(
        *made,
        HasSubstr(name.form == Form::kBoolean || name.form == Form::kSwitch ? " = true" : "4711"));
    for (std::string_view path = name.to; path.find('.') != path.npos;) {
      std::string_view step = path.substr(0, path.find('.'));
      path.remove_prefix(step.size() + 1);
      if (step.ends_with("[]")) step.remove_suffix(2);
      EXPECT_THAT(*made, HasSubstr("  " + std::string(step) + " {\n"));
    }
  }
}

TEST(TemplateNames, EveryRowOfCloudFormationIsWritten) {
  for (const TemplateName& name : CloudFormationNames()) {
    SCOPED_TRACE(name.api);
    const auto made = ExportCloudFormation(
        testing::SampleSpec(), WithHome(name.kind, InputWith(name.api, Example(name.form))));
    ASSERT_TRUE(made) << made.error().message;
    if (name.form == Form::kLeftOut) {
      EXPECT_THAT(*made, Not(HasSubstr("4711")));
    } else {
      EXPECT_THAT(*made, HasSubstr("\"" + std::string(name.to) + "\": "));
      EXPECT_THAT(*made, HasSubstr("4711"));
    }
  }
}

TEST(TemplateNames, TheRuleForTheRest) {
  EXPECT_EQ(CloudFormationName(Kind::kService, "deploymentConfiguration.maximumPercent"),
            "MaximumPercent");
  EXPECT_EQ(CloudFormationName(Kind::kScalableTarget, "RoleARN"), "RoleARN");
  EXPECT_EQ(CloudFormationName(Kind::kTaskDefinition, "volumes[].efsVolumeConfiguration"),
            "EFSVolumeConfiguration");
}

TEST(TemplateNames, ReferencesOnlyWhereTheyMayStand) {
  EXPECT_TRUE(IsReference(Kind::kService, "taskDefinition", "${task_definition}"));
  EXPECT_FALSE(IsReference(Kind::kService, "taskDefinition", "pool:3"));
  EXPECT_FALSE(IsReference(Kind::kTaskDefinition, "containerDefinitions[].environment[].value",
                           "${task_definition}"));
  EXPECT_FALSE(IsReference(Kind::kListenerRule, "Priority", 10));
}

TEST(TemplateNames, LocalNames) {
  EXPECT_EQ(LocalName("embedding-warm pool/cpu 60", ""), "EmbeddingWarmPoolCpu60");
  EXPECT_EQ(LocalName("embedding-warm pool/cpu 60", "_"), "embedding_warm_pool_cpu_60");
  EXPECT_EQ(LocalName("日本", "_"), "");
}

}  // namespace
}  // namespace hearth::ecs
