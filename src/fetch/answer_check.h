// What an answer to a GET of a range means. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fetch/piece_plan.h"
#include "http/client.h"

namespace hearth::fetch {

// "bytes 0-99/1000" → {[0, 100), 1000}; nothing for anything else ("*" for the size too: what is
// brought has a size).
struct ContentRange {
  Range range;
  uint64_t size = 0;
};
std::optional<ContentRange> ParseContentRange(std::string_view text);

// An ETag as the hub's cache names files: without W/ and quotes.
std::string NormalizeEtag(std::string_view etag);

enum class Take {
  kBody,       // its body is what was asked for
  kWholeFile,  // its body is the whole file although a range was asked for
  kRedirect,   // ask where its Location says
};

// What was asked for, and what is known of the file.
struct Asked {
  Range range;
  bool whole = false;  // without a Range header
  uint64_t size = 0;   // of the file
  std::string etag;    // normalised; empty: any will do
};

// Failures: kUnauthorized (401, 403), kNotFound (404, 410), kCorrupt (another range, size or
// version of the file, or a coded body: the message says which), kOverloaded (429), kUnavailable
// (5xx, 408), kIo for all else. Messages begin with what the server did: `the server answers 404
// …`.
Result<Take> JudgeAnswer(const Asked& asked, const http::AnswerHead& head);

// The failure of an answer that is no success, redirects included; `head.status` >= 300.
Error StatusError(const http::AnswerHead& head);

// Retry-After in seconds (the form with a date counts as absent), at most an hour.
std::optional<uint32_t> RetryAfterSeconds(const http::AnswerHead& head);

}  // namespace hearth::fetch
