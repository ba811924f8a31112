#include "fetch/s3.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

#include "aws/canonical.h"
#include "aws/region.h"
#include "fetch/answer_check.h"
#include "fetch/ask.h"
#include "fetch/redirect.h"

namespace hearth::fetch {
namespace {

constexpr size_t kObjectsMax = 100'000;

using Headers = std::vector<std::pair<std::string, std::string>>;

class S3Origin final : public Origin {
 public:
  S3Origin(S3* s3, std::string key, std::string etag)
      : s3_(s3), key_(std::move(key)), etag_(std::move(etag)) {}

  Result<OriginRequest> Ask() override {
    Headers headers;
    // The object may be replaced between two pieces.
    if (!etag_.empty()) headers.emplace_back("If-Match", "\"" + etag_ + "\"");
    return s3_->Request("GET", key_, "", std::move(headers));
  }

  Result<OriginRequest> Follow(const OriginRequest& from, const http::Url& to) override {
    http::Outgoing outgoing;
    outgoing.method = "GET";
    if (!etag_.empty()) outgoing.headers.emplace_back("If-Match", "\"" + etag_ + "\"");
    const bool amazon =
        to.host.ends_with(".amazonaws.com") || to.host.ends_with(".amazonaws.com.cn");
    if (SameServer(from.url, to) || (amazon && to.tls)) {
      return s3_->Signed(to, std::move(outgoing));
    }
    return OriginRequest{to, std::move(outgoing), false};
  }

  Error Explain(const OriginRequest& /*request*/, const http::AnswerHead& head,
                std::string_view body) override {
    return s3_->Explain(key_, head, body);
  }

