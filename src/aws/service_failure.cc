#include "aws/service_failure.h"

#include <algorithm>
#include <array>

#include "aws/document.h"
#include "aws/retry.h"

namespace hearth::aws {

namespace {

// "ecs CreateService at https://ecs.eu-west-1.amazonaws.com".
std::string Name(const ServiceRequest& request, const http::Url& at) {
  return fmt::format("{} {} at {}", request.service, request.action, at.Origin());
}

void Hide(std::string_view secret, std::string* in) {
  if (secret.size() < 8) return;  // no secret of AWS's, and it would hit words
  for (size_t at = in->find(secret); at != std::string::npos; at = in->find(secret, at)) {
    in->replace(at, secret.size(), "…");
  }
}

bool IsUnauthorized(int http_status, std::string_view code) {
  constexpr std::array<std::string_view, 9> kCodes = {
      "AuthFailure",        "InvalidClientTokenId",        "UnauthorizedOperation",
      "OptInRequired",      "UnrecognizedClientException", "IncompleteSignature",
      "InvalidAccessKeyId", "SignatureDoesNotMatch",       "InvalidSignatureException"};
  return http_status == 401 || http_status == 403 || code.starts_with("AccessDenied") ||
         IsExpired(code) || std::ranges::find(kCodes, code) != kCodes.end();
}

bool IsNotFound(std::string_view code) {
  return code.ends_with("NotFoundException") || code.ends_with("NotFound") ||
         code.starts_with("NoSuchEntity");
}

Code CodeFor(int http_status, const ServiceError& said) {
  if (RetryFor(http_status, said.code) == Retry::kThrottled) return Code::kOverloaded;
  if (http_status < 400 || http_status >= 500) return Code::kUnavailable;
  if (IsNotFound(said.code)) return Code::kNotFound;
  if (IsUnauthorized(http_status, said.code)) return Code::kUnauthorized;
  return Code::kUnprocessable;
}

std::string_view RemedyFor(int http_status, const ServiceError& said) {
  if (IsClockWrong(http_status, said.code, said.message)) return "; set this machine's clock";
  if (IsExpired(said.code)) return "; the credentials have expired: get new ones";
  if (said.code == "UnrecognizedClientException" || said.code == "InvalidClientTokenId" ||
      said.code == "AuthFailure") {
    return "; AWS does not know these credentials: check which profile and keys are in use";
  }
  if (said.code == "SignatureDoesNotMatch" || said.code == "InvalidSignatureException") {
    return "; check the secret key";
  }
  return "";
}

}  // namespace

ServiceError SaidBy(const http::Answer& answer, const Credentials& signer) {
  ServiceError said = ReadServiceError(answer);
  if (said.code == "SignatureDoesNotMatch" || said.code == "InvalidSignatureException") {
    said.message.resize(std::min(said.message.find('\n'), said.message.size()));
  }
  Hide(signer.secret_access_key, &said.message);
  Hide(signer.session_token, &said.message);
  return said;
}

ServiceFailure FailureOf(const ServiceRequest& request, const http::Url& at,
                         const http::Answer& answer, ServiceError said) {
  ServiceFailure out;
  out.http_status = answer.status;
  out.maybe_done = answer.status >= 500 && RetryFor(answer.status, said.code) != Retry::kThrottled;
  out.error.code = CodeFor(answer.status, said);
  out.error.message =
      fmt::format("cannot {}: AWS answers {}{}{}: {}{}", Name(request, at), answer.status,
                  said.code.empty() ? "" : " ", Printable(said.code, 80),
                  said.message.empty() ? "no reason given" : Printable(said.message, 600),
                  RemedyFor(answer.status, said));
  out.said = std::move(said);
  return out;
}

ServiceFailure FailureOf(const ServiceRequest& request, const http::Url& at, const Error& error) {
  ServiceFailure out;
  out.error = {error.code, fmt::format("cannot {}: {}", Name(request, at), error.message)};
  return out;
}

bool IsRepeatable(const ServiceRequest& request) {
  if (request.action == "RegisterTaskDefinition") return false;
  if (request.action == "RunTask") return !TextOf(request.input, "clientToken").empty();
  if (request.action == "UpdateService") {
    return !BoolOf(request.input, "forceNewDeployment").value_or(false);
  }
  return true;
}

}  // namespace hearth::aws
