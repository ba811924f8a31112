// hearth doctor: why a pool is cold, loops, dies or never gets ready.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "base/cancel.h"
#include "base/env.h"
#include "cli/admin_client.h"
#include "cli/cancel_on_signal.h"
#include "cli/command.h"
#include "cli/pool_flags.h"
#include "doctor/check.h"
#include "doctor/gather_live.h"
#include "doctor/gather_local.h"
#include "doctor/gather_static.h"
#include "doctor/setup.h"

namespace hearth::cli {
namespace {

using doctor::Group;

constexpr int kFindings = 2;
constexpr std::chrono::seconds kLookTime{60};
constexpr std::chrono::seconds kCallTime{10};
constexpr const char* kFooter = R"(
Looks at the file and what it renders, at this machine (model, image, limits, caches, the pool that
runs here), and, where the file has [ecs], at the service on ECS. Only reads. docs/doctor.md has
every check.

Exit code: 0 all is well, 2 something is NG, 1 it could not look.

Examples:
  hearth doctor
  hearth doctor --static             # the file alone, for CI
  hearth doctor --live --json)";

struct DoctorFlags {
  PoolFlags pool;
  std::string profile, region;
  bool json = false, only_static = false, only_local = false, only_live = false;
};

std::vector<Group> GroupsOf(const DoctorFlags& flags) {
  std::vector<Group> groups;
  if (flags.only_static) groups.push_back(Group::kStatic);
  if (flags.only_local) groups.push_back(Group::kLocal);
  if (flags.only_live) groups.push_back(Group::kLive);
  if (groups.empty()) groups = {Group::kStatic, Group::kLocal, Group::kLive};
  return groups;
}

bool Has(const std::vector<Group>& groups, Group group) {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

void LookLocal(const DoctorFlags& flags, doctor::Facts* facts) {
  const config::Config& config = facts->file->config;
  facts->local = doctor::GatherLocal({.config = config,
                                      .hearth_inside = doctor::HearthInside(*facts),
                                      .env = ProcessEnv(),
                                      .root = ""});
  const auto client = AdminClient::Find(flags.pool);
  auto status =
      client ? client->Get("/v1/status") : Result<std::string>(tl::unexpected(client.error()));
  if (!status) {
    facts->local->pool_problem = status.error().message;
    return;
  }
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*status, error);
  if (!error && value.is_object()) facts->local->pool_status = value.get_object();
}

// The region that AWS would be asked in: a spec needs one, even where nothing is asked.
Result<std::unique_ptr<aws::ServiceClient>> OpenAws(const DoctorFlags& flags,
                                                    const std::string& region,
                                                    const Cancel* cancel) {
  aws::ServiceClientOptions options;
  options.env = ProcessEnv();
  options.profile = flags.profile;
  options.region = flags.region.empty() ? region : flags.region;
  options.cancel = cancel;
  options.tries = 3;
  options.call_time = kCallTime;
  return aws::ServiceClient::Make(std::move(options));
}

void LookLive(aws::ServiceClient& client, doctor::Facts* facts) {
  auto live = doctor::GatherLive(client.AsFunction(), *facts->file->spec,
                                 std::chrono::steady_clock::now() + kLookTime);
  if (live) {
    facts->live = *std::move(live);
  } else {
    facts->live_problem = live.error().message;
  }
}

void Look(const DoctorFlags& flags, const std::vector<Group>& groups, const Cancel* cancel,
          config::Config config, doctor::Facts* facts) {
  const auto now = std::chrono::system_clock::now();
  facts->now_s = std::chrono::duration<double>(now.time_since_epoch()).count();
  const bool has_ecs = config.ecs.given;
  Result<std::unique_ptr<aws::ServiceClient>> client = nullptr;
  if (has_ecs) {
    client = OpenAws(flags, config.ecs.region, cancel);
    if (client) config.ecs.region = (*client)->region();
  }
  facts->file = doctor::GatherStatic(std::move(config), now);
  const bool local = Has(groups, Group::kLocal), live = Has(groups, Group::kLive);
  facts->local_problem = "this machine was not looked at";
  // What ended a task on ECS is judged by the model's size too.
  if (local || live) LookLocal(flags, facts);
  if (!has_ecs) {
    facts->live_problem = "hearth.toml has no [ecs]";
  } else if (!live) {
    facts->live_problem = "AWS was not asked";
  } else if (!client) {
    facts->live_problem = client.error().message;
  } else if (!facts->file->spec) {
    facts->live_problem = facts->file->spec_problem;
  } else {
    LookLive(**client, facts);
  }
}

// Whether AWS was to be looked at and could not be.
bool IsBlind(const DoctorFlags& flags, const doctor::Facts& facts) {
  if (facts.live || !Has(GroupsOf(flags), Group::kLive)) return false;
  return flags.only_live || (facts.file && facts.file->config.ecs.given && facts.file->spec);
}

int RunDoctor(const DoctorFlags& flags) {
  Cancel cancel;
  CancelOnSignal(&cancel);
  const std::vector<Group> groups = GroupsOf(flags);
  doctor::Facts facts;
  auto config = LoadPool(flags.pool);
  if (config) {
    Look(flags, groups, &cancel, *std::move(config), &facts);
  } else if (config.error().code == Code::kNotFound || config.error().code == Code::kIo ||
             !Has(groups, Group::kStatic)) {
    return Report(config.error());
  } else {
    facts.file_problem = config.error().message;
    facts.local_problem = facts.live_problem = "hearth.toml was not read";
  }
  if (const int signal = CancellingSignal(); signal != 0) return 128 + signal;
  const doctor::Verdicts verdicts = doctor::Examine(facts, groups);
  fmt::print("{}", flags.json ? doctor::PrintJson(verdicts) + "\n" : doctor::PrintTree(verdicts));
  const bool blind = IsBlind(flags, facts);
  int code = 0;
  if (blind) {
    code = Report(
        {Code::kUnavailable, fmt::format("could not look at AWS: {}", doctor::WhyNotLive(facts))});
  }
  return verdicts.any_ng ? kFindings : code;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Run* run) {
  auto flags = std::make_shared<DoctorFlags>();
  CLI::App* doctor = app.add_subcommand(
      "doctor",
      "Finds why a pool is cold, loops, dies or never gets ready, and says how to mend it");
  doctor->footer(kFooter);
  AddPoolFlags(doctor, &flags->pool);
  doctor->add_flag("--json", flags->json, "checks and findings as JSON");
  doctor->add_flag("--static", flags->only_static, "only the file and what it renders");
  doctor->add_flag("--local", flags->only_local, "only this machine");
  doctor->add_flag("--live", flags->only_live, "only the service on ECS");
  doctor->add_option("--profile", flags->profile, "of ~/.aws/config (AWS_PROFILE)")
      ->type_name("NAME");
  doctor->add_option("--region", flags->region, "in place of ecs.region")->type_name("REGION");
  doctor->callback([flags, run] { *run = [flags] { return RunDoctor(*flags); }; });
}

}  // namespace hearth::cli
