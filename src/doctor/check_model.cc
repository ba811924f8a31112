// The model on this machine: there, readable, a model. Looks at: [model] source.
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/finding.h"

namespace hearth::doctor {

std::vector<Finding> CheckModel(const Facts& facts) {
  if (!facts.local) return {Skip(facts.local_problem)};
  if (!facts.local->model) return {Skip("hearth.toml names no model on this machine")};
  const ModelFacts& model = *facts.local->model;
  if (!model.problem.empty()) {
    return {Ng(fmt::format("{} cannot be served", model.path), {model.problem},
               "set `[model] source` in hearth.toml to a packed file, a model folder, "
               "\"hf://ORG/NAME\" or \"s3://BUCKET/PREFIX\"; `hearth pull` brings one")};
  }
  return {Ok(fmt::format("{}: {} of weights", model.path, InGb(model.bytes)))};
}

}  // namespace hearth::doctor
