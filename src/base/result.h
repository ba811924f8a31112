// Result and Error: the one way in which hearth reports failure.
//
// A Result<T> holds a T or an Error; it must be looked at ([[nodiscard]]). Exceptions come only
// from the standard library and third parties and are stopped at three fences: main, the worker
// loop, the coroutine spawn.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace hearth {

// Closed: every failure is one of these, and CodeTraits says what each means to a client, a shell
// and a retry.
enum class Code {
  kInvalidArgument,   // the caller's value is malformed or empty
  kUnprocessable,     // well-formed but not acceptable (out of range, too long)
  kUnauthorized,      // no key or a wrong one
  kNotFound,          // no such route, file or model
  kMethodNotAllowed,  // the route exists, the method does not
  kTimeout,           // the client was too slow to send its request
  kTooLarge,          // a body or header over its limit
  kUnsupportedMedia,  // a content type or encoding that is not understood
  kOverloaded,        // a bounded queue is full: try again later
  kUnavailable,       // loading or draining
  kDeadlineExceeded,  // the request's own deadline has passed
  kCancelled,         // told to stop before it was done
  kIo,                // the operating system said no
  kCorrupt,           // a file is damaged, truncated or foreign
  kUnsupported,       // valid, but hearth does not do it
  kUsage,             // wrong command line
  kInternal,          // a bug
};

struct CodeTraits {
  std::string_view name;  // stable, snake_case: appears in logs and in error bodies as "error_type"
  int http_status;
  int exit_code;  // 0 done, 1 failed, 2 differs or findings, 64 wrong usage
  bool retryable;
};

const CodeTraits& TraitsOf(Code code);

// `message` is a verb phrase with the value that failed and, where there is one, the remedy:
// `cannot map model file "x.hearth": it is 12 bytes shorter than its header says; pack it again`.
struct Error {
  Code code = Code::kInternal;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> Fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

template <typename... Args>
tl::unexpected<Error> Fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// Passes an error on unchanged: `if (!r) return Forward(r);`
template <typename T>
tl::unexpected<Error> Forward(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}

}  // namespace hearth
