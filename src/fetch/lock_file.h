// LockFile: keeps other processes away from a place while this one writes to it (flock, as Python's
// filelock does, so that huggingface_hub and hearth wait for each other).
//
// The kernel lets go of it when its holder dies, however it dies. Movable; one thread.
#pragma once

#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "http/client.h"

namespace hearth::fetch {

class LockFile {
 public:
  // Waits while another holds it; `on_wait` is called once, with the path, before the first wait.
  // `remove`: the file is removed when the lock is let go of. kDeadlineExceeded, kCancelled, kIo.
  // A folder where no file can be made (read-only) fails like any write; a file system that does
  // not know flock locks nothing.
  static Result<LockFile> Take(const std::string& path, bool remove,
                               http::Clock::time_point deadline, const Cancel& cancel,
                               const std::function<void(const std::string&)>& on_wait);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  LockFile(UniqueFd fd, std::string remove_path)
      : fd_(std::move(fd)), remove_path_(std::move(remove_path)) {}

  UniqueFd fd_;
  std::string remove_path_;  // empty: it stays
};

}  // namespace hearth::fetch
