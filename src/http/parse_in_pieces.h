// For tests and the fuzz target: a whole stream of bytes through RequestParser, cut the way a
// connection would.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.h"

namespace hearth::http {

struct ParsedRequests {
  std::vector<Request> requests;
  std::optional<Refusal> failure;
  size_t left = 0;  // bytes not understood
};

// Feeds `wire` in pieces of at most `step` bytes.
inline ParsedRequests ParseInPieces(std::string_view wire, size_t step,
                                    size_t header_bytes_max = 16384) {
  RequestParser parser(header_bytes_max);
  ParsedRequests parsed;
  std::string input;
  bool head_done = false;
  while (true) {
    size_t used = 0;
    const auto outcome = head_done ? parser.Body(input, &used) : parser.Head(input, &used);
    input.erase(0, used);
    if (outcome == RequestParser::Outcome::kFailed) {
      parsed.failure = parser.failure();
      break;
    }
    if (outcome == RequestParser::Outcome::kNeedMore) {
      if (wire.empty()) break;
      input.append(wire.substr(0, step));
      wire.remove_prefix(std::min(step, wire.size()));
    } else if (!head_done && parser.has_body()) {
      head_done = true;
    } else {
      parsed.requests.push_back(parser.TakeRequest());
      parser.Reset();
      head_done = false;
    }
  }
  parsed.left = input.size();
  return parsed;
}

}  // namespace hearth::http
