// The heads that the gateway sends on: a request's to a replica, an answer's to a client. Printed
// anew from what was parsed, never copied; hop-by-hop headers stay behind. Pure.
//
// Source: RFC 9110 section 7.6.1 (Connection and what it names), RFC 9112 section 6 (framing).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/identity.h"
#include "http/answer.h"
#include "http/header_list.h"

namespace hearth::gateway {

// How long a body is.
struct Framing {
  bool chunked = false;  // not known before
  std::optional<uint64_t> length =
      std::nullopt;  // none and not chunked: there is no body, and nothing is said
};

struct RequestHeadParts {
  std::string_view method;
  std::string_view target;  // origin form
  const http::HeaderList& headers;
  Framing framing;
  std::string_view client;  // its address; empty: not known (a unix socket)
};

// What is known of a request once its head has been sent on.
struct RequestNames {
  std::string request_id;  // the client's, or a new one
};

// Appends the head to *out. Dropped: hop-by-hop headers, Expect, what is set anew (X-Forwarded-*,
// traceparent and tracestate when the client's is malformed).
void PrintRequestHead(const RequestHeadParts& parts, RandomHex* random, RequestNames* names,
                      std::string* out);

// Whether the client asks to speak something else over this connection: Upgrade, named by
// Connection. An offer of h2c does not count: some clients make it with every request, and do
// without.
bool AsksForUpgrade(const http::HeaderList& headers);

// How the body of an answer goes to a client.
struct AnswerFraming {
  Framing framing;
  bool has_body = true;
  bool until_close = false;  // the end of the connection is the end of the body (HTTP/1.0)
};
AnswerFraming FrameAnswer(int status, std::optional<uint64_t> length, bool head_only, bool http10);

void PrintAnswerHead(const http::AnswerHeadView& head, const AnswerFraming& framing, bool close,
                     std::string_view request_id, std::string* out);

// "1a\r\n", the line in front of a chunk of that size.
void AppendChunkLine(uint64_t bytes, std::string* out);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace hearth::gateway
