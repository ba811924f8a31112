// What `hearth bench start`, `load` and `memory` have in common: their targets, and where figures
// go.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/result.h"
#include "bench/target.h"
#include "cli/command.h"

namespace hearth::cli {

struct CommonFlags {
  std::vector<std::string> targets;
  std::string form = "seed";
  std::string json;
  std::string health = "/health";
  std::string ready = "/ready";
  double timeout = 120;
  bool quiet = false;
};

void AddCommonFlags(CLI::App* command, CommonFlags* flags);

// Checks that labels differ; `commands_only` refuses URLs of servers that run already.
Result<std::vector<bench::Target>> ReadTargets(const CommonFlags& flags, bool commands_only);

// One line on stderr, unless --quiet.
void Progress(const CommonFlags& flags, const std::string& line);

// The table, and the JSON where it is asked for ("-": instead of the table). An exit code.
int Print(const CommonFlags& flags, const std::string& table, const std::string& json);

std::chrono::milliseconds Milliseconds(double seconds);

// A folder for the servers' output, removed with its contents.
class LogFolder {
 public:
  LogFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "hearth-bench-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~LogFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The subcommands; `*run` becomes what was asked for.
void AddBenchStart(CLI::App* bench, Run* run);
void AddBenchLoad(CLI::App* bench, Run* run);
void AddBenchMemory(CLI::App* bench, Run* run);

}  // namespace hearth::cli
