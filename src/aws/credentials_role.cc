#include <algorithm>
#include <charconv>

#include "aws/credential_provider.h"
#include "aws/sts.h"

namespace hearth::aws {

namespace {

constexpr size_t kChainMax = 16;

template <typename... Args>
tl::unexpected<Error> Unusable(const Profiles& profile, fmt::format_string<Args...> format,
                               Args&&... args) {
  return Fail(Code::kInvalidArgument, "cannot use the AWS profile \"{}\": {}", profile.name,
              fmt::format(format, std::forward<Args>(args)...));
}

bool IsRole(const Profiles& profile) {
  return profile.Has("role_arn") && !profile.Has("web_identity_token_file");
}

bool HasKeys(const Profiles& profile) {
  return profile.Has("aws_access_key_id") || profile.Has("aws_secret_access_key");
}

Found FromNamedSource(const Lookup& lookup, const std::string& source) {
  if (source == "Environment") return FromEnvironment(lookup.env);
  if (source == "EcsContainer") return FromContainer(lookup);
  if (source == "Ec2InstanceMetadata") return FromInstance(lookup);
  return Unusable(lookup.profile,
                  "credential_source is \"{}\": expected Environment, EcsContainer or "
                  "Ec2InstanceMetadata",
                  source);
}

Found FromSourceProfile(const Lookup& lookup, const std::string& name) {
  auto found = FindProfile(lookup.files, name);
  if (!found) return Forward(found);
  if (!*found) {
    return Unusable(lookup.profile, "its source_profile \"{}\" does not exist", name);
  }
  const Profiles& source = **found;
  const bool itself = name == lookup.profile.name;
  const bool seen = itself || std::ranges::find(lookup.visited, name) != lookup.visited.end();
  // A profile may hold both the role and the keys to get it with.
  if (seen && !(itself && HasKeys(source))) {
    return Unusable(lookup.profile, "its source_profile \"{}\" leads back to where it came from",
                    name);
  }
  Lookup deeper{.env = lookup.env,
                .ask = lookup.ask,
                .files = lookup.files,
                .chosen = lookup.chosen,
                .profile = source,
                .variables = false,
                .now = lookup.now,
                .visited = lookup.visited,
                .looked_at = nullptr};
  deeper.visited.push_back(lookup.profile.name);
  if (deeper.visited.size() > kChainMax) {
    return Unusable(lookup.chosen, "more than {} profiles, one behind the other", kChainMax);
  }
  if (!HasKeys(source) && IsRole(source)) return FromAssumedRole(deeper);
  return FirstOf(ProfileProviders(), deeper);
}

Result<Credentials> SourceOf(const Lookup& lookup) {
  const std::string named = lookup.profile.Setting("credential_source");
  const std::string profile = lookup.profile.Setting("source_profile");
  if (named.empty() == profile.empty()) {
    return Unusable(lookup.profile, "role_arn needs {} source_profile or credential_source",
                    named.empty() ? "a" : "only one of");
  }
  std::vector<std::string> looked_at;
  Lookup noting = lookup;
  noting.looked_at = &looked_at;
  auto found =
      profile.empty() ? FromNamedSource(noting, named) : FromSourceProfile(noting, profile);
  if (!found) return Forward(found);
  if (*found) return **std::move(found);
  return Fail(Code::kNotFound,
              "cannot use the AWS profile \"{}\": its {} \"{}\" has no credentials{}{}",
              lookup.profile.name, profile.empty() ? "credential_source" : "source_profile",
              profile.empty() ? named : profile, looked_at.empty() ? "" : ": ",
              looked_at.empty() ? "" : looked_at.front());
}

std::string SessionName(std::string given, const Lookup& lookup) {
  if (!given.empty()) return given;
  return fmt::format("hearth-{}", std::chrono::system_clock::to_time_t(lookup.now));
}

}  // namespace

Found FromAssumedRole(const Lookup& lookup) {
  const Profiles& profile = lookup.profile;
  if (!IsRole(profile)) return std::nullopt;
  if (profile.Has("mfa_serial")) {
    return Fail(Code::kUnsupported,
                "cannot use the AWS profile \"{0}\": it has an mfa_serial, and hearth asks nobody "
                "for a code; run `eval \"$(aws configure export-credentials --profile {0} --format "
                "env)\"` first",
                profile.name);
  }
  const std::string role = profile.Setting("role_arn");
  StsQuestion question{
      .action = "AssumeRole",
      .fields = {{"RoleArn", role},
                 {"RoleSessionName", SessionName(profile.Setting("role_session_name"), lookup)}},
      .signer = nullptr,
      .source = fmt::format("the role {} of the profile \"{}\"", role, profile.name)};
  if (profile.Has("external_id")) {
    question.fields.emplace_back("ExternalId", profile.Setting("external_id"));
  }
  const std::string duration = profile.Setting("duration_seconds");
  if (!duration.empty()) {
    int seconds = 0;
    const char* end = duration.data() + duration.size();
    const auto read = std::from_chars(duration.data(), end, seconds);
    if (read.ec != std::errc() || read.ptr != end || seconds < 900 || seconds > 43'200) {
      return Unusable(profile, "duration_seconds is \"{:.20}\": expected 900 to 43200", duration);
    }
    question.fields.emplace_back("DurationSeconds", duration);
  }
  auto source = SourceOf(lookup);
  if (!source) return Forward(source);
  question.signer = &*source;
  auto out = AskSts(lookup, question);
  if (!out) return Fail(out.error().code, "cannot assume {}: {}", role, out.error().message);
  return *std::move(out);
}

}  // namespace hearth::aws
