// ~/.aws/config and ~/.aws/credentials. Reading is pure; ReadProfileFiles opens the files.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"

namespace hearth::aws {

// Keys are lower case; an indented line under `s3 =` is the key "s3.addressing_style".
using Section = std::map<std::string, std::string, std::less<>>;
using Ini = std::map<std::string, Section>;  // by the text between the brackets

std::string ValueOf(const Section& section, std::string_view key);  // "" when it is not there

// Comments (# and ;), a byte-order mark and CRLF are taken; of a repeated key the last counts.
// kCorrupt, naming `what` and the line but never its value, for what is not an ini file.
Result<Ini> ParseIni(std::string_view text, std::string_view what);

struct ProfileFiles {
  std::string config_path;
  std::string credentials_path;
  Ini config;
  Ini credentials;
};

// AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, HOME. A file that is not there is empty; one over
// 1 MiB is kTooLarge.
Result<ProfileFiles> ReadProfileFiles(const Env& env);

// One profile, out of both files.
struct Profiles {
  std::string name;     // as asked for, AWS_PROFILE or "default"
  Section config;       // [profile name] ([default]) of the config file
  Section credentials;  // [name] of the credentials file
  Section services;     // [services x] that the profile names

  // The credentials file's word counts before the config file's; "" when neither says anything.
  std::string Setting(std::string_view key) const;
  bool Has(std::string_view key) const;  // be it empty
};

// nullopt when neither file has it. kNotFound when it names a services section that is not there.
Result<std::optional<Profiles>> FindProfile(const ProfileFiles& files, std::string_view name);

// `profile`, AWS_PROFILE or "default". kNotFound when one was named and is not there, listing those
// there are.
Result<Profiles> ChooseProfile(const ProfileFiles& files, const Env& env, std::string_view profile);

// Both.
Result<Profiles> LoadProfiles(const Env& env, std::string_view profile);

}  // namespace hearth::aws
