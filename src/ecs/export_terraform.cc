#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

#include "ecs/export.h"
#include "ecs/hcl_print.h"
#include "ecs/template_names.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using As = HclValue::As;

struct Type {
  Kind kind;
  std::string_view type, words;
  std::vector<std::string_view> after;  // what must be there first, and no expression says so
};

const std::vector<Type>& Types() {
  // A target group belongs to a load balancer from its first rule on; before that ECS refuses it.
  static const std::vector<Type> types = {
      {Kind::kLogGroup, "aws_cloudwatch_log_group", "log group", {}},
      {Kind::kTaskDefinition, "aws_ecs_task_definition", "task definition", {}},
      {Kind::kTargetGroup, "aws_lb_target_group", "target group", {}},
      {Kind::kListenerRule, "aws_lb_listener_rule", "listener rule", {}},
      {Kind::kService,
       "aws_ecs_service",
       "service",
       {"aws_cloudwatch_log_group", "aws_lb_listener_rule"}},
      {Kind::kScalableTarget, "aws_appautoscaling_target", "scalable target", {"aws_ecs_service"}},
      {Kind::kScalingPolicy,
       "aws_appautoscaling_policy",
       "scaling policy",
       {"aws_appautoscaling_target"}},
      {Kind::kScheduledAction,
       "aws_appautoscaling_scheduled_action",
       "scheduled action",
       {"aws_appautoscaling_target"}},
  };
  return types;
}

// The kinds that are calls of their own in the API and attributes here.
Kind HomeOf(Kind kind) {
  if (kind == Kind::kLogRetention) return Kind::kLogGroup;
  if (kind == Kind::kTargetGroupAttributes) return Kind::kTargetGroup;
  return kind;
}

const Type& TypeOf(Kind kind) {
  for (const Type& type : Types()) {
    if (type.kind == HomeOf(kind)) return type;
  }
  return Types().front();
}

struct Document {
  std::vector<HclBlock> data, resources;
  std::string subnet;  // the VPC is its
};

// The block of `type` in `parent`; `index`: of several, made as far as that one.
HclBlock* Inner(HclBlock* parent, std::string_view type, size_t index) {
  size_t seen = 0;
  for (HclBlock& block : parent->blocks) {
    if (block.type == type && seen++ == index) return &block;
  }
  for (; seen <= index; ++seen) parent->blocks.push_back({.type = std::string(type)});
  return &parent->blocks.back();
}

// Sets the attribute at the end of `path`; each "[]" on the way takes the next of `indices`.
void Set(HclBlock* block, std::string_view path, std::span<const size_t> indices, HclValue value) {
  for (size_t dot; (dot = path.find('.')) != path.npos; path.remove_prefix(dot + 1)) {
    std::string_view step = path.substr(0, dot);
    size_t index = 0;
    if (step.ends_with("[]")) {
      step.remove_suffix(2);
      index = indices.front();
      indices = indices.subspan(1);
    }
    block = Inner(block, step, index);
  }
  block->attributes.emplace_back(std::string(path), std::move(value));
}

HclValue Expression(std::string text) { return {json::string(text), As::kExpression}; }

json::value Number(const json::value& value) {
  int64_t number = 0;
  if (!value.is_string()) return value;
  const json::string& text = value.as_string();
  const auto [end, failed] = std::from_chars(text.begin(), text.end(), number);
  return failed == std::errc() && end == text.end() ? json::value(number) : value;
}

// A role that the file names without its ARN is looked up.
HclValue Role(const json::value& value, std::string_view attribute, Document* document) {
  if (!value.is_string() || value.as_string().starts_with("arn:")) return {value};
  std::string_view name = value.as_string();
  name.remove_prefix(name.rfind('/') == name.npos ? 0 : name.rfind('/') + 1);  // a path
  const std::string label = attribute == "task_role_arn" ? "task" : "execution";
  document->data.push_back({.type = "data",
                            .labels = {"aws_iam_role", label},
                            .attributes = {{"name", {json::string(name)}}}});
  return Expression(fmt::format("data.aws_iam_role.{}.arn", label));
}

