// The tree and the JSON, and that no check minds what AWS says.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "doctor/test_support.h"

namespace hearth::doctor {
namespace {

using namespace testing;

Facts Sick() {
  Facts facts = Well();
  facts.local.reset();
  facts.local_problem = "this machine was not looked at";
  facts.live->observed.service->erase("healthCheckGracePeriodSeconds");
  facts.live->observed.scalable_target->at("MinCapacity") = 1;
  Stop(facts, {.container_reason = "OutOfMemoryError: Container killed due to memory usage",
               .exit_code = 137});
  return facts;
}

// HEARTH_WRITE_GOLDEN=1 writes it anew.
TEST(Print, TheTreeIsAsItsGoldenFile) {
  const std::string path = HEARTH_SOURCE_DIR "/tests/golden/doctor_tree.txt";
  const std::string tree = PrintTree(Examine(Sick()));
  if (std::getenv("HEARTH_WRITE_GOLDEN") != nullptr) std::ofstream(path) << tree;
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(tree, golden.str());
}

TEST(Print, TheJsonSaysTheSame) {
  const Verdicts verdicts = Examine(Sick());
  EXPECT_TRUE(verdicts.any_ng);
  const json::object printed = Parse(PrintJson(verdicts));
  EXPECT_EQ(printed.at("ng").to_number<int>(), 3);
  size_t findings = 0;
  for (const json::value& check : printed.at("checks").as_array()) {
    for (const json::value& finding : check.at("findings").as_array()) {
      ++findings;
      EXPECT_EQ(finding.at("verdict").as_string() == "NG", finding.as_object().contains("fix"));
    }
  }
  const int all = printed.at("ok").to_number<int>() + printed.at("skip").to_number<int>() + 3;
  EXPECT_EQ(static_cast<int>(findings), all);
}

TEST(Print, OnlyTheGroupsThatWereAskedFor) {
  const Group local[] = {Group::kLocal};
  for (const Verdicts::Of& of : Examine(Well(), local).checks) {
    EXPECT_EQ(of.check->group, Group::kLocal);
  }
  EXPECT_EQ(Examine(Well(), local).checks.size(), 5u);
}

TEST(Checks, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const Check& check : Checks()) EXPECT_TRUE(names.insert(check.name).second) << check.name;
}

// ---- whatever AWS says

json::value Anything(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<int64_t>();
    case 3:
      return *rc::gen::element(0.0, -1.0, 1e308, -1e308, 2e9, 0.5);
    case 4:
      return json::string(*rc::gen::arbitrary<std::string>());
    case 5:
      return json::string(*rc::gen::element<std::string>(
          "ENABLED", "UNHEALTHY", "unhealthy", "OutOfMemoryError", "CannotPull", "health check",
          "Setting desired count to 99999999999", "Setting desired count to 2", "codes: [404, 5",
          "ServiceSchedulerInitiated", "EssentialContainerExited", "-1", "1e300", "awslogs",
          "listening on http://", "running on http://[::1]:70000000000"));
    case 6: {
      json::array list;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) list.push_back(Anything(depth - 1));
      return list;
    }
    default: {
      json::object object;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        object[*rc::gen::arbitrary<std::string>()] = Anything(depth - 1);
      }
      return object;
    }
  }
}

// Changes some members of `in`, wherever they are, into anything.
void Shake(json::value& in, int depth) {
  if (*rc::gen::inRange(0, 12) == 0) in = Anything(2);
  if (depth == 0) return;
  if (json::object* object = in.if_object()) {
    for (auto& member : *object) Shake(member.value(), depth - 1);
  }
  if (json::array* list = in.if_array()) {
    for (json::value& item : *list) Shake(item, depth - 1);
  }
}

void ShakeObject(json::object& object) {
  for (auto& member : object) Shake(member.value(), 6);
}

RC_GTEST_PROP(Checks, NoShapeOfAnAnswerBreaksACheck, ()) {
  Facts facts = Sick();
  facts.local = WellLocal();
  LiveFacts& live = *facts.live;
  for (json::array* list :
       {&live.deployments, &live.running_tasks, &live.stopped_tasks, &live.target_health,
        &live.scaling_activities, &live.protected_tasks, &live.subnets, &live.security_groups,
        &live.image_details, &live.observed.policies, &live.observed.target_group_attributes,
        &facts.local->containers}) {
    list->push_back(Anything(3));
    for (json::value& item : *list) Shake(item, 6);
  }
  ShakeObject(*live.observed.service);
  ShakeObject(*live.observed.task_definition);
  ShakeObject(*live.observed.target_group);
  ShakeObject(*live.observed.scalable_target);
  ShakeObject(*facts.local->pool_status);
  for (ecs::Resource& resource : facts.file->desired->resources) ShakeObject(resource.input);
  const json::value line = Anything(1);
  live.log_lines.push_back({"s/c/0a", json::serialize(line), 1e300});
  live.log_lines.push_back({"", "Model loaded and ready to serve", -1e300});
  live.log_lines.push_back({"s", "running on http://[::1]:70000000000", 0});
  const Verdicts verdicts = Examine(facts);
  RC_ASSERT(verdicts.checks.size() == Checks().size());
  for (const Verdicts::Of& of : verdicts.checks) RC_ASSERT(!of.findings.empty());
  RC_ASSERT(!PrintTree(verdicts).empty());
  RC_ASSERT(!PrintJson(verdicts).empty());
}

}  // namespace
}  // namespace hearth::doctor
