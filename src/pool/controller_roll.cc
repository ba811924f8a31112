// Which version runs: hearth.toml's, one that `hearth roll` has brought, or the one before a roll
// that has failed.
#include <algorithm>
#include <utility>

#include "pool/controller_impl.h"

namespace hearth::pool {
namespace {

const ReplicaSpec* SpecOf(const StoredState& stored, std::string_view version) {
  const auto found = std::ranges::find_if(
      stored.specs, [&](const ReplicaSpec& spec) { return spec.Version() == version; });
  return found == stored.specs.end() ? nullptr : &*found;
}

}  // namespace

// What was stored stands until hearth.toml changes: its numbers, its replica, each for itself.
void Controller::Impl::ChooseVersion(const ReplicaSpec& of_file) {
  const size_t bar = std::min(stored.config_digest.rfind('|'), stored.config_digest.size());
  if (stored.config_digest.substr(0, bar) != numbers->ConfigText()) stored.policy = {};
  numbers->Restore(stored.policy);
  file_version = bar < stored.config_digest.size() ? stored.config_digest.substr(bar + 1) : "";

  const std::string wanted = of_file.Version();
  const ReplicaSpec* const kept = SpecOf(stored, version());
  if (kept == nullptr) {
    file_version = wanted;
    TakeUp(of_file, "");
  } else if (wanted == version()) {
    roll_of_file = true;
    if (stored.previous_version.empty()) file_version = wanted;
    spec = of_file;
  } else if (wanted == file_version) {
    spec = *kept;
    log.Info("runs another version than hearth.toml's: `hearth roll` has brought it",
             {{"version", version()}, {"of_hearth_toml", std::string_view(wanted)}});
  } else {
    // A roll that was on has not shown that its version works: the one before it is the way back.
    roll_of_file = true;
    TakeUp(of_file, stored.previous_version.empty() ? version() : stored.previous_version);
  }
  stored.config_digest = numbers->ConfigText() + "|" + file_version;
}

// `previous`: by value, since it may be a part of what changes here.
void Controller::Impl::TakeUp(const ReplicaSpec& next, std::string previous) {
  const ReplicaSpec* const kept = SpecOf(stored, previous);
  std::vector<ReplicaSpec> specs{next};
  if (kept != nullptr && kept->Version() != next.Version()) specs.push_back(*kept);
  spec = next;
  stored.current_version = next.Version();
  stored.previous_version = specs.size() > 1 ? std::move(previous) : "";
  stored.specs = std::move(specs);
  must_save = true;
}

void Controller::Impl::BeginRoll(const ReplicaSpec& next) {
  const std::string before = version();
  roll_of_file = false;
  TakeUp(next, before);
  roll.Begin(before, version());
  failures.Reset();
  log.Info("a roll begins", {{"from", std::string_view(before)}, {"to", version()}});
  Soon();
}

void Controller::Impl::ReturnFromRoll() {
  const ReplicaSpec* const before = SpecOf(stored, roll.from());
  log.Error("a roll is stopped", {{"roll", roll.Words()}});
  failures.Reset();
  // file_version stays what it was: a replica of hearth.toml's that has failed is tried again by
  // the next controller.
  if (before != nullptr) TakeUp(ReplicaSpec(*before), "");
  Soon();
}

void Controller::Impl::FinishRoll() {
  if (roll_of_file) file_version = version();
  TakeUp(ReplicaSpec(spec), "");
}

}  // namespace hearth::pool
