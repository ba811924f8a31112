#include "aws/sigv4.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <span>
#include <vector>

#include "aws/canonical.h"
#include "base/sha256.h"
#include "http/header_lookup.h"

namespace hearth::aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string Sha256Hex(std::string_view text) {
  Sha256 hash;
  hash.Update(Bytes(text));
  return Hex(hash.Digest());
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string Fold(std::string_view value) {
  std::string out;
  bool gap = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

bool IsSigned(std::string_view name) {
  return name != "connection" && name != "expect" && name != "user-agent" &&
         name != "x-amzn-trace-id" && name != "transfer-encoding" && name != "authorization";
}

void Replace(http::Outgoing* request, std::string_view name, std::string value) {
  std::erase_if(request->headers, [&](const auto& h) { return http::EqualsNoCase(h.first, name); });
  request->headers.emplace_back(name, std::move(value));
}

// Values are not quoted: one of them may be the session token.
Status Check(const http::Outgoing& request, const Credentials& credentials,
             const SigningOptions& options) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Fail(Code::kInvalidArgument, "cannot sign: the credentials from {} have an empty key",
                credentials.source.empty() ? "the caller" : credentials.source);
  }
  if (options.region.empty() || options.service.empty()) {
    return Fail(Code::kInvalidArgument, "cannot sign: no {} is given; set AWS_REGION",
                options.region.empty() ? "region" : "service");
  }
  constexpr std::string_view kBreaks("\r\n\0", 3);
  for (const std::string* text : {&credentials.session_token, &credentials.access_key_id}) {
    if (text->find_first_of(kBreaks) != std::string::npos) {
      return Fail(Code::kInvalidArgument, "cannot sign: credentials hold a line break");
    }
  }
  for (const auto& [name, value] : request.headers) {
    if ((name + value).find_first_of(kBreaks) != std::string::npos) {
      return Fail(Code::kInvalidArgument, "cannot sign: a header's value holds a line break");
    }
  }
  return {};
}

struct Canonical {
  std::string request;
  std::string signed_headers;  // their names
};

Canonical CanonicalOf(const http::Url& url, const http::Outgoing& request,
                      const SigningOptions& options, std::string_view payload) {
  std::map<std::string, std::string> headers = {{"host", url.Authority()}};
  for (const auto& [name, value] : request.headers) {
    const std::string lower = Lower(name);
    if (!IsSigned(lower) || lower == "host") continue;
    const auto [at, fresh] = headers.try_emplace(lower, Fold(value));
    if (!fresh) at->second += "," + Fold(value);
  }
  std::string canonical_headers;
  Canonical out;
  for (const auto& [name, value] : headers) {
    canonical_headers += fmt::format("{}:{}\n", name, value);
    out.signed_headers += (out.signed_headers.empty() ? "" : ";") + name;
  }

  const std::string target = request.target.empty() ? url.target : request.target;
  const size_t mark = std::min(target.find('?'), target.size());
  const std::string query = mark < target.size() ? target.substr(mark + 1) : "";
  out.request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                            CanonicalPath(target.substr(0, mark), options.double_encode_path),
                            CanonicalQuery(query), canonical_headers, out.signed_headers, payload);
  return out;
}

}  // namespace

Status Sign(const http::Url& url, http::Outgoing* request, const Credentials& credentials,
            const SigningOptions& options) {
  if (auto ok = Check(*request, credentials, options); !ok) return ok;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(options.now);
  const std::string stamp = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(seconds));
  const std::string day = stamp.substr(0, 8);
  const std::string payload =
      options.unsigned_payload ? "UNSIGNED-PAYLOAD" : Sha256Hex(request->body);

  std::erase_if(request->headers, [](const auto& h) {
    const std::string name = Lower(h.first);
    return name == "authorization" || name == "x-amz-security-token";
  });
  Replace(request, "X-Amz-Date", stamp);
  if (options.content_sha256_header) Replace(request, "x-amz-content-sha256", payload);
  if (!credentials.session_token.empty()) {
    Replace(request, "X-Amz-Security-Token", credentials.session_token);
  }

  const Canonical canonical = CanonicalOf(url, *request, options, payload);
  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", day, options.region, options.service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp, scope, Sha256Hex(canonical.request));
  const std::string secret = "AWS4" + credentials.secret_access_key;
  Sha256Digest key = HmacSha256(Bytes(secret), Bytes(day));
  for (const std::string_view part :
       {std::string_view(options.region), std::string_view(options.service),
        std::string_view("aws4_request"), std::string_view(to_sign)}) {
    key = HmacSha256(key, Bytes(part));
  }
  Replace(request, "Authorization",
          fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                      credentials.access_key_id, scope, canonical.signed_headers, Hex(key)));
  return {};
}

std::optional<std::chrono::seconds> ClockOffset(std::string_view date,
                                                std::chrono::system_clock::time_point now) {
  std::tm parts{};
  const std::string text(date.substr(0, 64));
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto server = std::chrono::system_clock::from_time_t(timegm(&parts));
  return std::chrono::duration_cast<std::chrono::seconds>(server - now);
}

}  // namespace hearth::aws
