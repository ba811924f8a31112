#include "aws/credential_provider.h"
#include "aws/small_file.h"
#include "aws/sts.h"

namespace hearth::aws {

namespace {

constexpr size_t kTokenBytesMax = size_t{32} * 1024;

// Read anew each time: Kubernetes writes a new one before the old one expires.
Result<std::string> IdentityToken(const std::string& path) {
  auto token = ReadSmallFile(path, kTokenBytesMax);
  if (!token) {
    return Fail(token.error().code, "the web identity token: {}", token.error().message);
  }
  token->erase(token->find_last_not_of(" \t\r\n") + 1);
  if (token->empty()) {
    return Fail(Code::kCorrupt, "cannot use the web identity token: \"{}\" is empty", path);
  }
  return token;
}

}  // namespace

Found FromWebIdentity(const Lookup& lookup) {
  const auto setting = [&](std::string_view variable, std::string_view key) {
    const std::string said = lookup.variables ? FirstSet(lookup.env, {variable}) : "";
    return said.empty() ? lookup.profile.Setting(key) : said;
  };
  const std::string path = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (path.empty()) return std::nullopt;
  const std::string role = setting("AWS_ROLE_ARN", "role_arn");
  if (role.empty()) {
    return Fail(Code::kInvalidArgument,
                "cannot use the web identity token \"{}\": neither AWS_ROLE_ARN nor role_arn of "
                "the profile \"{}\" says for which role",
                path, lookup.profile.name);
  }
  auto token = IdentityToken(path);
  if (!token) return Forward(token);
  std::string session = setting("AWS_ROLE_SESSION_NAME", "role_session_name");
  if (session.empty()) {
    session = fmt::format("hearth-{}", std::chrono::system_clock::to_time_t(lookup.now));
  }
  auto out = AskSts(lookup, {.action = "AssumeRoleWithWebIdentity",
                             .fields = {{"RoleArn", role},
                                        {"RoleSessionName", session},
                                        {"WebIdentityToken", *std::move(token)}},
                             .signer = nullptr,
                             .source = fmt::format("the role {} by web identity", role)});
  if (!out) {
    return Fail(out.error().code, "cannot assume {} with the token in \"{}\": {}", role, path,
                out.error().message);
  }
  return *std::move(out);
}

}  // namespace hearth::aws
