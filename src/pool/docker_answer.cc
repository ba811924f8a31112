#include "pool/docker_answer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <ctime>
#include <initializer_list>

#include "base/utf8.h"

namespace hearth::pool {
namespace {

namespace json = boost::json;

constexpr size_t kLogLineBytesMax = 200;

Result<json::value> Parse(std::string_view body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  if (error) return Fail(Code::kCorrupt, "the Docker engine's answer is no JSON: {:.80}", body);
  return value;
}

// The value at the end of a path of keys; null when there is none.
const json::value* Find(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* at = &from;
  for (const std::string_view key : path) {
    const json::object* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string Text(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* found = Find(from, path);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

int64_t Number(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* found = Find(from, path);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

bool Flag(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* found = Find(from, path);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::optional<int> ToInt(std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr == text.data()) return std::nullopt;
  return value;
}

Labels ReadLabels(const json::value* value) {
  Labels labels;
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  if (object == nullptr) return labels;
  for (const auto& entry : *object) {
    const json::string* text = entry.value().if_string();
    if (text != nullptr) labels.emplace(std::string(entry.key()), std::string(*text));
  }
  return labels;
}

// {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}], "9000/tcp": null}
std::map<int, int> ReadPorts(const json::value* value) {
  std::map<int, int> ports;
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  if (object == nullptr) return ports;
  for (const auto& entry : *object) {
    const std::string inside(entry.key());
    const json::array* list = entry.value().if_array();
    if (list == nullptr || list->empty() || !inside.ends_with("/tcp")) continue;
    const auto from = ToInt(inside);
    const auto to = ToInt(Text(list->front(), {"HostPort"}));
    if (from && to) ports.emplace(*from, *to);
  }
  return ports;
}

// "2026-11-25T15:13:03.123456789Z", always UTC; 0 for anything else.
int64_t UnixMs(const std::string& text) {
  std::tm time{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) return 0;
  int64_t ms = 0;
  if (*rest == '.') {
    int64_t unit = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10) ms += (*rest - '0') * unit;
  }
  return std::max<int64_t>(0, int64_t{::timegm(&time)} * 1000 + ms);
}

// What is left of the output when the heads of its frames are taken out.
std::string WithoutFrames(std::string_view body) {
  constexpr size_t kHead = 8;  // stream, 3 × 0, length (big-endian)
  std::string text;
  while (body.size() > kHead) {
    size_t length = 0;
    for (size_t i = 4; i < kHead; ++i) length = length << 8 | static_cast<unsigned char>(body[i]);
    body.remove_prefix(kHead);
    text.append(body.substr(0, length));
    body.remove_prefix(std::min(length, body.size()));
  }
  return text;
}

// Valid UTF-8 without control characters, cut at a character.
std::string Printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size() && out.size() < kLogLineBytesMax;) {
    const Scalar scalar = DecodeUtf8(text, at);
    at += scalar.size;
    const bool control = scalar.value < 0x20 || (scalar.value >= 0x7F && scalar.value < 0xA0);
    AppendUtf8(control ? U' ' : scalar.value, &out);
  }
  return out;
}

}  // namespace

Result<std::string> ReadId(std::string_view body) {
  const auto value = Parse(body);
  if (!value) return tl::unexpected<Error>(value.error());
  std::string id = Text(*value, {"Id"});
  if (id.empty()) {
    return Fail(Code::kCorrupt, "the Docker engine's answer names no container: {:.80}", body);
  }
  return id;
}

Result<ContainerInfo> ReadContainer(std::string_view body) {
  const auto read = Parse(body);
  if (!read) return tl::unexpected<Error>(read.error());
  const json::value& value = *read;
  ContainerInfo info;
  info.id = Text(value, {"Id"});
  if (info.id.empty() || Find(value, {"State"}) == nullptr) {
    return Fail(Code::kCorrupt, "the Docker engine's answer is no container: {:.80}", body);
  }
  info.labels = ReadLabels(Find(value, {"Config", "Labels"}));
  info.running = Flag(value, {"State", "Running"});
  info.exit_code = static_cast<int>(Number(value, {"State", "ExitCode"}));
  info.oom_killed = Flag(value, {"State", "OOMKilled"});
  info.pid = Number(value, {"State", "Pid"});
  info.started_unix_ms = UnixMs(Text(value, {"State", "StartedAt"}));
  info.network = Text(value, {"HostConfig", "NetworkMode"});
  info.ports = ReadPorts(Find(value, {"NetworkSettings", "Ports"}));
  info.memory_bytes = Number(value, {"HostConfig", "Memory"});
  info.has_terminal = Flag(value, {"Config", "Tty"});
  return info;
}

Result<std::vector<ListedContainer>> ReadContainers(std::string_view body) {
  const auto value = Parse(body);
  if (!value) return tl::unexpected<Error>(value.error());
  const json::array* list = value->if_array();
  if (list == nullptr) {
    return Fail(Code::kCorrupt, "the Docker engine's list of containers is no list: {:.80}", body);
  }
  std::vector<ListedContainer> out;
  for (const json::value& entry : *list) {
    ListedContainer container;
    container.id = Text(entry, {"Id"});
    container.state = Text(entry, {"State"});
    container.labels = ReadLabels(Find(entry, {"Labels"}));
    const json::value* names = Find(entry, {"Names"});
    if (names != nullptr && names->is_array() && !names->get_array().empty()) {
      const json::value& first = names->get_array().front();
      if (first.is_string()) container.name = std::string(first.get_string());
      if (container.name.starts_with('/')) container.name.erase(0, 1);
    }
    if (!container.id.empty()) out.push_back(std::move(container));
  }
  return out;
}

std::optional<EngineEvent> ReadEvent(std::string_view line) {
  const auto value = Parse(line);
  if (!value) return std::nullopt;
  EngineEvent event;
  event.action = Text(*value, {"Action"});
  event.container = Text(*value, {"Actor", "ID"});
  event.exit_code = ToInt(Text(*value, {"Actor", "Attributes", "exitCode"}));
  event.unix_ns = Number(*value, {"timeNano"});
  if (Text(*value, {"Type"}) != "container" || event.action.empty() || event.container.empty()) {
    return std::nullopt;
  }
  return event;
}

std::string EngineMessage(std::string_view body) {
  const auto value = Parse(body);
  std::string message = value ? Text(*value, {"message"}) : std::string();
  if (message.empty()) message = body.substr(0, 200);
  while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
  return message.empty() ? "nothing" : message;
}

std::string PullError(std::string_view line) {
  const auto value = Parse(line);
  if (!value) return {};
  std::string message = Text(*value, {"errorDetail", "message"});
  return message.empty() ? Text(*value, {"error"}) : message;
}

std::string LastLogLine(std::string_view body, bool has_terminal) {
  const std::string all = has_terminal ? std::string(body) : WithoutFrames(body);
  std::string_view text = all;
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  const size_t line = text.rfind('\n');
  if (line != std::string_view::npos) text.remove_prefix(line + 1);
  return Printable(text);
}

}  // namespace hearth::pool
