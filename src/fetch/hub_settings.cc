#include "fetch/hub_settings.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>

namespace hearth::fetch {
namespace {

constexpr std::string_view kDefaultEndpoint = "https://huggingface.co";
constexpr size_t kTokenMax = 4096;

std::optional<std::string> Set(const Env& env, std::string_view name) {
  auto value = env(name);
  if (value && value->empty()) return std::nullopt;
  return value;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool IsVariableByte(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The path of the cache as set by the first of these that is; else HOME/below.
Result<std::string> Folder(const Env& env, std::initializer_list<std::string_view> names,
                           const std::string& fallback) {
  for (const std::string_view name : names) {
    if (auto value = Set(env, name)) return ExpandPath(*value, env);
  }
  return fallback;
}

Result<std::string> Home(const Env& env) {
  if (auto home = Set(env, "HF_HOME")) return ExpandPath(*home, env);
  if (auto cache = Set(env, "XDG_CACHE_HOME")) return ExpandPath(*cache, env) + "/huggingface";
  if (auto home = Set(env, "HOME")) return *home + "/.cache/huggingface";
  return Fail(Code::kUsage,
              "no place for the hub's cache: set HF_HOME (or HF_HUB_CACHE, HOME), or use -o DIR");
}

std::string ReadToken(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kTokenMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return std::string(Trimmed(text));
}

Status FindToken(const Env& env, const std::string& home, HubSettings* out) {
  if (IsTrue(env("HF_HUB_DISABLE_IMPLICIT_TOKEN").value_or(""))) return {};
  for (const std::string_view name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    out->token = Trimmed(env(name).value_or(""));
    out->token_from = name;
    if (!out->token.empty()) break;
  }
  if (out->token.empty() && (!home.empty() || Set(env, "HF_TOKEN_PATH"))) {
    const auto path = Folder(env, {"HF_TOKEN_PATH"}, home + "/token");
    out->token_from = *path;
    out->token = ReadToken(*path);
  }
  const auto bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  if (std::ranges::any_of(out->token, bad)) {
    return Fail(Code::kUsage, "the token in {} has a space or line break in it", out->token_from);
  }
  return {};
}

}  // namespace

bool IsTrue(std::string_view text) {
  std::string upper;
  for (const char c : text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper == "1" || upper == "ON" || upper == "YES" || upper == "TRUE";
}

std::string ExpandPath(std::string_view path, const Env& env) {
  std::string out;
  if (path == "~" || path.starts_with("~/")) {
    out = env("HOME").value_or("~");
    path.remove_prefix(1);
  }
  while (!path.empty()) {
    const size_t dollar = path.find('$');
    out.append(path.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    path.remove_prefix(dollar + 1);
    const bool braced = path.starts_with('{') && path.find('}') != std::string_view::npos;
    size_t length = braced ? path.find('}') - 1 : 0;
    if (!braced) {
      while (length < path.size() && IsVariableByte(path[length])) ++length;
    }
    const std::string_view name = path.substr(braced ? 1 : 0, length);
    const size_t taken = braced ? length + 2 : length;
    const auto value = name.empty() ? std::nullopt : env(name);
    out.append(value ? *value : "$" + std::string(path.substr(0, taken)));  // unknown: as it is
    path.remove_prefix(taken);
  }
  return out;
}

Result<HubSettings> ReadHubSettings(const Env& env) {
  HubSettings out;
  const std::string text = Set(env, "HF_ENDPOINT").value_or(std::string(kDefaultEndpoint));
  auto endpoint = http::ParseUrl(text);
  if (!endpoint) return Fail(Code::kUsage, "HF_ENDPOINT: {}", endpoint.error().message);
  out.endpoint = *std::move(endpoint);
  while (out.endpoint.target.ends_with('/')) out.endpoint.target.pop_back();
  const auto home = Home(env);
  auto cache = Folder(env, {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}, home ? *home + "/hub" : "");
  out.cache = *cache;  // may stay empty: whoever needs it says so
  if (Status token = FindToken(env, home ? *home : "", &out); !token) return Forward(token);
  out.offline =
      IsTrue(Set(env, "HF_HUB_OFFLINE").value_or(env("TRANSFORMERS_OFFLINE").value_or("")));
  return out;
}

}  // namespace hearth::fetch
