#include "http/target.h"

namespace hearth::http {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool StartsWithNoCase(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (size_t i = 0; i < lower_prefix.size(); ++i) {
    if ((text[i] | 0x20) != lower_prefix[i] && text[i] != lower_prefix[i]) return false;
  }
  return true;
}

// `http://host/path` -> `/path`; a bare authority means `/`. The query stays.
std::string_view WithoutAuthority(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!StartsWithNoCase(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t end = target.find_first_of("/?");
    return end == std::string_view::npos ? std::string_view() : target.substr(end);
  }
  return target;
}

const char* DecodePath(std::string_view raw, std::string* path) {
  if (raw.find('%') == std::string_view::npos) {
    path->assign(raw);
    return nullptr;
  }
  path->clear();
  path->reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      path->push_back(raw[i]);
      continue;
    }
    if (i + 2 >= raw.size()) return "the path ends in the middle of a percent escape";
    const int high = HexValue(raw[i + 1]);
    const int low = HexValue(raw[i + 2]);
    if (high < 0 || low < 0) return "the path has a % that is not followed by two hex digits";
    if (high == 0 && low == 0) return "the path contains %00";
    path->push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return nullptr;
}

}  // namespace

const char* SplitTarget(std::string_view target, std::string* path, std::string* query) {
  if (target.find('#') != std::string_view::npos) return "the request target contains a #";
  const bool absolute = !target.starts_with('/');
  if (absolute) {
    const std::string_view rest = WithoutAuthority(target);
    if (rest.data() == target.data()) return "the request target does not start with /";
    target = rest;
  }
  const size_t mark = target.find('?');
  query->assign(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));
  target = target.substr(0, mark);
  if (target.empty()) target = "/";
  return DecodePath(target, path);
}

std::string OriginForm(std::string_view target) {
  if (!target.starts_with('/')) target = WithoutAuthority(target);
  return target.starts_with('/') ? std::string(target) : "/" + std::string(target);
}

}  // namespace hearth::http