class Writer {
 public:
  Writer(Kind kind, HclBlock* block, Document* document)
      : kind_(kind), block_(block), document_(document) {}

  Status Members(const std::string& api, const json::object& object) {
    for (const auto& [name, value] : object) {
      const Status done =
          Value(api.empty() ? std::string(name) : api + "." + std::string(name), value);
      if (!done) return done;
    }
    return {};
  }

 private:
  Status Value(const std::string& api, const json::value& value) {
    const TemplateName* row = FindName(TerraformNames(), kind_, api);
    if (row != nullptr && row->form != Form::kDefault) return Leaf(*row, value);
    if (row != nullptr && json::parse(row->to) == value) return {};
    if (value.is_object() && (row == nullptr || !value.as_object().empty())) {
      return Members(api, value.as_object());
    }
    if (value.is_array() && row == nullptr) return Items(api, value.as_array());
    const Type& type = TypeOf(kind_);
    return Fail(Code::kUnprocessable,
                "cannot export the {}'s {} = {} to Terraform: {}; leave it out of the file, or "
                "export cloudformation",
                type.words, api, json::serialize(value),
                row != nullptr ? row->why
                               : fmt::format("the provider's {} has no such argument", type.type));
  }

  Status Items(const std::string& api, const json::array& items) {
    for (size_t i = 0; i < items.size(); ++i) {
      indices_.push_back(i);
      const Status done = Value(api + "[]", items[i]);
      indices_.pop_back();
      if (!done) return done;
    }
    return {};
  }

  Status Leaf(const TemplateName& row, const json::value& value) {
    switch (row.form) {
      case Form::kLeftOut:
        return {};
      case Form::kSame:
        if (IsReference(kind_, row.api, value)) return Reference(row, value.as_string());
        return Put(row, {value});
      case Form::kNumber:
        return Put(row, {Number(value)});
      case Form::kBoolean:
        return Put(row, {value == "true"});
      case Form::kSwitch:
        return Put(row, {value == "ENABLED"});
      case Form::kRole:
        return Put(row, Role(value, row.to, document_));
      case Form::kJson:
        return Put(row, {value, As::kJsonEncode});
      case Form::kMap:
      case Form::kDefault:
        return Put(row, {value});
      case Form::kTags: {
        json::object tags;
        for (const auto& [key, tag] : TagsOf(value)) tags[key] = tag;
        return Put(row, {std::move(tags)});
      }
    }
    return {};
  }

  Status Put(const TemplateName& row, HclValue value) {
    Set(block_, row.to, indices_, std::move(value));
    return {};
  }

  Status Reference(const TemplateName& row, std::string_view text) {
    if (text == kPriorityRef) return {};  // without one the provider takes the next free one
    if (text == kTaskDefinitionRef) return Put(row, Expression("aws_ecs_task_definition.pool.arn"));
    if (text == kTargetGroupRef) return Put(row, Expression("aws_lb_target_group.pool.arn"));
    document_->data.push_back({.type = "data",
                               .labels = {"aws_subnet", "pool"},
                               .attributes = {{"id", {json::string(document_->subnet)}}}});
    return Put(row, Expression("data.aws_subnet.pool.vpc_id"));
  }

  Kind kind_;
  HclBlock* block_;
  Document* document_;
  std::vector<size_t> indices_;
};

// Where the provider's own default is not the API's, the API's is written down.
void FillDefaults(json::object* input, Kind kind) {
  if (kind != Kind::kTargetGroup) return;
  input->emplace("HealthyThresholdCount", 5);  // the provider's: 3
  input->emplace("UnhealthyThresholdCount", 2);
}

bool Has(const Document& document, std::string_view type) {
  for (const HclBlock& block : document.resources) {
    if (block.labels[0] == type) return true;
  }
  return false;
}

