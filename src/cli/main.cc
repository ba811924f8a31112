// The table of contents of the command line.
//
// Only the command that was asked for is built: describing every flag of every command costs more
// than a warm start has.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <exception>
#include <string_view>

#include "cli/command.h"

namespace hearth::cli {
namespace {

struct Command {
  std::string_view name;
  void (*add)(CLI::App& app, Run* run);
};

constexpr std::array kCommands = {
    Command{"up", AddUpCommand},         Command{"status", AddStatusCommand},
    Command{"scale", AddScaleCommand},   Command{"roll", AddRollCommand},
    Command{"drain", AddDrainCommand},   Command{"down", AddDownCommand},
    Command{"pull", AddPullCommand},     Command{"pack", AddPackCommand},
    Command{"serve", AddServeCommand},   Command{"probe", AddProbeCommand},
    Command{"bench", AddBenchCommand},   Command{"ecs", AddEcsCommand},
    Command{"doctor", AddDoctorCommand},
};

int Main(int argc, char** argv) {
  CLI::App app(
      "hearth keeps model servers warm: it answers in milliseconds from the first request on.",
      "hearth");
  app.set_version_flag("--version", "hearth " HEARTH_VERSION);
  app.require_subcommand(1);
  app.footer("`hearth COMMAND --help` says what a command takes.");

  Run run;
  const std::string_view asked = argc > 1 ? argv[1] : "";
  bool known = false;
  for (const Command& command : kCommands) known = known || command.name == asked;
  for (const Command& command : kCommands) {
    if (!known || command.name == asked) command.add(app, &run);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return Report({Code::kUsage, fmt::format("{} (hearth {}--help)", error.what(),
                                             known ? fmt::format("{} ", asked) : "")});
  }
  return run ? run() : 0;
}

}  // namespace
}  // namespace hearth::cli

// One of the three fences that stop exceptions of third parties.
int main(int argc, char** argv) {
  // A file over the limit of `ulimit -f` is an error like a full disk, which cleans up after
  // itself.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return hearth::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    return hearth::cli::Report({hearth::Code::kInternal, error.what()});
  }
}
