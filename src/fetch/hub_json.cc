#include "fetch/hub_json.h"

#include <boost/json.hpp>

#include "fetch/checksum.h"
#include "fetch/hub_cache.h"

namespace hearth::fetch {

namespace json = boost::json;

namespace {

Result<json::value> Parse(std::string_view body) {
  json::parse_options options;
  options.max_depth = 32;
  boost::system::error_code error;
  json::value value = json::parse(body, error, {}, options);
  if (error) return Fail(Code::kCorrupt, "the hub's answer is no JSON: {:.80}", body);
  return value;
}

const json::value* Find(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string Text(const json::value& value, std::string_view key) {
  const json::value* found = Find(value, key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::optional<uint64_t> Size(const json::value& value, std::string_view key) {
  const json::value* found = Find(value, key);
  if (found == nullptr || !found->is_int64() || found->get_int64() < 0) return std::nullopt;
  return static_cast<uint64_t>(found->get_int64());
}

}  // namespace

Result<std::string> ReadCommit(std::string_view body) {
  auto value = Parse(body);
  if (!value) return Forward(value);
  std::string sha = Text(*value, "sha");
  if (!IsCommit(sha)) {
    return Fail(Code::kCorrupt, "the hub's answer names no commit: {:.80}", body);
  }
  return sha;
}

Result<std::vector<HubFile>> ReadTree(std::string_view body) {
  auto value = Parse(body);
  if (!value) return Forward(value);
  const json::array* list = value->if_array();
  if (list == nullptr) return Fail(Code::kCorrupt, "the hub's listing is no list: {:.80}", body);
  std::vector<HubFile> out;
  for (const json::value& entry : *list) {
    if (Text(entry, "type") == "directory") continue;
    HubFile file;
    file.name = Text(entry, "path");
    const auto size = Size(entry, "size");
    if (file.name.empty() || !size) {
      return Fail(Code::kCorrupt, "the hub lists a file without a path or a size");
    }
    file.size = *size;
    file.git_sha1 = AsHex(Text(entry, "oid"), 40).value_or("");
    if (const json::value* large = Find(entry, "lfs"); large != nullptr && large->is_object()) {
      file.sha256 = AsHex(Text(*large, "oid"), 64).value_or("");
      file.size = Size(*large, "size").value_or(file.size);
    }
    out.push_back(std::move(file));
  }
  return out;
}

std::optional<std::string> NextPage(std::string_view link) {
  // <https://…?cursor=…>; rel="next", <…>; rel="prev"
  while (true) {
    const size_t open = link.find('<');
    const size_t close = link.find('>', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
    const std::string_view target = link.substr(open + 1, close - open - 1);
    link.remove_prefix(close + 1);
    const std::string_view parameters = link.substr(0, link.find('<'));
    if (parameters.find("rel=\"next\"") != std::string_view::npos ||
        parameters.find("rel=next") != std::string_view::npos) {
      return std::string(target);
    }
  }
}

}  // namespace hearth::fetch
