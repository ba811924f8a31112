// Credentials as JSON: from the container's endpoint, the instance's metadata, credential_process.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "aws/sigv4.h"
#include "base/result.h"

namespace hearth::aws {

struct CredentialForm {
  std::string source;                     // "the instance's metadata": into Credentials and errors
  std::string_view token_name = "Token";  // credential_process: "SessionToken"
  bool must_expire = true;                // without Expiration (and a token) it is an error
  bool has_version = false;               // "Version" must be 1
};

// kCorrupt, without a word of what was in it, for what is not such an object; kUnavailable with
// Code and Message where the endpoint says why it has none.
Result<Credentials> ReadCredentialJson(std::string_view body, const CredentialForm& form);

// kCorrupt when a key is empty or holds what cannot be in one (blanks, line breaks, control
// characters, beyond ASCII).
Status CheckCredentials(const Credentials& credentials);

}  // namespace hearth::aws
