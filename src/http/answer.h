// What comes back from a server, as a client sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/header_list.h"

namespace hearth::http {

struct AnswerHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<uint64_t> content_length;  // also of an answer to HEAD; none when chunked

  std::string_view Header(std::string_view name) const;  // any case; empty when absent
};

// The same for a gateway, which prints a head and keeps nothing of it.
struct AnswerHeadView {
  int status = 0;
  std::string_view reason;
  const HeaderList& headers;
  std::optional<uint64_t> content_length;  // also of an answer to HEAD; none when chunked
};

// Takes a body as it comes. Called on the thread that asked.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Once, before any body. A failure ends the answer there: the connection is closed and the
  // failure returned.
  virtual Status OnHead(const AnswerHead& head) = 0;
  // In place of OnHead, of a parser that was made with header_list.
  virtual Status OnHeadView(const AnswerHeadView& /*head*/) { return {}; }
  // The next bytes, in order, decoded from chunks; valid during the call. A failure ends it as
  // above.
  virtual Status OnBody(std::string_view piece) = 0;
};

}  // namespace hearth::http
