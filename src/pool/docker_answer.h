// What a Docker engine's answers say, read from their JSON. Pure; unknown members are ignored, and
// members that are missing read as empty, since engines differ.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::pool {

using Labels = std::map<std::string, std::string, std::less<>>;

// GET /containers/ID/json
struct ContainerInfo {
  std::string id;
  Labels labels;
  bool running = false;  // also while it is paused
  int exit_code = 0;
  bool oom_killed = false;  // the container or any of its processes, at any time
  int64_t pid = 0;          // of its first process, on the engine's machine
  int64_t started_unix_ms = 0;
  std::string network;        // "bridge", "host"
  std::map<int, int> ports;   // inside → published
  int64_t memory_bytes = 0;   // its limit; 0: none
  bool has_terminal = false;  // its output is not framed
};

// GET /containers/json: one entry
struct ListedContainer {
  std::string id;
  std::string name;   // without the slash
  std::string state;  // "created", "running", "paused", "restarting", "removing", "exited", "dead"
  Labels labels;

  bool running() const { return state == "running" || state == "paused" || state == "restarting"; }
};

// GET /events: one line
struct EngineEvent {
  std::string action;     // "die", "oom"
  std::string container;  // id
  std::optional<int> exit_code;
  int64_t unix_ns = 0;
};

// kCorrupt when it is not the JSON that is expected, with its beginning.
Result<std::string> ReadId(std::string_view body);  // of POST /containers/create
Result<ContainerInfo> ReadContainer(std::string_view body);
Result<std::vector<ListedContainer>> ReadContainers(std::string_view body);
// Nothing when the line is no event of a container.
std::optional<EngineEvent> ReadEvent(std::string_view line);

// The words of a refusal: "message" of its JSON, else what the body begins with.
std::string EngineMessage(std::string_view body);
// The error that a line of a pull's progress reports, in an answer of 200; empty: none.
std::string PullError(std::string_view line);
// The last line that a container has written, from GET /containers/ID/logs (in frames of 8 bytes
// head, unless it has a terminal), cut to 200 bytes, without what a terminal would obey.
std::string LastLogLine(std::string_view body, bool has_terminal);

}  // namespace hearth::pool
