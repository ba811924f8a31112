// What every `hearth ecs` command begins with: the file, what it means on ECS, and a way to AWS.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "aws/service_client.h"
#include "base/cancel.h"
#include "base/result.h"
#include "cli/command.h"
#include "config/config.h"
#include "ecs/apply.h"
#include "ecs/deployment.h"
#include "ecs/desired.h"
#include "ecs/plan.h"
#include "ecs/spec.h"

namespace hearth::cli {

struct EcsFlags {
  std::string config;  // empty: hearth.toml in the working directory
  std::string profile, region;
  bool json = false;
};

// --config, --profile, --region; `flags` outlives the parsing.
void AddEcsFlags(CLI::App* command, EcsFlags* flags);
void AddJsonFlag(CLI::App* command, const char* help, EcsFlags* flags);

struct EcsSession {
  config::Config config;
  ecs::EcsSpec spec;
  std::unique_ptr<aws::ServiceClient> client;

  aws::CallService call() const { return client->AsFunction(); }
};

// --region wins over the file, the file over AWS_REGION and the profile. Asks nothing of AWS; for
// commands that never do, credentials need not exist. `cancel` outlives the session.
Result<EcsSession> OpenEcs(const EcsFlags& flags, const Cancel* cancel);

// The client alone, for `init`: `region` empty is found as above.
Result<std::unique_ptr<aws::ServiceClient>> OpenAws(const EcsFlags& flags,
                                                    const std::string& region,
                                                    const Cancel* cancel);

Result<ecs::Desired> DesiredNow(const ecs::EcsSpec& spec);

// "3/9 scaling policy "pool-cpu"" on stderr, before each step of `plan`, which outlives it.
ecs::ApplyProgress StepLines(const ecs::Plan& plan);

// Seconds since 1970.
double NowSeconds();

// A yes on the terminal; `--yes` skips it. kUsage where there is no terminal to ask on.
Status Confirm(bool yes, const std::string& question);

// Prints `{…}` over several lines and a line's end.
void PrintJson(const boost::json::object& json);

// How long and how often deployments are looked at.
struct FollowFlags {
  std::string timeout;  // empty: ecs.wait_timeout
  std::string poll = "10s";
};
void AddFollowFlags(CLI::App* command, FollowFlags* flags);

// ecs::Follow with its lines on stderr. kUsage for times that are none.
Result<ecs::DeploymentState> FollowDeployment(const EcsSession& session, const FollowFlags& flags,
                                              ecs::FollowOptions options, const Cancel& cancel);

// Runs `work` with a Cancel that Ctrl-C and SIGTERM fire; reports its error. The exit code is
// 128 + the signal when one cancelled it.
int RunEcs(const std::function<Result<int>(Cancel& cancel)>& work);

// One group, one file: cmd_ecs_<group>.cc.
void AddEcsRender(CLI::App* ecs, Run* run);
void AddEcsDiff(CLI::App* ecs, Run* run);
void AddEcsPlan(CLI::App* ecs, Run* run);
void AddEcsApply(CLI::App* ecs, Run* run);
void AddEcsWait(CLI::App* ecs, Run* run);
void AddEcsStatus(CLI::App* ecs, Run* run);
void AddEcsRollback(CLI::App* ecs, Run* run);
void AddEcsScale(CLI::App* ecs, Run* run);
void AddEcsDestroy(CLI::App* ecs, Run* run);
void AddEcsInit(CLI::App* ecs, Run* run);
void AddEcsExport(CLI::App* ecs, Run* run);

}  // namespace hearth::cli
