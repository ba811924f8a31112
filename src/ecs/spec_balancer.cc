// The target group and the listener's rule.
#include <algorithm>
#include <array>
#include <span>

#include "base/duration.h"
#include "base/sha256.h"
#include "ecs/spec_parts.h"

namespace hearth::ecs {
namespace {

constexpr size_t kNameMax = 32;
constexpr size_t kHashDigits = 8;
constexpr size_t kConditionsMax = 5;  // values of one rule, of all conditions

std::string Letters(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (fits) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

// One of a kind in the account and region: "<cluster>-<service>", or what fits of it and a digest.
std::string TargetGroupName(const EcsSpec& spec) {
  const std::string whole = spec.cluster + "-" + spec.service;
  std::string name = Letters(whole);
  if (name == whole && name.size() <= kNameMax && !name.starts_with("internal-")) return name;
  Sha256 hash;
  const std::string tag = PoolTagValue(spec);
  hash.Update(std::as_bytes(std::span(tag)));
  const std::string digest = Hex(hash.Digest()).substr(0, kHashDigits);
  name = Letters(Letters(spec.service).substr(0, kNameMax - kHashDigits - 1));
  if (name.empty() || name.starts_with("internal-")) name = "pool";
  return name + "-" + digest;
}

}  // namespace

Status FillBalancer(const SpecSource& source, EcsSpec* spec) {
  const config::Ecs& ecs = source.Ecs();
  if (ecs.listener.empty()) {
    for (const char* key : {"ecs.target_group", "ecs.rule_paths", "ecs.rule_hosts",
                            "ecs.rule_priority", "ecs.deregistration_delay"}) {
      if (source.Has(key)) {
        return source.Refuse("{} needs ecs.listener, the ARN of an ALB's listener", key);
      }
    }
    return {};
  }
  if (ecs.rule_paths.empty() && ecs.rule_hosts.empty()) {
    return source.Refuse(
        "ecs.rule_paths and ecs.rule_hosts are both empty: say what goes to the "
        "pool, such as rule_paths = [\"/*\"]");
  }
  if (ecs.rule_paths.size() + ecs.rule_hosts.size() > kConditionsMax) {
    return source.Refuse(
        "ecs.rule_paths and ecs.rule_hosts have {} patterns: AWS takes {} in a "
        "rule",
        ecs.rule_paths.size() + ecs.rule_hosts.size(), kConditionsMax);
  }
  const seconds given = std::chrono::ceil<seconds>(ecs.deregistration_delay);
  if (given > spec->stop_timeout) {
    return source.Refuse(
        "ecs.deregistration_delay = \"{}s\" must not be more than the stop timeout, "
        "{} s: the task would be killed while the load balancer still waits for it",
        given.count(), spec->stop_timeout.count());
  }
  const seconds drain = std::chrono::ceil<seconds>(source.config.replica.drain_time);
  spec->balancer = LoadBalancer{
      .listener = ecs.listener,
      .target_group = ecs.target_group.empty() ? TargetGroupName(*spec) : ecs.target_group,
      .path = source.config.replica.ready,
      .rule_paths = ecs.rule_paths,
      .rule_hosts = ecs.rule_hosts,
      .rule_priority = ecs.rule_priority,
      .deregistration_delay = given.count() != 0 ? given : std::min(drain, spec->stop_timeout)};
  if (spec->hearth_inside) spec->balancer->path = "/ready";
  return {};
}

}  // namespace hearth::ecs
