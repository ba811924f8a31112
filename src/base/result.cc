#include "base/result.h"

namespace hearth {

const CodeTraits& TraitsOf(Code code) {
  static constexpr CodeTraits kInvalidArgument{"invalid_argument", 400, 1, false};
  static constexpr CodeTraits kUnprocessable{"validation", 422, 1, false};
  static constexpr CodeTraits kUnauthorized{"unauthorized", 401, 1, false};
  static constexpr CodeTraits kNotFound{"not_found", 404, 1, false};
  static constexpr CodeTraits kMethodNotAllowed{"method_not_allowed", 405, 1, false};
  static constexpr CodeTraits kTimeout{"timeout", 408, 1, true};
  static constexpr CodeTraits kTooLarge{"too_large", 413, 1, false};
  static constexpr CodeTraits kUnsupportedMedia{"unsupported_media_type", 415, 1, false};
  static constexpr CodeTraits kOverloaded{"overloaded", 429, 1, true};
  static constexpr CodeTraits kUnavailable{"unavailable", 503, 1, true};
  static constexpr CodeTraits kDeadlineExceeded{"deadline_exceeded", 504, 1, true};
  static constexpr CodeTraits kCancelled{"cancelled", 503, 1, false};
  static constexpr CodeTraits kIo{"io", 500, 1, false};
  static constexpr CodeTraits kCorrupt{"corrupt", 500, 1, false};
  static constexpr CodeTraits kUnsupported{"unsupported", 400, 1, false};
  static constexpr CodeTraits kUsage{"usage", 400, 64, false};
  static constexpr CodeTraits kInternal{"internal", 500, 1, false};
  switch (code) {
    case Code::kInvalidArgument:
      return kInvalidArgument;
    case Code::kUnprocessable:
      return kUnprocessable;
    case Code::kUnauthorized:
      return kUnauthorized;
    case Code::kNotFound:
      return kNotFound;
    case Code::kMethodNotAllowed:
      return kMethodNotAllowed;
    case Code::kTimeout:
      return kTimeout;
    case Code::kTooLarge:
      return kTooLarge;
    case Code::kUnsupportedMedia:
      return kUnsupportedMedia;
    case Code::kOverloaded:
      return kOverloaded;
    case Code::kUnavailable:
      return kUnavailable;
    case Code::kDeadlineExceeded:
      return kDeadlineExceeded;
    case Code::kCancelled:
      return kCancelled;
    case Code::kIo:
      return kIo;
    case Code::kCorrupt:
      return kCorrupt;
    case Code::kUnsupported:
      return kUnsupported;
    case Code::kUsage:
      return kUsage;
    case Code::kInternal:
      return kInternal;
  }
  return kInternal;
}

}  // namespace hearth
