// Downloading: several files at once, each in pieces over several connections, into partial files
// that become whole or can be gone on with.
//
// Threads: `connections` threads named "fetch-N", each with one connection per server; the caller's
// thread waits and reports. Memory: one buffer of 256 KiB a connection, whatever the sizes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fetch/job.h"
#include "fetch/web.h"

namespace hearth::fetch {

inline constexpr int kConnectionsMax = 64;
inline constexpr int kConnectionsDefault = 8;

struct DownloadState {
  uint64_t total = 0;    // bytes of all files
  uint64_t there = 0;    // on the disk
  uint64_t arrived = 0;  // over the network
  uint64_t resumed = 0;  // brought by an earlier pull
  uint64_t retries = 0;
};

struct DownloadOptions {
  WebOptions web;  // with the deadline; its cancel is `cancel`
  int connections = kConnectionsDefault;
  uint64_t piece_bytes = uint64_t{16} << 20U;
  // Fired from outside, or by the first failure: then all threads stop within a second.
  Cancel* cancel = nullptr;
  // A few times a second, on the caller's thread.
  std::function<void(const DownloadState&)> on_tick;
  // A try failed and another follows: which file, why, and in how many seconds. Any thread.
  std::function<void(const std::string& name, const Error& error, double seconds)> on_retry;
};

// All files under their final names, or the first failure, which names its file and says whether
// running again goes on where this ended. kCancelled when it was told to stop.
Result<DownloadState> Download(std::vector<FileToBring> files, const DownloadOptions& options);

}  // namespace hearth::fetch
