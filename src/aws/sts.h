// AWS's Security Token Service: other credentials for credentials, or for an identity's token.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credential_provider.h"

namespace hearth::aws {

struct StsQuestion {
  std::string action;  // "AssumeRole"
  std::vector<std::pair<std::string, std::string>> fields;
  const Credentials* signer = nullptr;  // none: not signed
  std::string source;                   // of the credentials it gives
};

// At AWS_ENDPOINT_URL_STS, the profile's endpoint, or the region's (the environment's, the
// profile's, the instance's; without any sts.amazonaws.com), by `lookup.chosen`. Up to 3 tries, and
// one more with the server's time when the clock is wrong. kUnauthorized with AWS's code and
// message when it refuses, kUnavailable when it cannot, kCorrupt for an answer that is none.
Result<Credentials> AskSts(const Lookup& lookup, const StsQuestion& question);

// The body of `question`: a form.
std::string StsForm(const StsQuestion& question);

// Credentials out of an <AssumeRole…Response>. Pure.
Result<Credentials> ReadStsAnswer(std::string_view body, const StsQuestion& question);

}  // namespace hearth::aws
