#include "pool/docker_request.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "pool/replica_command.h"

namespace hearth::pool {
namespace {

namespace json = boost::json;

constexpr int64_t kNanosPerSecond = 1'000'000'000;

json::array Strings(const std::vector<std::string>& words) {
  json::array out;
  for (const std::string& word : words) out.emplace_back(json::string(word));
  return out;
}

// Words are replaced as for a process. On the host network the port is chosen here, and a PORT of
// the user's would be that of every replica; on the bridge each has its ports to itself, so theirs
// wins.
json::array Environment(const ContainerOrder& order, const ReplicaPlace& place) {
  const bool on_host = order.start.spec.network == kHostNetwork;
  std::vector<std::string> inherited;
  if (on_host) inherited.emplace_back("HEARTH_HOST=127.0.0.1");
  std::vector<std::string> all = EnvironmentOf(order.start, place, inherited, order.pool);
  if (on_host) {
    std::erase_if(all, [](const std::string& entry) { return entry.starts_with("PORT="); });
    all.push_back(fmt::format("PORT={}", order.port));
  }
  return Strings(all);
}

Result<json::array> Mounts(const ReplicaSpec& spec) {
  json::array out;
  for (const std::string& text : spec.mounts) {
    const auto mount = ParseMount(text);
    if (!mount) return tl::unexpected<Error>(mount.error());
    out.push_back(json::object{{"Type", mount->is_volume ? "volume" : "bind"},
                               {"Source", mount->source},
                               {"Target", mount->target},
                               {"ReadOnly", mount->read_only}});
  }
  return out;
}

bool MountsOnTmp(const json::array& mounts) {
  return std::ranges::any_of(
      mounts, [](const json::value& mount) { return mount.at("Target").as_string() == "/tmp"; });
}

void Harden(const json::array& mounts, json::object* host) {
  (*host)["ReadonlyRootfs"] = true;
  (*host)["CapDrop"] = json::array{"ALL"};
  (*host)["SecurityOpt"] = json::array{"no-new-privileges"};
  // Servers and their libraries write temporary files; a mount of the user's comes first.
  if (!MountsOnTmp(mounts)) {
    (*host)["Tmpfs"] = json::object{{"/tmp", "rw,noexec,nosuid,nodev,mode=1777,size=64m"}};
  }
}

Result<json::object> HostConfig(const ContainerOrder& order) {
  const ReplicaSpec& spec = order.start.spec;
  auto mounts = Mounts(spec);
  if (!mounts) return Forward(mounts);
  json::object host;
  if (spec.memory_bytes > 0) {
    host["Memory"] = spec.memory_bytes;
    host["MemorySwap"] = spec.memory_bytes;  // together: none
  }
  if (spec.cpu > 0) {
    host["NanoCpus"] = std::llround(spec.cpu * static_cast<double>(kNanosPerSecond));
  }
  if (spec.read_only) Harden(*mounts, &host);
  host["Mounts"] = *std::move(mounts);
  host["NetworkMode"] = spec.network;
  host["RestartPolicy"] = json::object{{"Name", "no"}};
  if (spec.network != kHostNetwork) {
    host["PortBindings"] =
        json::object{{fmt::format("{}/tcp", order.port),
                      json::array{json::object{{"HostIp", "127.0.0.1"}, {"HostPort", ""}}}}};
  }
  return host;
}

std::string Filters(const json::object& filters) {
  return PercentEncoded(json::serialize(filters));
}

std::string PoolFilter(std::string_view pool) { return fmt::format("{}={}", kPoolLabel, pool); }

}  // namespace

std::string ContainerName(std::string_view pool, ReplicaId replica) {
  return fmt::format("{}-{}", pool, ToString(replica));
}

Result<std::string> CreateBody(const ContainerOrder& order) {
  const ReplicaSpec& spec = order.start.spec;
  if (spec.network != "bridge" && spec.network != kHostNetwork) {
    return Fail(Code::kInvalidArgument, "network \"{}\" is neither \"bridge\" nor \"host\"",
                spec.network);
  }
  if (WantsSocket(spec)) {
    return Fail(
        Code::kInvalidArgument,
        "cannot start image \"{}\" with {{socket}}: a container is reached by its port; use "
        "{{port}}",
        spec.image);
  }
  const ReplicaPlace place{.socket = {}, .port = static_cast<uint16_t>(order.port)};
  const std::vector<std::string> command = CommandOf(order.start, place);
  auto host = HostConfig(order);
  if (!host) return Forward(host);
  json::object body;
  body["Image"] = spec.image;
  if (!command.empty()) body["Cmd"] = Strings(command);
  body["Env"] = Environment(order, place);
  body["Labels"] = json::object{{kPoolLabel, order.pool},
                                {kReplicaLabel, ToString(order.start.id)},
                                {kNonceLabel, order.start.nonce},
                                {kVersionLabel, spec.Version()},
                                {kPortLabel, std::to_string(order.port)}};
  body["Healthcheck"] = json::object{{"Test", json::array{"NONE"}}};
  body["StopTimeout"] = order.stop_timeout.count();
  if (spec.network != kHostNetwork) {
    body["ExposedPorts"] = json::object{{fmt::format("{}/tcp", order.port), json::object()}};
  }
  body["HostConfig"] = *std::move(host);
  return json::serialize(body);
}

Result<DockerMount> ParseMount(std::string_view text) {
  const auto wrong = [text] {
    return Fail(Code::kInvalidArgument,
                "cannot mount \"{}\": expected source:target, source:target:ro or "
                "source:target:rw, with a target that begins with /",
                text);
  };
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  if (parts.size() < 2 || parts.size() > 3) return wrong();
  if (parts.size() == 3 && parts[2] != "ro" && parts[2] != "rw") return wrong();
  DockerMount mount{.source = parts[0], .target = parts[1]};
  mount.read_only = parts.size() == 3 && parts[2] == "ro";
  if (mount.source.empty() || !mount.target.starts_with('/')) return wrong();
  mount.is_volume = mount.source.find('/') == std::string::npos && !mount.source.starts_with('.');
  if (!mount.is_volume) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(mount.source, error);
    if (error) return wrong();
    mount.source = absolute.lexically_normal().string();
  }
  return mount;
}

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.append(fmt::format("%{:02X}", static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string PullPath(std::string_view image) {
  const size_t slash = image.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? image : image.substr(slash + 1);
  const bool is_exact = last.find_first_of(":@") != std::string_view::npos;
  return fmt::format("/images/create?fromImage={}{}", PercentEncoded(image),
                     is_exact ? "" : "&tag=latest");
}

std::string ListPath(std::string_view pool) {
  return "/containers/json?all=1&filters=" +
         Filters(json::object{{"label", json::array{json::string(PoolFilter(pool))}}});
}

std::string EventsPath(std::string_view pool, int64_t since_unix_ns) {
  const std::string filters =
      Filters(json::object{{"type", json::array{"container"}},
                           {"event", json::array{"die", "oom"}},
                           {"label", json::array{json::string(PoolFilter(pool))}}});
  return fmt::format("/events?since={}.{:09}&filters={}", since_unix_ns / kNanosPerSecond,
                     since_unix_ns % kNanosPerSecond, filters);
}

}  // namespace hearth::pool
