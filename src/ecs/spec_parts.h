// The parts of MakeSpec: each decides some members of the spec from the file. Pure.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// The file, and what its messages begin with.
struct SpecSource {
  const config::Config& config;
  std::string file;  // "hearth.toml"

  const config::Ecs& Ecs() const { return config.ecs; }
  bool Has(std::string_view key) const { return config.given.contains(key); }

  template <typename... Args>
  tl::unexpected<Error> Refuse(fmt::format_string<Args...> format, Args&&... args) const {
    return Fail(Code::kUnprocessable, "{}: {}", file,
                fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  tl::unexpected<Error> Missing(fmt::format_string<Args...> format, Args&&... args) const {
    return Fail(Code::kInvalidArgument, "{}: {}", file,
                fmt::format(format, std::forward<Args>(args)...));
  }
};

using SpecPart = Status (*)(const SpecSource& source, EcsSpec* spec);

// In this order: later parts look at what earlier ones have decided.
Status FillNames(const SpecSource& source, EcsSpec* spec);     // spec_names.cc: and what must exist
Status FillServer(const SpecSource& source, EcsSpec* spec);    // spec_server.cc: command, port
Status FillPull(const SpecSource& source, EcsSpec* spec);      // spec_server.cc: a model on S3
Status FillSize(const SpecSource& source, EcsSpec* spec);      // spec_size.cc: CPU, memory, disk
Status FillTimes(const SpecSource& source, EcsSpec* spec);     // spec_times.cc: check, grace, stop
Status FillBalancer(const SpecSource& source, EcsSpec* spec);  // spec_balancer.cc
Status FillScaling(const SpecSource& source, EcsSpec* spec);   // spec_scaling.cc: numbers, policies
Status FillRoles(const SpecSource& source, EcsSpec* spec);     // spec_names.cc
Status FillEnv(const SpecSource& source, EcsSpec* spec);     // spec_server.cc: what hearth is told
Status FillExtras(const SpecSource& source, EcsSpec* spec);  // spec_names.cc: tags, free tables

// From the start of a container to ready, as the periods of the spec take it: 2 ×
// replica.start_time where the file has it (measured), else 90 s.
seconds StartAllowance(const SpecSource& source);

}  // namespace hearth::ecs
