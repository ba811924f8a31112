// What S3 answers with, out of its XML (aws/xml_read.h). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::fetch {

struct S3Object {
  std::string key;
  uint64_t size = 0;
  std::string etag;           // without quotes
  std::string last_modified;  // as S3 writes it
};

struct S3Page {
  std::vector<S3Object> objects;
  std::string next_token;  // empty: the last page
};

// A page of ListObjectsV2 that was asked for with encoding-type=url. kCorrupt.
Result<S3Page> ReadListing(std::string_view body);

struct S3Failure {
  std::string code;  // "NoSuchKey"; empty when the body is no <Error>
  std::string message;
  std::string region;  // of AuthorizationHeaderMalformed
};
S3Failure ReadFailure(std::string_view body);

// %41 → A, + → space. Nothing for a broken escape.
std::optional<std::string> UrlDecode(std::string_view text);

}  // namespace hearth::fetch
