// Which pool a command means: the file that describes it, and the folder where it keeps its state.
#pragma once

#include <string>

#include "base/result.h"
#include "config/config.h"

namespace CLI {
class App;
}

namespace hearth::cli {

struct PoolFlags {
  std::string config;     // empty: hearth.toml in the working folder, when it is there
  std::string state_dir;  // empty: what the file says
};

// --config, --state-dir, with their environment variables. `flags` outlives the parsing.
void AddPoolFlags(CLI::App* command, PoolFlags* flags);

// The file, with pool.state_dir filled in: without one it is .hearth beside the file. Relative
// paths in the file (of the state folder, of a model) are meant from its folder.
Result<config::Config> LoadPool(const PoolFlags& flags);

// The state folder alone; with --state-dir no file is read.
Result<std::string> FindStateDir(const PoolFlags& flags);

}  // namespace hearth::cli
