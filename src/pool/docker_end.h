// How a container has ended, as the pool says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pool/docker_engine.h"
#include "pool/replica.h"

namespace hearth::pool {

struct ContainerEnd {
  EndReason reason = EndReason::kExited;  // kExited, kKilled or kOutOfMemory
  std::string words;                      // "exit 3: ImportError: no module named torch"
};

struct EndFacts {
  int exit_code = 0;
  bool out_of_memory = false;  // by the engine's flag or event: 137 alone is any SIGKILL
  int64_t memory_bytes = 0;    // the limit
  std::string last_line = {};  // of its output
};

// Pure. Codes above 128 are signals, as the engine reports them.
ContainerEnd EndOf(const EndFacts& facts);

// What is known of an end before the engine is asked.
struct EndHints {
  bool oom_event = false;
  std::optional<int> exit_code;
};

// Asks the engine for the state of an ended container and its last line. A container that is no
// longer there, or an engine that does not answer: what the hints say.
ContainerEnd DescribeEnd(DockerEngine& engine, const std::string& container, const EndHints& hints);

}  // namespace hearth::pool
