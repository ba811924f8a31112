// The places where credentials are looked for, one function and one file each. Used by
// CredentialChain, in the order of its list; not for others.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aws/ask.h"
#include "aws/profile_file.h"
#include "aws/sigv4.h"
#include "base/env.h"
#include "base/result.h"

namespace hearth::aws {

// What a provider may look at. References outlive the call.
struct Lookup {
  const Env& env;
  const Ask& ask;
  const ProfileFiles& files;
  const Profiles&
      chosen;  // its region and endpoints count, also when a source profile is looked at
  const Profiles& profile;  // whose settings are looked at
  // Do AWS_WEB_IDENTITY_TOKEN_FILE and its like count? Not for a profile that was named as an
  // argument, nor for a source profile.
  bool variables = true;
  std::chrono::system_clock::time_point now;
  std::vector<std::string> visited = {};          // profiles on the way to this one, for cycles
  std::vector<std::string>* looked_at = nullptr;  // places without credentials, for the message
};

// nullopt: nothing there, look elsewhere. A failure: this is the place, and it does not work; the
// chain ends.
using Found = Result<std::optional<Credentials>>;
using Provider = Found (*)(const Lookup& lookup);

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION. Of the
// environment only: the files may be broken.
Found FromEnvironment(const Env& env);
Found FromAssumedRole(const Lookup& lookup);  // role_arn with source_profile or credential_source
Found FromWebIdentity(
    const Lookup& lookup);                   // AWS_WEB_IDENTITY_TOKEN_FILE, web_identity_token_file
Found FromSso(const Lookup& lookup);         // sso_role_name, sso_account_id: kUnsupported
Found FromSharedFile(const Lookup& lookup);  // keys in the credentials file
Found FromLogin(const Lookup& lookup);       // login_session: kUnsupported
Found FromProcess(const Lookup& lookup);     // credential_process
Found FromConfigFile(const Lookup& lookup);  // keys in the config file
Found FromContainer(const Lookup& lookup);   // AWS_CONTAINER_CREDENTIALS_*_URI: ECS, EKS
Found FromInstance(const Lookup& lookup);    // EC2's metadata

// The first that has something.
Found FirstOf(std::span<const Provider> providers, const Lookup& lookup);

// What belongs to one profile, in botocore's order: also asked for a source_profile.
std::span<const Provider> ProfileProviders();

}  // namespace hearth::aws
