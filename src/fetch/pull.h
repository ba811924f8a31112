// Pull: from a source to a place on this machine. The entry to this room.
//
// Blocking; the threads are download.h's. Nothing half-written is ever under a final name. Failures
// are one sentence; codes say what kind (result.h), kCancelled when `cancel` was fired.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/env.h"
#include "base/result.h"
#include "fetch/download.h"
#include "fetch/source.h"

namespace hearth::fetch {

// What is said while a pull runs; all may be empty. on_retry is called from any thread.
struct PullEvents {
  std::function<void(const DownloadState&)> on_state;
  std::function<void(const std::string& lock)> on_wait;  // another process pulls the same
  std::function<void(const std::string& name, const Error& error, double seconds)> on_retry;
};

struct PullOptions {
  Source source;
  // A folder; or a file, when the source is one object or file. Empty: the hub's cache.
  std::string output;
  std::vector<std::string> include;  // globs (names.h); none: what hearth reads
  // Name and hexadecimal SHA-256; an empty name: of the only file.
  std::vector<std::pair<std::string, std::string>> sha256;
  int connections = kConnectionsDefault;
  uint64_t piece_bytes = uint64_t{16} << 20U;
  std::chrono::milliseconds idle_timeout{30'000};
  http::Clock::time_point deadline;
  bool offline = false;  // only the hub's cache
  bool sign = true;      // requests to S3
  Env env;
  Cancel* cancel = nullptr;  // outlives the pull
  PullEvents events;
};

struct Pulled {
  std::string path;      // of the folder or file
  std::string revision;  // commit of the hub; else a hash over names, sizes and versions
  size_t files = 0;
  uint64_t bytes = 0;  // of all files
  DownloadState state;
};

Result<Pulled> Pull(const PullOptions& options);

// Which version of the source a pull would bring now: Pulled::revision, without bringing it.
Result<std::string> FindRevision(const PullOptions& options);

}  // namespace hearth::fetch
