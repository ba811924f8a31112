// Objects of one S3 bucket: what there is, what is known of one, and requests for its bytes.
//
//   HEAD /key                  size, ETag, checksums (x-amz-checksum-mode: ENABLED)
//   GET  /?list-type=2&prefix= ListObjectsV2, page by page, keys percent-encoded
//   GET  /key with Range and If-Match
//
// A bucket in another region says so (x-amz-bucket-region); the region is then corrected once and
// for all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "fetch/checksum.h"
#include "fetch/origin.h"
#include "fetch/s3_xml.h"
#include "fetch/web.h"

namespace hearth::fetch {

// Adds the signature for `region`. Any thread.
using SignRequest =
    std::function<Status(const http::Url& url, const std::string& region, http::Outgoing* request)>;

struct S3Settings {
  std::string bucket;
  std::string region;  // empty: us-east-1 until the bucket says otherwise
  std::optional<http::Url> endpoint = std::nullopt;  // in place of Amazon's
  bool path_style = false;                           // the bucket in the path, not in the host
  SignRequest sign;                                  // empty: anonymous
};

struct S3Head {
  uint64_t size = 0;
  std::string etag;  // without quotes
  std::optional<int64_t> modified;
  std::vector<Checksum> checksums;
};

// Checksums of the whole object that the headers of HEAD promise: x-amz-checksum-* that are not of
// parts, and the ETag where it is an MD5 (one part, not encrypted with a key of KMS). Pure.
std::vector<Checksum> ChecksumsOfHead(const http::AnswerHead& head);

// "Wed, 21 Oct 2015 07:28:00 GMT" or "2015-10-21T07:28:00.000Z" as seconds since 1970.
std::optional<int64_t> ParseTime(std::string_view text);

// Any thread, each with its own Web. Outlives its origins.
class S3 {
 public:
  explicit S3(S3Settings settings) : settings_(std::move(settings)) {
    if (settings_.region.empty()) settings_.region = "us-east-1";
    region_ = settings_.region;
  }

  // Nothing when there is no such object: 404, and 403 (`*forbidden`), which S3 says too to whom
  // may not list the bucket.
  Result<std::optional<S3Head>> Head(Web* web, const std::string& key, bool* forbidden);
  Result<std::vector<S3Object>> List(Web* web, const std::string& prefix);
  std::unique_ptr<Origin> OriginOf(const std::string& key, const std::string& etag);

  // With the signature, where there is one. `query`: encoded, without "?".
  Result<OriginRequest> Request(const char* method, const std::string& key,
                                const std::string& query,
                                std::vector<std::pair<std::string, std::string>> headers);
  Result<OriginRequest> Signed(http::Url url, http::Outgoing outgoing);
  Error Explain(const std::string& key, const http::AnswerHead& head, std::string_view body) const;

 private:
  Result<http::Answer> Ask(Web* web, const char* method, const std::string& key,
                           const std::string& query,
                           std::vector<std::pair<std::string, std::string>> headers);
  http::Url At(const std::string& key, const std::string& query) const;
  std::string region() const;
  bool LearnRegion(const http::Answer& answer);

  S3Settings settings_;
  mutable Mutex mutex_;
  std::string region_ HEARTH_GUARDED_BY(mutex_);
};

}  // namespace hearth::fetch
