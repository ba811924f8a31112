#include "cli/pool_flags.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <system_error>

namespace hearth::cli {

namespace fs = std::filesystem;

void AddPoolFlags(CLI::App* command, PoolFlags* flags) {
  command
      ->add_option("--config", flags->config,
                   "the file that describes the pool [hearth.toml, when it is in this folder]")
      ->envname("HEARTH_CONFIG")
      ->type_name("FILE");
  command
      ->add_option("--state-dir", flags->state_dir,
                   "where the pool keeps its state [.hearth beside that file]")
      ->envname("HEARTH_STATE_DIR")
      ->type_name("DIR");
}

Result<config::Config> LoadPool(const PoolFlags& flags) {
  auto config = config::LoadConfig(flags.config);
  if (!config) return Forward(config);
  const fs::path folder = fs::path(config->path).parent_path();
  std::string& source = config->model.source;
  std::error_code ignored;
  if (!source.empty() && fs::exists(folder / source, ignored)) source = (folder / source).string();
  std::string& state_dir = config->pool.state_dir;
  if (!flags.state_dir.empty()) {
    state_dir = flags.state_dir;
  } else {
    state_dir = (folder / (state_dir.empty() ? ".hearth" : state_dir)).string();
  }
  return config;
}

Result<std::string> FindStateDir(const PoolFlags& flags) {
  if (!flags.state_dir.empty()) return flags.state_dir;
  auto config = LoadPool(flags);
  if (!config) return Forward(config);
  return config->pool.state_dir;
}

}  // namespace hearth::cli
