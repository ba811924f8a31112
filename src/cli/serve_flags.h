// The flags of `hearth serve`: names, environment variables, defaults, ranges and what each is for.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "serve/options.h"

namespace CLI {
class App;
}

namespace hearth::cli {

struct ServeFlags {
  serve::ServeOptions options;
  std::string api_key_file;
  std::string log_format = "json";
  std::string log_level = "info";
};

// `flags` outlives `app`'s parsing.
void AddServeFlags(CLI::App& app, ServeFlags* flags);

// What can only be said once all flags are there: reads the key file, takes TEI's HOSTNAME, checks
// limits against each other. kUsage naming the flag.
Status FinishServeFlags(ServeFlags* flags);

// Environment variables of text-embeddings-inference that are set and that hearth does not use,
// each with why.
std::vector<std::string> UnusedTeiVariables();

LogFormat FormatOf(const ServeFlags& flags);
LogLevel LevelOf(const ServeFlags& flags);

}  // namespace hearth::cli
