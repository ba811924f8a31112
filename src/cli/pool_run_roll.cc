// What the pool runs: the first time, after a roll, and what is said of it.
#include <algorithm>
#include <utility>

#include "cli/pool_run.h"
#include "gateway/metrics.h"
#include "pool/replica_spec.h"

namespace hearth::cli {
namespace {

using gateway::AdminActions;

void MarkGiven(std::string_view flag, const std::optional<int>& given, pool::Sourced* number) {
  const bool of_file = number->source == "default" || number->source == "hearth.toml";
  if (given && *given == number->value && of_file) number->source = flag;
}

}  // namespace

bool PoolRun::OwnServer() const {
  const config::Replica& replica = plan_.config.replica;
  return replica.backend == config::Backend::kProcess && replica.command.empty();
}

pool::ReplicaSpec PoolRun::OwnSpec(const PackedModel& model) const {
  pool::ReplicaSpec spec =
      pool::SpecFromConfig(plan_.config, {.program = plan_.program, .model_path = model.path});
  // Another content under the same name is another version.
  spec.env.emplace_back("HEARTH_MODEL_SHA256", model.sha256);
  return spec;
}

Status PoolRun::MayRoll(const AdminActions::RollChange& change) const {
  if (!preparing_.empty()) {
    return Fail(Code::kUnavailable, "cannot roll: {} is being brought; wait for its end",
                preparing_);
  }
  const bool docker = plan_.config.replica.backend == config::Backend::kDocker;
  if (change.image && !docker) {
    return Fail(Code::kUnprocessable,
                "replicas are processes here: an image needs [replica] backend = \"docker\"");
  }
  if (change.model && !OwnServer()) {
    return Fail(Code::kUnprocessable,
                "replicas run {} here, which brings its own model: roll to another {}",
                docker ? "an image" : "a command", docker ? "image" : "command");
  }
  // The gateway repeats requests on hearth's own routes, and must not on those of others.
  if (change.command && OwnServer()) {
    return Fail(Code::kUnprocessable,
                "replicas are hearth's own server here: for another one set [replica] command in "
                "hearth.toml and start the pool again");
  }
  return {};
}

Status PoolRun::Roll(const AdminActions::RollChange& change) {
  if (Status may = MayRoll(change); !may) return may;
  prepare_failed_.clear();
  if (change.model) {
    if (Status sound = CheckSource(*change.model); !sound) return sound;
    RollToModel(*change.model);
    return {};
  }
  pool::ReplicaSpec spec = CurrentSpec();
  if (change.image) spec.image = *change.image;
  if (change.command) spec.command = *change.command;
  return controller_->Roll(spec);
}

void PoolRun::RollToModel(const std::string& source) {
  preparing_ = source;
  bringer_->Bring(source, [this, source](Result<PackedModel> model) {
    preparing_.clear();
    if (stopping_) return;
    const Status begun = model ? controller_->Roll(OwnSpec(*model)) : Status(Forward(model));
    if (begun) return;
    prepare_failed_ = begun.error().message;
    log_.Error("A roll could not begin",
               {{"model", source}, {"error", std::string_view(prepare_failed_)}});
  });
}

// What a roll before this one, or before this controller, has made of it.
pool::ReplicaSpec PoolRun::CurrentSpec() {
  const auto stored = state_->Load();
  if (!stored) return spec_of_file_;
  const auto found = std::ranges::find_if(stored->specs, [&](const pool::ReplicaSpec& spec) {
    return spec.Version() == stored->current_version;
  });
  return found == stored->specs.end() ? spec_of_file_ : *found;
}

pool::PoolStatus PoolRun::DescribePool() const {
  pool::PoolStatus status = controller_->status();
  MarkGiven("--floor", plan_.floor, &status.floor);
  MarkGiven("--spare", plan_.spare, &status.spare);
  MarkGiven("--max", plan_.max, &status.max);
  if (!preparing_.empty()) {
    status.roll_state = pool::RollState::kPreparing;
    status.roll = fmt::format("bringing {}", preparing_);
  } else if (!prepare_failed_.empty()) {
    status.roll_state = pool::RollState::kFailed;
    status.roll = prepare_failed_;
  }
  return status;
}

std::string PoolRun::PrintMetrics() const {
  MetricsText text;
  text.Family("hearth_pool_info", "gauge", "1; what runs is in its labels");
  const pool::PoolStatus status = DescribePool();
  text.Sample(1, {{"name", status.name}, {"version", status.version}, {"hearth", HEARTH_VERSION}});
  gateway::PrintPoolMetrics(status, &text);
  gateway::PrintGatewayMetrics(gateway_->metrics(), &text);
  return text.Take();
}

}  // namespace hearth::cli
