#include "aws/credential_provider.h"
#include "aws/iso_time.h"

namespace hearth::aws {

Found FromEnvironment(const Env& env) {
  Credentials out{.access_key_id = FirstSet(env, {"AWS_ACCESS_KEY_ID"}),
                  .secret_access_key = FirstSet(env, {"AWS_SECRET_ACCESS_KEY"}),
                  .session_token = FirstSet(env, {"AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}),
                  .expiration = {},
                  .source = "the environment"};
  if (out.access_key_id.empty()) return std::nullopt;
  if (out.secret_access_key.empty()) {
    return Fail(Code::kInvalidArgument, "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
  }
  const std::string expires = FirstSet(env, {"AWS_CREDENTIAL_EXPIRATION"});
  if (!expires.empty()) {
    out.expiration = ParseIsoTime(expires);
    if (!out.expiration) {
      return Fail(Code::kInvalidArgument,
                  "AWS_CREDENTIAL_EXPIRATION is \"{:.40}\": expected 2026-11-25T12:00:00Z",
                  expires);
    }
  }
  return out;
}

}  // namespace hearth::aws
