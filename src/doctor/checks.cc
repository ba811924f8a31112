// The table of all checks, in the order in which they are printed.
#include "doctor/checks.h"

#include <array>

namespace hearth::doctor {
namespace {

constexpr std::array kChecks = {
    Check{"file", "does hearth.toml say something that can run?", Group::kStatic, CheckFile},
    Check{"task-size", "are CPU and memory a pair that Fargate has?", Group::kStatic,
          CheckTaskSize},
    Check{"health-route", "does each health check ask the right route?", Group::kStatic,
          CheckHealthRoute},
    Check{"grace", "is a new task left alone while it loads?", Group::kStatic, CheckGrace},
    Check{"start-period", "does startPeriod cover the load?", Group::kStatic, CheckStartPeriod},
    Check{"stop-timeout", "may what is under way end before a task is killed?", Group::kStatic,
          CheckStopTimeout},
    Check{"rebalancing", "does ECS move warm tasks between zones by itself?", Group::kStatic,
          CheckRebalancing},
    Check{"zones", "does the pool outlive one availability zone?", Group::kStatic, CheckZones},
    Check{"image-tag", "does a name always mean the same image?", Group::kStatic, CheckImageTag},
    Check{"exec-role", "can `execute-command` work?", Group::kStatic, CheckExecRole},
    Check{"execution-role", "may ECS pull the image and write the log?", Group::kStatic,
          CheckExecutionRole},
    Check{"log-group", "does what replicas print arrive?", Group::kStatic, CheckLogGroup},
    Check{"floor", "is MinCapacity the wanted pool size?", Group::kStatic, CheckFloor},
    Check{"container-user", "can the container's user read and write its cache?", Group::kStatic,
          CheckContainerUser},
    Check{"model", "is the model there, and whole?", Group::kLocal, CheckModel},
    Check{"memory", "is there room for the model?", Group::kLocal, CheckMemory},
    Check{"image", "is the image small enough, and its user right?", Group::kLocal, CheckImage},
    Check{"cache", "are the model caches where this user can read them?", Group::kLocal,
          CheckCache},
    Check{"local-pool", "is the pool on this machine warm?", Group::kLocal, CheckLocalPool},
    Check{"inputs", "is all there that must exist before?", Group::kLive, CheckInputs},
    Check{"service", "do as many tasks run as are wanted?", Group::kLive, CheckService},
    Check{"out-of-memory", "were tasks killed for memory?", Group::kLive, CheckOutOfMemory},
    Check{"image-pull", "does pulling the image hold tasks up?", Group::kLive, CheckImagePull},
    Check{"start-up-loop", "are tasks ended before their model is loaded?", Group::kLive,
          CheckStartUpLoop},
    Check{"scale-in", "did scaling take warm tasks?", Group::kLive, CheckScaleIn},
    Check{"never-ready", "do running tasks get ready?", Group::kLive, CheckNeverReady},
    Check{"crash", "do tasks end by themselves?", Group::kLive, CheckCrash},
    Check{"forced-stop", "were tasks killed that had not ended in time?", Group::kLive,
          CheckForcedStop},
    Check{"deployments", "do deployments end, and well?", Group::kLive, CheckDeployments},
    Check{"protection", "is scale-in still possible?", Group::kLive, CheckProtection},
};

}  // namespace

std::span<const Check> Checks() { return kChecks; }

}  // namespace hearth::doctor
