// Names, what must exist before, roles, tags and the free tables.
#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <set>

#include "ecs/merge.h"
#include "ecs/spec_parts.h"

namespace hearth::ecs {
namespace {

constexpr size_t kSubnetsMax = 16;
constexpr size_t kSecurityGroupsMax = 5;
constexpr size_t kTagsMax = 50;  // of one resource
constexpr size_t kTagValueMax = 256;

// What CloudWatch Logs takes as a retention.
constexpr std::array kRetentions = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                    365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

Status CheckLists(const SpecSource& source) {
  struct List {
    const char* key;
    const std::vector<std::string>& values;
    size_t most;
  };
  for (const List& list :
       {List{"subnets", source.Ecs().subnets, kSubnetsMax},
        List{"security_groups", source.Ecs().security_groups, kSecurityGroupsMax}}) {
    if (list.values.empty()) {
      return source.Missing("ecs.{} is needed: the ids of what exists already", list.key);
    }
    if (list.values.size() > list.most) {
      return source.Refuse("ecs.{} has {} ids: AWS takes {} at most", list.key, list.values.size(),
                           list.most);
    }
    std::set<std::string_view> seen;
    for (const std::string& id : list.values) {
      if (!seen.insert(id).second) return source.Refuse("ecs.{} has \"{}\" twice", list.key, id);
    }
  }
  return {};
}

Status CheckRetention(const SpecSource& source) {
  const int days = source.Ecs().log_retention_days;
  if (days == 0 || std::ranges::find(kRetentions, days) != kRetentions.end()) return {};
  const auto nearest =
      std::ranges::min_element(kRetentions, {}, [days](int one) { return std::abs(one - days); });
  return source.Refuse("ecs.log_retention_days = {}: CloudWatch takes only some; the nearest is {}",
                       days, *nearest);
}

// The characters that every service takes in tags; letters of any language are among them.
bool IsTagText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return plain || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view(" _.:/=+-@").find(c) != std::string_view::npos;
  });
}

Status CheckTags(const SpecSource& source) {
  const auto& tags = source.Ecs().tags;
  if (tags.size() >= kTagsMax) {
    return source.Refuse(
        "ecs.tags has {}: AWS takes {} of one resource, and hearth needs one of "
        "them",
        tags.size(), kTagsMax);
  }
  for (const auto& [name, value] : tags) {
    if (!IsTagText(name) || !IsTagText(value) || value.size() > kTagValueMax) {
      return source.Refuse(
          "ecs.tags: {} = \"{}\": AWS takes letters, digits, spaces and _.:/=+-@, "
          "{} of them in a value",
          name, value.substr(0, 60), kTagValueMax);
    }
  }
  return {};
}

// What hearth itself stands on cannot be merged over.
Status ReadTable(const SpecSource& source, const char* table, const config::JsonTable& from,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> own,
                 boost::json::object* to) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(from.text, error);
  if (error || !value.is_object()) return source.Refuse("{} is no table", table);
  *to = std::move(value.get_object());
  for (const auto& [name, instead] : own) {
    if (!to->contains(name)) continue;
    return source.Refuse("{}.{} cannot be merged in: {}", table, name, instead);
  }
  return {};
}

}  // namespace

Status FillNames(const SpecSource& source, EcsSpec* spec) {
  const config::Ecs& ecs = source.Ecs();
  for (const auto& [key, value] :
       {std::pair{"region", &ecs.region}, {"cluster", &ecs.cluster}, {"service", &ecs.service}}) {
    if (value->empty()) return source.Missing("ecs.{} is needed", key);
  }
  spec->region = ecs.region;
  spec->cluster = ecs.cluster;
  spec->service = ecs.service;
  if (PoolTagValue(*spec).size() > kTagValueMax) {
    return source.Refuse(
        "ecs.cluster and ecs.service have {} letters together: hearth marks what "
        "it makes with both, and AWS takes {} in a tag",
        PoolTagValue(*spec).size() - 1, kTagValueMax - 1);
  }
  spec->image = ecs.image.empty() ? source.config.replica.image : ecs.image;
  if (spec->image.empty()) {
    return source.Missing(
        "ecs.image is needed: such as "
        "\"123456789012.dkr.ecr.{}.amazonaws.com/app:1.4.2\"",
        ecs.region);
  }
  spec->family = ecs.family.empty() ? ecs.service : ecs.family;
  spec->container = ecs.container;
  spec->log_group = ecs.log_group.empty() ? "/ecs/" + spec->family : ecs.log_group;
  spec->log_prefix = ecs.log_prefix;
  spec->log_retention_days = ecs.log_retention_days;
  spec->subnets = ecs.subnets;
  spec->security_groups = ecs.security_groups;
  spec->arch = ecs.arch;
  spec->capacity = ecs.capacity;
  spec->public_ip = ecs.public_ip;
  spec->exec = ecs.exec;
  spec->rebalancing = ecs.rebalancing;
  if (Status lists = CheckLists(source); !lists) return lists;
  return CheckRetention(source);
}

Status FillRoles(const SpecSource& source, EcsSpec* spec) {
  const config::Ecs& ecs = source.Ecs();
  if (ecs.execution_role.empty()) {
    return source.Missing(
        "ecs.execution_role is needed: on Fargate ECS takes it to pull the image "
        "and to write the log");
  }
  spec->execution_role = ecs.execution_role;
  spec->task_role = ecs.task_role;
  if (!ecs.task_role.empty()) return {};
  const std::string_view why = ecs.exec              ? "ecs.exec = true"
                               : spec->protect_after ? "ecs.protect_after"
                               : spec->pull          ? "a model on S3"
                                                     : "";
  if (why.empty()) return {};
  return source.Missing("{} needs ecs.task_role: what the task itself may do, with {}", why,
                        ecs.exec              ? "ssmmessages:*"
                        : spec->protect_after ? "ecs:UpdateTaskProtection"
                                              : "s3:GetObject and s3:ListBucket");
}

Status FillExtras(const SpecSource& source, EcsSpec* spec) {
  const config::Ecs& ecs = source.Ecs();
  if (Status tags = CheckTags(source); !tags) return tags;
  spec->tags = ecs.tags;
  if (Status table = ReadTable(source, "ecs.task_definition", ecs.task_definition,
                               {{"family", "say ecs.family"}}, &spec->task_definition_extra);
      !table) {
    return table;
  }
  return ReadTable(source, "ecs.service_definition", ecs.service_definition,
                   {{"cluster", "say ecs.cluster"},
                    {"serviceName", "say ecs.service"},
                    {"service", "say ecs.service"},
                    {"taskDefinition", "it is the revision that hearth registers"},
                    {"desiredCount", "say ecs.desired"},
                    {"clientToken", "it would tie all changes to the first"}},
                   &spec->service_extra);
}

}  // namespace hearth::ecs
