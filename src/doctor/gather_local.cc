#include "doctor/gather_local.h"

namespace hearth::doctor {

LocalFacts GatherLocal(const LocalOptions& options) {
  LocalFacts facts;
  facts.machine = LookAtMachine(options);
  const std::string& source = options.config.model.source;
  const bool remote = source.starts_with("hf://") || source.starts_with("s3://");
  if (!source.empty() && !remote) {
    facts.model = LookAtModel(source, options.hearth_inside, options.config.replica.cpu);
  }
  LookAtDocker(options, &facts);
  return facts;
}

}  // namespace hearth::doctor
