// One command, one file: cmd_<name>.cc registers its flags and says what to run. main.cc is the
// table of contents.
#pragma once

#include <functional>

#include "base/result.h"

namespace CLI {
class App;
}

namespace hearth::cli {

// What main calls after parsing, if that command was the one given; returns the exit code.
using Run = std::function<int()>;

// Each adds one subcommand to `app`; when it is chosen on the command line, its callback sets
// `*run`.
void AddPackCommand(CLI::App& app, Run* run);
void AddPullCommand(CLI::App& app, Run* run);
void AddServeCommand(CLI::App& app, Run* run);
void AddProbeCommand(CLI::App& app, Run* run);
void AddUpCommand(CLI::App& app, Run* run);
void AddStatusCommand(CLI::App& app, Run* run);
void AddScaleCommand(CLI::App& app, Run* run);
void AddRollCommand(CLI::App& app, Run* run);
void AddDrainCommand(CLI::App& app, Run* run);
void AddDownCommand(CLI::App& app, Run* run);
void AddBenchCommand(CLI::App& app, Run* run);
void AddEcsCommand(CLI::App& app, Run* run);
void AddDoctorCommand(CLI::App& app, Run* run);

// Prints `hearth: <message>` on stderr and returns the exit code of error.code.
int Report(const Error& error);

}  // namespace hearth::cli
