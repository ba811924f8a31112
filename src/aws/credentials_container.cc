#include "aws/credential_json.h"
#include "aws/credential_provider.h"
#include "aws/service_error.h"
#include "aws/small_file.h"

namespace hearth::aws {

namespace {

constexpr std::string_view kSource = "the container's credentials endpoint";
constexpr size_t kTokenBytesMax = size_t{16} * 1024;

// Everything else could be anybody, and would get the token in clear.
bool MayHoldSecrets(const http::Url& url) {
  const std::string& host = url.host;
  if (!url.unix_path.empty()) return false;
  const bool address = host.find_first_not_of("0123456789.") == std::string::npos;
  return url.tls || host == "localhost" || host == "169.254.170.2" || host == "169.254.170.23" ||
         host == "fd00:ec2::23" || host == "::1" || (address && host.starts_with("127."));
}

// Read anew each time: EKS writes a new one every hour.
Result<std::string> AuthorizationToken(const Env& env) {
  std::string token = FirstSet(env, {"AWS_CONTAINER_AUTHORIZATION_TOKEN"});
  const std::string path = FirstSet(env, {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"});
  if (!path.empty()) {
    auto file = ReadSmallFile(path, kTokenBytesMax);
    if (!file) {
      return Fail(file.error().code, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {}",
                  file.error().message);
    }
    token = *std::move(file);
  }
  if (token.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return Fail(Code::kInvalidArgument,
                "cannot use the container's authorization token (from {}): it holds a line break",
                path.empty() ? "AWS_CONTAINER_AUTHORIZATION_TOKEN" : path);
  }
  return token;
}

}  // namespace

Found FromContainer(const Lookup& lookup) {
  std::string variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
  std::string address = FirstSet(lookup.env, {variable});
  if (!address.empty()) {
    address = "http://169.254.170.2" + address;
  } else {
    variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    address = FirstSet(lookup.env, {variable});
  }
  if (address.empty()) {
    if (lookup.looked_at != nullptr) {
      lookup.looked_at->emplace_back("AWS_CONTAINER_CREDENTIALS_*_URI are not set");
    }
    return std::nullopt;
  }
  auto url = http::ParseUrl(address);
  if (!url) return Fail(url.error().code, "{}: {}", variable, url.error().message);
  if (!MayHoldSecrets(*url)) {
    return Fail(Code::kInvalidArgument,
                "cannot use {}: \"{}\" is neither https nor local to this machine", variable,
                url->Origin());
  }
  auto token = AuthorizationToken(lookup.env);
  if (!token) return Forward(token);
  http::Outgoing request;
  request.headers = {{"Accept", "application/json"}};
  if (!token->empty()) request.headers.emplace_back("Authorization", *token);
  const auto answer = lookup.ask(*url, request, {.time = std::chrono::seconds(2), .tries = 3});
  if (!answer) {
    return Fail(answer.error().code, "cannot ask {}: {}", kSource, answer.error().message);
  }
  if (answer->status != 200) {
    const ServiceError said = ReadServiceError(*answer);
    return Fail(Code::kUnavailable, "{} ({}) answered {}{}{}", kSource, url->Origin(),
                answer->status, said.code.empty() ? "" : ": ",
                Printable(said.code + " " + said.message));
  }
  auto read = ReadCredentialJson(answer->body, {.source = std::string(kSource)});
  if (!read) return Forward(read);
  return *std::move(read);
}

}  // namespace hearth::aws
