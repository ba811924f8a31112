// What is measured: a command that starts a server, or the URL of one that runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/request_form.h"

namespace hearth::bench {

struct Target {
  std::string label;
  Form form = Form::kSeed;
  std::vector<std::string> command;  // empty: a URL
  std::string url;                   // "http://127.0.0.1:8000", without a path

  bool is_command() const { return !command.empty(); }
};

// `[LABEL[:FORM]=]COMMAND-or-URL`, for example
//   http://127.0.0.1:8000
//   hearth=build/release/hearth serve --model m.hearth --port {port}
//   llama:openai=llama-server -m m.gguf --port {port} --embedding
// A command is split into words like a shell does it (quotes and backslashes, no variables); it
// must hold {port} in some word, which becomes a free port. Without a label: "hearth" style name
// from the program or the URL. kUsage otherwise.
Result<Target> ParseTarget(std::string_view text, Form default_form);

// The words of `line`; kUsage for an open quote.
Result<std::vector<std::string>> SplitWords(std::string_view line);

// `command` with every {port} replaced.
std::vector<std::string> WithPort(const std::vector<std::string>& command, uint16_t port);

// Of `entries`, each PATH or LABEL=PATH, the paths that concern the target `label`.
std::vector<std::string> PathsFor(const std::vector<std::string>& entries, std::string_view label);

// True for 127.0.0.0/8, ::1, localhost and unix sockets: what a load may be sent to without being
// asked.
bool IsThisMachine(std::string_view url);

}  // namespace hearth::bench
