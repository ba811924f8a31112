#include "aws/credential_json.h"

#include <algorithm>
#include <boost/json.hpp>

#include "aws/iso_time.h"
#include "aws/service_error.h"

namespace hearth::aws {

namespace {

const boost::json::string* TextIn(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_string();
}

std::string ValueIn(const boost::json::object& object, std::string_view name) {
  const auto* text = TextIn(object, name);
  return text == nullptr ? std::string() : std::string(*text);
}

bool IsFitForHeader(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

Status CheckVersion(const boost::json::object& object, const std::string& source) {
  const auto* version = object.if_contains("Version");
  if (version != nullptr && version->is_number()) {
    boost::json::error_code failed;
    if (version->to_number<int>(failed) == 1 && !failed) return {};
  }
  return Fail(Code::kCorrupt, "cannot use what {} gave: its \"Version\" is not 1", source);
}

}  // namespace

Status CheckCredentials(const Credentials& credentials) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Fail(Code::kCorrupt, "cannot use the credentials from {}: a key is empty",
                credentials.source);
  }
  for (const auto& [name, text] : {std::pair("access key id", &credentials.access_key_id),
                                   std::pair("secret access key", &credentials.secret_access_key),
                                   std::pair("session token", &credentials.session_token)}) {
    if (IsFitForHeader(*text)) continue;
    return Fail(Code::kCorrupt,
                "cannot use the credentials from {}: the {} holds a blank, a line break or another "
                "character that no key has",
                credentials.source, name);
  }
  return {};
}

Result<Credentials> ReadCredentialJson(std::string_view body, const CredentialForm& form) {
  boost::json::error_code failed;
  const boost::json::value value = boost::json::parse(body, failed);
  const boost::json::object* object = failed ? nullptr : value.if_object();
  if (object == nullptr) {
    return Fail(Code::kCorrupt, "cannot use what {} gave: it is not a JSON object", form.source);
  }
  if (form.has_version) {
    if (Status right = CheckVersion(*object, form.source); !right) return Forward(right);
  }
  const auto* id = TextIn(*object, "AccessKeyId");
  const std::string code = ValueIn(*object, "Code");
  if (id == nullptr && !code.empty() && code != "Success") {
    return Fail(Code::kUnavailable, "{} has no credentials: {}, {}", form.source,
                Printable(code, 60), Printable(ValueIn(*object, "Message")));
  }
  Credentials out{.access_key_id = ValueIn(*object, "AccessKeyId"),
                  .secret_access_key = ValueIn(*object, "SecretAccessKey"),
                  .session_token = ValueIn(*object, form.token_name),
                  .expiration = {},
                  .source = form.source};
  const auto* expires = TextIn(*object, "Expiration");
  if (expires != nullptr) out.expiration = ParseIsoTime(*expires);
  const bool half =
      form.must_expire && (!out.expiration || TextIn(*object, form.token_name) == nullptr);
  if (out.access_key_id.empty() || out.secret_access_key.empty() || half ||
      (expires != nullptr && !out.expiration)) {
    return Fail(
        Code::kCorrupt,
        "cannot use what {} gave: AccessKeyId, SecretAccessKey{} is missing or malformed",
        form.source,
        form.must_expire ? fmt::format(", {} or Expiration", form.token_name) : " or Expiration");
  }
  if (Status fit = CheckCredentials(out); !fit) return Forward(fit);
  return out;
}

}  // namespace hearth::aws
