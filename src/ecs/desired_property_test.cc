// Of any good file: what AWS would refuse, and what would cost warm tasks, is never asked for.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "aws/document.h"
#include "ecs/desired_test_support.h"
#include "ecs/fargate_sizes.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

template <typename... Ts>
std::string OneOf(Ts... values) {
  return *rc::gen::element<std::string>(values...);
}

std::string AnyGoodFile() {
  const int floor = *rc::gen::inRange(1, 20);
  std::string before = fmt::format("[pool]\nfloor = {}\nspare = {}\nmax = {}\n", floor,
                                   *rc::gen::inRange(0, 30), *rc::gen::inRange(20, 100));
  before += OneOf("", "[[pool.schedule]]\ncron = \"0 8 * * 1-5\"\nfloor = 3\n",
                  "[[pool.schedule]]\ncron = \"*/7 1 2 * *\"\nfloor = 20\n");
  before += OneOf("", "[model]\nsource = \"s3://b/m\"\n", "[model]\nsource = \"hf://a/b\"\n");
  before += "[replica]\n" + OneOf("", "cpu = 0.25\n", "cpu = 4\nmemory = \"30GiB\"\n");
  before += fmt::format("drain_time = \"{}ms\"\n", *rc::gen::inRange(0, 115'001));
  if (*rc::gen::arbitrary<bool>()) {
    before += fmt::format("start_time = \"{}ms\"\n", *rc::gen::inRange(1, 3'600'000));
  }
  std::string more = "task_role = \"t\"\n";
  more += OneOf("", "exec = true\n", "protect_after = \"30s\"\n", "capacity = \"FARGATE_SPOT\"\n");
  if (*rc::gen::arbitrary<bool>()) more += fmt::format("listener = \"{}\"\n", kListener);
  more += OneOf("", "arch = \"ARM64\"\n", "start_period = \"1s\"\n", "stop_timeout = \"2s\"\n");
  more += OneOf("", "[ecs.scaling]\ncpu_target = 0\n", "[ecs.scaling]\nspare_policy = false\n");
  return FileWith(before, more);
}

// Tags are a list of {key, value}, of {Key, Value}, or a map.
bool HasPoolTag(const json::object& input) {
  for (const char* name : {"tags", "Tags"}) {
    const auto* tags = input.if_contains(name);
    if (tags == nullptr) continue;
    if (tags->is_object()) return tags->get_object().contains(kPoolTag);
    for (const json::value& tag : tags->as_array()) {
      const auto& one = aws::AsObject(tag);
      if (aws::TextOf(one, "key") == kPoolTag || aws::TextOf(one, "Key") == kPoolTag) return true;
    }
  }
  return false;
}

bool IsTaggable(Kind kind) {
  return kind == Kind::kLogGroup || kind == Kind::kTaskDefinition || kind == Kind::kTargetGroup ||
         kind == Kind::kListenerRule || kind == Kind::kService || kind == Kind::kScalableTarget;
}

RC_GTEST_PROP(AnyGoodFile, AsksForNothingThatAwsRefuses, ()) {
  const std::string file = AnyGoodFile();
  const auto spec = SpecOf(file);
  if (!spec) RC_FAIL(spec.error().message + file);
  RC_ASSERT(IsFargateSize({spec->cpu_units, spec->memory_mib}));
  RC_ASSERT(spec->check.start_period >= seconds(1) && spec->check.start_period <= seconds(300));
  RC_ASSERT(spec->grace >= spec->check.start_period);
  RC_ASSERT(spec->stop_timeout >= seconds(2) && spec->stop_timeout <= seconds(120));
  RC_ASSERT(spec->ephemeral_gib == 0 || (spec->ephemeral_gib >= 21 && spec->ephemeral_gib <= 200));
  RC_ASSERT(spec->pull.has_value() == (spec->ephemeral_gib != 0));
  if (spec->balancer) {
    RC_ASSERT(spec->balancer->deregistration_delay <= spec->stop_timeout);
    RC_ASSERT(spec->balancer->target_group.size() <= 32U);
  }
  const auto desired = MakeDesired(*spec, kNoon);
  if (!desired) RC_FAIL(desired.error().message);
  for (const Resource& resource : desired->resources) {
    if (IsTaggable(resource.kind)) RC_ASSERT(HasPoolTag(resource.input));
  }
  const auto& target = desired->Find(Kind::kScalableTarget)->input;
  const int64_t least = target.at("MinCapacity").as_int64();
  const int64_t most = target.at("MaxCapacity").as_int64();
  const auto& service = desired->Find(Kind::kService)->input;
  const int64_t begins = service.at("desiredCount").as_int64();
  RC_ASSERT(least >= 1 && least <= begins && begins <= most);
  RC_ASSERT(service.contains("launchType") != service.contains("capacityProviderStrategy"));
  RC_ASSERT((desired->Find(Kind::kTargetGroup) != nullptr) == service.contains("loadBalancers"));
}

}  // namespace
}  // namespace hearth::ecs
