// AWS Signature Version 4: signs a request so that AWS knows who asks. Pure: time comes in.
// The rules are AWS's ("Signature Version 4 signing process"); botocore is the oracle
// (tools/oracle/compare_sigv4.py).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "http/url.h"

namespace hearth::aws {

// Secret: never log it, never put it into an error. `source` says where it was found and is fit
// for both.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: long-lived keys
  std::optional<std::chrono::system_clock::time_point> expiration;
  std::string source;
};

struct SigningOptions {
  std::string region;
  std::string service;  // the signing name: "s3", "ecs", "elasticloadbalancing"
  std::chrono::system_clock::time_point now;
  bool double_encode_path = true;      // false for S3, whose path is not normalised either
  bool content_sha256_header = false;  // true for S3
  bool unsigned_payload = false;       // the body is not hashed; only over https
};

// Adds X-Amz-Date, X-Amz-Security-Token, x-amz-content-sha256 (where asked for) and Authorization
// to `request->headers`, in place of those that were there: a request may be signed again. Every
// header is signed but those that proxies change (Connection, Expect, User-Agent, X-Amzn-Trace-Id,
// Transfer-Encoding). kInvalidArgument for line breaks in a header or a token, and for an empty
// key, region or service.
Status Sign(const http::Url& url, http::Outgoing* request, const Credentials& credentials,
            const SigningOptions& options);

// How far the server's clock is ahead of `now`, from its Date header ("Wed, 25 Nov 2026 12:00:00
// GMT"): add it to `now` and sign again. nullopt when it is not a date.
std::optional<std::chrono::seconds> ClockOffset(std::string_view date,
                                                std::chrono::system_clock::time_point now);

}  // namespace hearth::aws