 private:
  S3* s3_;
  const std::string key_;
  const std::string etag_;
};

bool IsRegion(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::vector<Checksum> ChecksumsOfHead(const http::AnswerHead& head) {
  struct Kind {
    std::string_view header;
    ChecksumKind kind;
    size_t bytes;
  };
  constexpr std::array<Kind, 4> kKinds = {{
      {"x-amz-checksum-sha256", ChecksumKind::kSha256, 32},
      {"x-amz-checksum-crc64nvme", ChecksumKind::kCrc64Nvme, 8},
      {"x-amz-checksum-crc32c", ChecksumKind::kCrc32c, 4},
      {"x-amz-checksum-crc32", ChecksumKind::kCrc32, 4},
  }};
  std::vector<Checksum> out;
  if (head.Header("x-amz-checksum-type") != "COMPOSITE") {
    for (const Kind& one : kKinds) {
      // One of parts ends in "-<parts>", which is no base64.
      if (const auto hex = HexOfBase64(head.Header(one.header), one.bytes)) {
        out.push_back({one.kind, *hex});
      }
    }
  }
  if (!out.empty()) return out;
  const std::string_view encryption = head.Header("x-amz-server-side-encryption");
  const bool plain = (encryption.empty() || encryption == "AES256") &&
                     head.Header("x-amz-server-side-encryption-customer-algorithm").empty();
  const auto md5 = AsHex(NormalizeEtag(head.Header("ETag")), 32);
  if (plain && md5) out.push_back({ChecksumKind::kMd5, *md5});
  return out;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  const std::string whole(text);
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm parts{};
    if (::strptime(whole.c_str(), format, &parts) != nullptr) return ::timegm(&parts);
  }
  return std::nullopt;
}

std::string S3::region() const {
  const MutexLock lock(mutex_);
  return region_;
}

http::Url S3::At(const std::string& key, const std::string& query) const {
  http::Url url;
  if (settings_.endpoint) {
    url = *settings_.endpoint;
    while (url.target.ends_with('/')) url.target.pop_back();
  } else {
    const std::string at = region();
    url.tls = true;
    url.port = 443;
    url.host = fmt::format("s3.{}.{}", at, aws::DnsSuffix(at));
    url.target.clear();
  }
  if (settings_.path_style) {
    url.target += "/" + settings_.bucket;
  } else {
    url.host = settings_.bucket + "." + url.host;
  }
  const std::string path = aws::PercentEncode(key, "/");
  if (!path.empty() || !settings_.path_style) url.target += "/" + path;
  if (!query.empty()) url.target += "?" + query;
  return url;
}

Result<OriginRequest> S3::Signed(http::Url url, http::Outgoing outgoing) {
  outgoing.headers.emplace_back("User-Agent", "hearth");
  if (settings_.sign) {
    if (Status ready = settings_.sign(url, region(), &outgoing); !ready) return Forward(ready);
  }
  return OriginRequest{std::move(url), std::move(outgoing), false};
}

Result<OriginRequest> S3::Request(const char* method, const std::string& key,
                                  const std::string& query, Headers headers) {
  http::Outgoing outgoing;
  outgoing.method = method;
  outgoing.headers = std::move(headers);
  return Signed(At(key, query), std::move(outgoing));
}

// True when the bucket lies in another region than was asked: then it is worth asking again.
bool S3::LearnRegion(const http::Answer& answer) {
  if (answer.status != 301 && answer.status != 307 && answer.status != 400 &&
      answer.status != 403) {
    return false;
  }
  std::string said(answer.Header("x-amz-bucket-region"));
  if (said.empty()) said = ReadFailure(answer.body).region;
  const MutexLock lock(mutex_);
  if (!IsRegion(said) || said == region_) return false;
  region_ = said;
  return true;
}

Result<http::Answer> S3::Ask(Web* web, const char* method, const std::string& key,
                             const std::string& query, Headers headers) {
  std::optional<http::Url> redirected;
  for (int hop = 0; hop <= kRedirectsMax; ++hop) {
    auto answer = AskUntilAnswered(web, "s3://" + settings_.bucket, [&]() -> Result<http::Answer> {
      http::Outgoing outgoing;
      outgoing.method = method;
      outgoing.headers = headers;
      auto request = Signed(redirected ? *redirected : At(key, query), std::move(outgoing));
      if (!request) return Forward(request);
      return web->Ask(request->url, request->outgoing);
    });
    if (!answer) return answer;
    if (LearnRegion(*answer)) {
      redirected.reset();
      continue;
    }
    const bool moved = answer->status == 301 || answer->status == 302 || answer->status == 307 ||
                       answer->status == 308;
    if (!moved || answer->Header("Location").empty()) return answer;
    const http::Url from = redirected ? *redirected : At(key, query);
    auto next = NextHop(from, answer->Header("Location"));
    if (!next) return Forward(next);
    if (settings_.sign && !SameServer(from, *next) && !next->host.ends_with(".amazonaws.com")) {
      return Fail(Code::kCorrupt, "{} redirects a signed request to {}: not followed",
                  from.Authority(), next->Authority());
    }
    redirected = *std::move(next);
  }
  return Fail(Code::kIo, "s3://{} redirects more than {} times", settings_.bucket, kRedirectsMax);
}

Error S3::Explain(const std::string& key, const http::AnswerHead& head,
                  std::string_view body) const {
  Error error = StatusError(head);
  if (head.status == 412) return error;
  const S3Failure failure = ReadFailure(body);
  const std::string what = fmt::format("s3://{}/{}", settings_.bucket, key);
  if (failure.code == "NoSuchBucket") {
    error.message = fmt::format("there is no bucket \"{}\"", settings_.bucket);
  } else if (head.status == 404) {
    error.message = fmt::format("there is no {}", what);
  } else if (head.status == 403 || head.status == 401) {
    error.message = fmt::format(
        "S3 refuses {} ({})", what,
        settings_.sign ? "check the credentials and their rights s3:GetObject and s3:ListBucket"
                       : "it is not public: leave --no-sign-request out and give credentials");
  } else {
    error.message = fmt::format("S3 answers {} to {}", head.status, what);
  }
  if (failure.code == "SlowDown" || failure.code == "RequestTimeout" ||
      failure.code == "ThrottlingException") {
    error.code = Code::kUnavailable;
  }
  if (!failure.code.empty()) {
    error.message += fmt::format(": {:.60}, {:.200}", failure.code, failure.message);
  }
  return error;
}

Result<std::optional<S3Head>> S3::Head(Web* web, const std::string& key, bool* forbidden) {
  auto answer = Ask(web, "HEAD", key, "", {{"x-amz-checksum-mode", "ENABLED"}});
  if (!answer) return Forward(answer);
  *forbidden = answer->status == 403;
  if (answer->status == 404 || *forbidden) return std::optional<S3Head>();
  const http::AnswerHead head{answer->status, answer->headers, std::nullopt};
  if (answer->status != 200) {
    return tl::unexpected<Error>(Explain(key, head, answer->body));
  }
  S3Head out;
  const std::string_view length = head.Header("Content-Length");
  const auto [end, failed] =
      std::from_chars(length.data(), length.data() + length.size(), out.size);
  if (failed != std::errc() || end != length.data() + length.size()) {
    return Fail(Code::kCorrupt, "S3 does not say how long s3://{}/{} is", settings_.bucket, key);
  }
  out.etag = NormalizeEtag(head.Header("ETag"));
  out.modified = ParseTime(head.Header("Last-Modified"));
  out.checksums = ChecksumsOfHead(head);
  return std::optional<S3Head>(std::move(out));
}

Result<std::vector<S3Object>> S3::List(Web* web, const std::string& prefix) {
  std::vector<S3Object> out;
  std::string token;
  do {
    // In the order of their names, as signatures want them.
    std::string query;
    if (!token.empty()) query += "continuation-token=" + aws::PercentEncode(token) + "&";
    query += "encoding-type=url&list-type=2&prefix=" + aws::PercentEncode(prefix);
    auto answer = Ask(web, "GET", "", query, {});
    if (!answer) return Forward(answer);
    if (answer->status != 200) {
      return tl::unexpected<Error>(
          Explain(prefix, {answer->status, answer->headers, std::nullopt}, answer->body));
    }
    auto page = ReadListing(answer->body);
    if (!page) return Forward(page);
    if (page->next_token == token && !token.empty()) {
      return Fail(Code::kCorrupt, "the listing of s3://{} does not go on", settings_.bucket);
    }
    token = page->next_token;
    std::ranges::move(page->objects, std::back_inserter(out));
    if (out.size() > kObjectsMax) {
      return Fail(Code::kTooLarge, "s3://{}/{} has over {} objects: name a smaller folder",
                  settings_.bucket, prefix, kObjectsMax);
    }
  } while (!token.empty());
  return out;
}

std::unique_ptr<Origin> S3::OriginOf(const std::string& key, const std::string& etag) {
  return std::make_unique<S3Origin>(this, key, etag);
}

}  // namespace hearth::fetch
