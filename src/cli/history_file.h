// HistoryFile: writes what happens to every request into a file, for the history checker. Loop
// thread. Buffered: Flush is called once a second and at the end. A write that fails is said once
// in the log; then nothing more is written.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "pool/history.h"

namespace hearth::cli {

class HistoryFile {
 public:
  // kIo naming the path. What was in the file is gone. `log` outlives it.
  static Result<std::unique_ptr<HistoryFile>> Create(const std::string& path, const Log& log);
  ~HistoryFile() { Flush(); }
  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;

  void Add(const pool::Event& event);
  void Flush();

 private:
  HistoryFile(std::string path, UniqueFd fd, const Log& log)
      : path_(std::move(path)), fd_(std::move(fd)), log_(log) {}

  std::string path_;
  UniqueFd fd_;  // invalid after a failure
  const Log& log_;
  std::string buffer_;
};

}  // namespace hearth::cli
