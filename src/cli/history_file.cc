#include "cli/history_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace hearth::cli {
namespace {

constexpr size_t kBufferBytes = size_t{64} * 1024;

}  // namespace

Result<std::unique_ptr<HistoryFile>> HistoryFile::Create(const std::string& path, const Log& log) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) {
    return Fail(Code::kIo, "cannot write the history \"{}\": {}", path,
                std::generic_category().message(errno));
  }
  return std::unique_ptr<HistoryFile>(new HistoryFile(path, std::move(fd), log));
}

void HistoryFile::Add(const pool::Event& event) {
  if (!fd_.valid()) return;
  buffer_ += pool::HistoryLine(event);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void HistoryFile::Flush() {
  std::string_view left = buffer_;
  while (!left.empty() && fd_.valid()) {
    const ssize_t written = ::write(fd_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const std::string why = std::generic_category().message(errno);
      log_.Error("Cannot write the history: it ends here", {{"path", path_}, {"error", why}});
      fd_.Reset();
      break;
    }
    left.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
}

}  // namespace hearth::cli
