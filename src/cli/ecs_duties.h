// What a replica does for the sake of ECS besides serving: it prints its offered load, and protects
// its task. Both are off unless asked for.
#pragma once

#include <memory>

#include "base/log.h"
#include "serve/load_printer.h"
#include "serve/options.h"
#include "serve/protector.h"
#include "serve/service.h"

namespace hearth::cli {

struct EcsDuties {
  std::unique_ptr<serve::LoadPrinter> printer;
  std::unique_ptr<serve::Protector> protector;
};

// Starts their threads. Before `service` takes requests; all three outlive what is returned. What
// cannot be done here (there is no ECS agent) is a warning: the replica serves all the same.
EcsDuties StartEcsDuties(const serve::ServeOptions& options, serve::Service& service,
                         const Log& log);

}  // namespace hearth::cli
