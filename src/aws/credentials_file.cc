#include "aws/credential_provider.h"

namespace hearth::aws {

namespace {

Found FromSection(const Section& section, const Profiles& profile, const std::string& path) {
  if (!section.contains("aws_access_key_id")) return std::nullopt;
  Credentials out{.access_key_id = ValueOf(section, "aws_access_key_id"),
                  .secret_access_key = ValueOf(section, "aws_secret_access_key"),
                  .session_token = ValueOf(section, section.contains("aws_security_token")
                                                        ? "aws_security_token"
                                                        : "aws_session_token"),
                  .expiration = {},
                  .source = fmt::format("the profile \"{}\" in \"{}\"", profile.name, path)};
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return Fail(Code::kInvalidArgument,
                "{} has only one of aws_access_key_id and "
                "aws_secret_access_key",
                out.source);
  }
  return out;
}

Error Refused(const Profiles& profile, std::string_view key) {
  return {Code::kUnsupported,
          fmt::format("cannot use the AWS profile \"{0}\": hearth does not read {1}; run `eval "
                      "\"$(aws configure export-credentials --profile {0} --format env)\"` first",
                      profile.name, key)};
}

}  // namespace

Found FromSharedFile(const Lookup& lookup) {
  return FromSection(lookup.profile.credentials, lookup.profile, lookup.files.credentials_path);
}

Found FromConfigFile(const Lookup& lookup) {
  auto found = FromSection(lookup.profile.config, lookup.profile, lookup.files.config_path);
  if (found && !*found && lookup.looked_at != nullptr) {
    lookup.looked_at->push_back(fmt::format("the profile \"{}\" has no keys in \"{}\" or \"{}\"",
                                            lookup.profile.name, lookup.files.credentials_path,
                                            lookup.files.config_path));
  }
  return found;
}

Found FromSso(const Lookup& lookup) {
  for (const char* key : {"sso_role_name", "sso_account_id"}) {
    if (lookup.profile.Has(key)) return tl::unexpected<Error>(Refused(lookup.profile, key));
  }
  return std::nullopt;
}

Found FromLogin(const Lookup& lookup) {
  constexpr std::string_view kKey = "login_session";
  if (lookup.profile.Has(kKey)) return tl::unexpected<Error>(Refused(lookup.profile, kKey));
  return std::nullopt;
}

}  // namespace hearth::aws
