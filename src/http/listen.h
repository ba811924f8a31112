// Binding the socket that a server listens on. Plain POSIX.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "http/server.h"

namespace hearth::http {

inline constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn

struct Listener {
  UniqueFd fd;  // non-blocking, close-on-exec
  uint16_t port = 0;
  std::string address;    // "http://127.0.0.1:8000" or "unix:/run/x.sock"
  std::string unix_path;  // to be removed on close, if it is still this socket's
  ino_t unix_inode = 0;

  void RemoveUnixPath() const;
};

// Failures are kIo (kInvalidArgument for a host that does not resolve or a path that is too long)
// and name the address and the remedy. A unix socket file on which nobody listens is replaced; any
// other file is not. The new file has the mode that the umask leaves (connecting needs write
// permission: with umask 022 the owner only).
Result<Listener> OpenListener(const Listen& listen);

}  // namespace hearth::http
