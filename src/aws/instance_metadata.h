// The metadata of the EC2 instance that this process may run on (IMDSv2; v1 where v2 does not get
// through). Not on EC2, an answer is that there is none, after a second or two at most.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/ask.h"
#include "aws/profile_file.h"
#include "base/env.h"
#include "base/result.h"

namespace hearth::aws {

// One conversation: asks for a token first, keeps it. AWS_EC2_METADATA_DISABLED,
// AWS_EC2_METADATA_SERVICE_ENDPOINT(_MODE), AWS_EC2_METADATA_V1_DISABLED, and what the profile says
// (ec2_metadata_…); AWS_METADATA_SERVICE_TIMEOUT (seconds, 1 to 10) and _NUM_ATTEMPTS (1 to 5).
class InstanceMetadata {
 public:
  InstanceMetadata(const Env& env, const Profiles& profiles, const Ask& ask);

  // Below latest/meta-data/. kNotFound: not on EC2, disabled, or no such thing; the message says
  // which. kInvalidArgument for an endpoint that is no URL, kCorrupt for an odd token.
  Result<std::string> Get(std::string_view path);

 private:
  Status Begin();  // the token

  const Env& env_;
  const Profiles& profiles_;
  const Ask& ask_;
  AskLimits limits_;
  std::optional<http::Url> base_;  // none before Begin
  std::string token_;              // empty: v1
};

// From the availability zone; empty when it cannot be found out.
std::string InstanceRegion(const Env& env, const Profiles& profiles, const Ask& ask);

// Credentials::source of FromInstance.
inline constexpr std::string_view kInstanceSource = "the instance's metadata";

}  // namespace hearth::aws
