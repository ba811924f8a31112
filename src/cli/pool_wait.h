// Waiting until the pool has done what it was asked for: looks at its status again and again.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/admin_client.h"
#include "cli/pool_view.h"

namespace CLI {
class App;
}

namespace hearth::cli {

struct WaitFlags {
  bool wait = false;
  std::string timeout = "10m";
};

// --wait, --timeout. `flags` outlives the parsing.
void AddWaitFlags(CLI::App* command, const char* wait_help, WaitFlags* flags);

// Until `look` gives a result. kDeadlineExceeded with `what`; the client's own failures. kUsage for
// a --timeout that is none. What changes is shown on a terminal.
Status WaitFor(const AdminClient& client, const WaitFlags& flags, const std::string& what,
               const std::function<std::optional<Status>(const PoolView&)>& look);

// Until nobody answers any more and the state folder is free for the next pool.
Status WaitUntilGone(const AdminClient& client, const WaitFlags& flags);

}  // namespace hearth::cli
