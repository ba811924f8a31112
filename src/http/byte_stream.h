// The bytes of a connection, plain or encrypted, never blocking; and waiting for more of them.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "base/cancel.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace hearth::http {

// How long to wait, and what ends it early.
struct Patience {
  std::chrono::steady_clock::time_point deadline;
  std::chrono::milliseconds idle{0};  // of one wait; 0: no limit
  const Cancel* cancel = nullptr;

  Status Check() const;  // kDeadlineExceeded, kCancelled; or nothing yet
};

// Waits until `fd` has one of poll's `events`, or an error. kDeadlineExceeded ("in time" or
// "stalled"), kCancelled.
Status WaitFor(int fd, short events, const Patience& patience);

class ByteStream {
 public:
  enum class End {
    kNo,
    kClean,  // the other side has said all it wanted to say
    kCut,    // TLS only: the connection ended without that being said
  };
  struct Step {
    size_t bytes = 0;
    short wait = 0;  // not 0: nothing more is possible until poll says this
    End end = End::kNo;
  };

  virtual ~ByteStream() = default;
  virtual int fd() const = 0;
  // As much as is there, up to all of `into`. kIo when the connection broke.
  virtual Result<Step> Read(std::span<char> into) = 0;
  // As much as goes out. kIo when the connection broke.
  virtual Result<Step> Write(std::string_view bytes) = 0;
  // Has the server closed it since the last answer, or said something unasked?
  virtual bool IsStale() = 0;
};

std::unique_ptr<ByteStream> PlainStream(UniqueFd fd);  // of a connected, non-blocking socket

}  // namespace hearth::http
