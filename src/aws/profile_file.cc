#include "aws/profile_file.h"

#include <algorithm>
#include <set>

#include "aws/small_file.h"

namespace hearth::aws {

namespace {

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string PathOf(const Env& env, std::string_view variable, std::string_view fallback) {
  const std::string home = FirstSet(env, {"HOME"});
  std::string path = FirstSet(env, {variable});
  if (path.empty()) path = fallback;
  if (path.starts_with("~/")) path = home + path.substr(1);
  return path;
}

Result<Ini> ReadIni(const std::string& path) {
  constexpr size_t kBytesMax = size_t{1} << 20U;
  auto text = ReadSmallFile(path, kBytesMax);
  if (!text && text.error().code == Code::kNotFound) return Ini{};
  if (!text) return Forward(text);
  return ParseIni(*text, path);
}

// "profile x" and `profile "x y"` give x and x y; another kind of section gives nothing.
std::optional<std::string_view> NameIn(std::string_view title, std::string_view kind) {
  if (!title.starts_with(kind)) return std::nullopt;
  title.remove_prefix(kind.size());
  if (!title.starts_with(' ') && !title.starts_with('\t')) return std::nullopt;
  title = Trim(title);
  const bool quoted = title.size() >= 2 && title.front() == title.back() &&
                      (title.front() == '"' || title.front() == '\'');
  return quoted ? title.substr(1, title.size() - 2) : title;
}

std::optional<std::string_view> ProfileIn(std::string_view title) {
  return title == "default" ? title : NameIn(title, "profile");
}

std::string NamesOf(const ProfileFiles& files) {
  std::set<std::string> names;
  for (const auto& [title, section] : files.config) {
    if (const auto name = ProfileIn(title)) names.emplace(*name);
  }
  for (const auto& [title, section] : files.credentials) names.insert(title);
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

Result<Ini> ParseIni(std::string_view text, std::string_view what) {
  Ini out;
  Section* section = nullptr;
  std::string parent;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const std::string_view line = Trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const bool nested = raw.front() == ' ' || raw.front() == '\t';
    if (line.front() == '[') {
      if (line.back() != ']') {
        return Fail(Code::kCorrupt, "cannot read \"{}\": line {} has no \"]\"", what, number);
      }
      section = &out[std::string(Trim(line.substr(1, line.size() - 2)))];
      parent.clear();
      continue;
    }
    const size_t equals = line.find('=');
    if (section == nullptr || equals == 0 || equals == std::string_view::npos) {
      return Fail(Code::kCorrupt, "cannot read \"{}\": line {} is not \"key = value\"{}", what,
                  number, section == nullptr ? " under a [section]" : "");
    }
    const std::string key = Lower(Trim(line.substr(0, equals)));
    const std::string value(Trim(line.substr(equals + 1)));
    if (nested && !parent.empty()) {
      (*section)[fmt::format("{}.{}", parent, key)] = value;
    } else {
      (*section)[key] = value;
      parent = value.empty() ? key : "";
    }
  }
  return out;
}

std::string ValueOf(const Section& section, std::string_view key) {
  const auto at = section.find(key);
  return at == section.end() ? std::string() : at->second;
}

std::string Profiles::Setting(std::string_view key) const {
  return ValueOf(credentials.contains(key) ? credentials : config, key);
}

bool Profiles::Has(std::string_view key) const {
  return credentials.contains(key) || config.contains(key);
}

Result<ProfileFiles> ReadProfileFiles(const Env& env) {
  ProfileFiles out;
  out.config_path = PathOf(env, "AWS_CONFIG_FILE", "~/.aws/config");
  out.credentials_path = PathOf(env, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  auto config = ReadIni(out.config_path);
  if (!config) return Forward(config);
  auto credentials = ReadIni(out.credentials_path);
  if (!credentials) return Forward(credentials);
  out.config = *std::move(config);
  out.credentials = *std::move(credentials);
  return out;
}

Result<std::optional<Profiles>> FindProfile(const ProfileFiles& files, std::string_view name) {
  Profiles out;
  out.name = name;
  bool found = false;
  for (const auto& [title, section] : files.config) {
    if (ProfileIn(title) != name) continue;
    out.config = section;
    found = true;
  }
  if (const auto at = files.credentials.find(out.name); at != files.credentials.end()) {
    out.credentials = at->second;
    found = true;
  }
  if (!found) return std::nullopt;
  const std::string services = out.Setting("services");
  if (services.empty()) return out;
  for (const auto& [title, section] : files.config) {
    if (NameIn(title, "services") != services) continue;
    out.services = section;
    return out;
  }
  return Fail(Code::kNotFound,
              "the AWS profile \"{}\" names the services \"{}\", which \"{}\" has not", name,
              services, files.config_path);
}

Result<Profiles> ChooseProfile(const ProfileFiles& files, const Env& env,
                               std::string_view profile) {
  std::string name = profile.empty() ? FirstSet(env, {"AWS_PROFILE"}) : std::string(profile);
  const bool named = !name.empty();
  if (!named) name = "default";
  auto found = FindProfile(files, name);
  if (!found) return Forward(found);
  if (*found) return **std::move(found);
  if (named) {
    const std::string known = NamesOf(files);
    return Fail(Code::kNotFound, "cannot find the AWS profile \"{}\" in \"{}\" or \"{}\"; there {}",
                name, files.config_path, files.credentials_path,
                known.empty() ? "is none" : "are: " + known);
  }
  Profiles out;
  out.name = name;
  return out;
}

Result<Profiles> LoadProfiles(const Env& env, std::string_view profile) {
  auto files = ReadProfileFiles(env);
  if (!files) return Forward(files);
  return ChooseProfile(*files, env, profile);
}

}  // namespace hearth::aws
