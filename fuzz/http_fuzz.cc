// Any bytes as a connection's input, cut in any way: no crash, and the cuts change nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/parse_in_pieces.h"
#include "http/response_parser.h"
#include "http/url.h"

namespace {

using hearth::http::ParsedRequests;
using hearth::http::ParseInPieces;
using hearth::http::ResponseParser;

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckRequests(std::string_view wire, size_t step) {
  const ParsedRequests whole = ParseInPieces(wire, wire.size() + 1);
  const ParsedRequests cut = ParseInPieces(wire, step);
  Require(whole.requests.size() == cut.requests.size());
  // Less than a last chunk is not looked at before more has come: then an error may not have been
  // seen yet.
  const bool unseen = whole.failure && !cut.failure && cut.left < 5;
  Require(unseen || whole.failure.has_value() == cut.failure.has_value());
  for (size_t i = 0; i < whole.requests.size(); ++i) {
    Require(whole.requests[i].path == cut.requests[i].path);
    Require(whole.requests[i].headers == cut.requests[i].headers);
    Require(whole.requests[i].body == cut.requests[i].body);
  }
}

void CheckAnswer(std::string_view wire, size_t step, bool head_only) {
  ResponseParser parser({.answer_bytes_max = 1 << 20});
  parser.Reset(head_only);
  auto outcome = ResponseParser::Outcome::kNeedMore;
  while (!wire.empty() && outcome == ResponseParser::Outcome::kNeedMore) {
    outcome = parser.Feed(wire.substr(0, step));
    wire.remove_prefix(step < wire.size() ? step : wire.size());
  }
  if (outcome == ResponseParser::Outcome::kNeedMore) outcome = parser.EndOfInput();
  if (outcome == ResponseParser::Outcome::kDone) Require(parser.status() >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t step = 1 + data[0] % 64;
  const std::string wire(data + 2, data + size);
  if (data[1] % 4 == 0) {
    CheckAnswer(wire, step, (data[1] & 4) != 0);
  } else {
    CheckRequests(wire, step);
  }
  if (const auto url = hearth::http::ParseUrl(wire))
    Require(hearth::http::ParseUrl(url->ToString()).has_value());
  return 0;
}
