#include "pool/docker_handle.h"

#include <charconv>

#include "pool/docker_request.h"

namespace hearth::pool {
namespace {

std::string LabelOf(const Labels& labels, std::string_view name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

template <typename T>
std::optional<T> Whole(std::string_view text) {
  T value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ptr == text.data() + text.size();
  if (text.empty() || read.ec != std::errc() || !whole) return std::nullopt;
  return value;
}

tl::unexpected<Error> Unreadable(std::string_view name, std::string_view value) {
  return Fail(Code::kCorrupt, "its label {} is \"{}\"", name, value);
}

}  // namespace

Result<ReplicaId> ReplicaOf(const Labels& labels) {
  const std::string text = LabelOf(labels, kReplicaLabel);
  const auto number =
      text.starts_with('r') ? Whole<uint64_t>(std::string_view(text).substr(1)) : std::nullopt;
  if (!number) return Unreadable(kReplicaLabel, text);
  for (const std::string_view name : {kNonceLabel, kVersionLabel, kPortLabel}) {
    if (LabelOf(labels, name).empty()) return Unreadable(name, "");
  }
  return ReplicaId{*number};
}

Result<http::Url> UrlOf(const ContainerInfo& container) {
  const std::string label = LabelOf(container.labels, kPortLabel);
  const auto port = Whole<uint16_t>(label);
  if (!port || *port == 0) return Unreadable(kPortLabel, label);
  http::Url url;
  url.host = "127.0.0.1";
  url.port = *port;
  if (container.network == kHostNetwork) return url;
  const auto published = container.ports.find(*port);
  if (published == container.ports.end()) {
    return Fail(Code::kNotFound, "its port {} is not published on this machine", *port);
  }
  url.port = static_cast<uint16_t>(published->second);
  return url;
}

Result<ReplicaHandle> HandleOf(const ContainerInfo& container) {
  const auto replica = ReplicaOf(container.labels);
  if (!replica) return tl::unexpected<Error>(replica.error());
  const auto url = UrlOf(container);
  if (!url) return tl::unexpected<Error>(url.error());
  ReplicaHandle handle;
  handle.id = *replica;
  handle.nonce = LabelOf(container.labels, kNonceLabel);
  handle.version = LabelOf(container.labels, kVersionLabel);
  handle.url = *url;
  handle.container = container.id;
  handle.started_unix_ms = container.started_unix_ms;
  return handle;
}

}  // namespace hearth::pool