std::string Label(const Resource& resource, const Document& document) {
  if (resource.kind != Kind::kScalingPolicy && resource.kind != Kind::kScheduledAction) {
    return "pool";
  }
  std::string label = LocalName(resource.name, "_");
  for (char& c : label) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (label.empty() || (label[0] >= '0' && label[0] <= '9')) label = "_" + label;
  const auto taken = [&](const std::string& name) {
    for (const HclBlock& block : document.resources) {
      if (block.labels[0] == TypeOf(resource.kind).type && block.labels[1] == name) return true;
    }
    return false;
  };
  const std::string first = label;
  for (int n = 2; taken(label); ++n) label = fmt::format("{}_{}", first, n);
  return label;
}

HclBlock* BlockFor(const Resource& resource, Document* document) {
  const Type& type = TypeOf(resource.kind);
  if (type.kind != resource.kind) {
    for (HclBlock& block : document->resources) {
      if (block.labels[0] == type.type) return &block;
    }
  }
  document->resources.push_back(
      {.type = "resource", .labels = {std::string(type.type), Label(resource, *document)}});
  return &document->resources.back();
}

HclBlock Ignore(std::string attributes, std::string comment) {
  return {.type = "lifecycle",
          .attributes = {{"ignore_changes", Expression("[" + attributes + "]")}},
          .comment = std::move(comment)};
}

// What holds between resources, once all are there.
void Connect(const Desired& desired, Document* document) {
  std::string moved;  // by the schedule
  for (const Resource& resource : desired.resources) {
    if (resource.kind != Kind::kScheduledAction) continue;
    const json::value* action = resource.input.if_contains("ScalableTargetAction");
    if (action == nullptr || !action->is_object()) continue;
    for (const auto& [api, attribute] :
         {std::pair("MinCapacity", "min_capacity"), std::pair("MaxCapacity", "max_capacity")}) {
      if (!action->as_object().contains(api) || moved.find(attribute) != moved.npos) continue;
      moved += (moved.empty() ? "" : ", ") + std::string(attribute);
    }
  }
  for (HclBlock& block : document->resources) {
    for (const Type& type : Types()) {
      if (block.labels[0] != type.type) continue;
      std::string after;
      for (const std::string_view other : type.after) {
        if (!Has(*document, other)) continue;
        after += fmt::format("{}{}.pool", after.empty() ? "" : ", ", other);
      }
      if (!after.empty())
        block.attributes.emplace_back("depends_on", Expression("[" + after + "]"));
      if (type.kind == Kind::kService) {
        block.blocks.push_back(Ignore("desired_count", "Auto scaling moves it."));
      }
      if (type.kind == Kind::kScalableTarget && !moved.empty()) {
        block.blocks.push_back(Ignore(moved, "The scheduled actions move it."));
      }
    }
  }
}

std::vector<HclBlock> Head(const EcsSpec& spec) {
  HclBlock providers = {.type = "required_providers"};
  providers.attributes.emplace_back(
      "aws", HclValue{json::object{{"source", "hashicorp/aws"}, {"version", ">= 5.100"}}});
  HclBlock provider = {.type = "provider", .labels = {"aws"}};
  provider.attributes.emplace_back("region", HclValue{json::string(spec.region)});
  return {{.type = "terraform",
           .blocks = {std::move(providers)},
           .comment = "A warm pool, as hearth ecs apply makes it."},
          std::move(provider)};
}

}  // namespace

Result<std::string> ExportTerraform(const EcsSpec& spec, const Desired& desired) {
  Document document;
  if (!spec.subnets.empty()) document.subnet = spec.subnets.front();
  for (const Resource& resource : desired.resources) {
    json::object input = Canonical(resource);
    FillDefaults(&input, resource.kind);
    Writer writer(resource.kind, BlockFor(resource, &document), &document);
    if (const Status done = writer.Members("", input); !done) return tl::unexpected(done.error());
  }
  Connect(desired, &document);
  std::vector<HclBlock> blocks = Head(spec);
  for (std::vector<HclBlock>* more : {&document.data, &document.resources}) {
    for (HclBlock& block : *more) blocks.push_back(std::move(block));
  }
  return PrintHcl(blocks);
}

}  // namespace hearth::ecs
