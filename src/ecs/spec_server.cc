// What the replica is: whose server, its command, port and environment, and what brings its model.
#include <algorithm>
#include <cmath>

#include "ecs/spec_parts.h"

namespace hearth::ecs {
namespace {

constexpr std::string_view kModelFolder = "/models";
constexpr std::string_view kPackedModel = "/models/model.hearth";
// Of the time until SIGKILL, what a replica of hearth leaves for its own end.
constexpr seconds kEndTime{5};

// {port} and {name} as in a pool on one machine; there is no {socket} on ECS.
Result<std::string> Filled(const SpecSource& source, const EcsSpec& spec, std::string_view key,
                           std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("{socket}")) {
      return source.Refuse("{} has {{socket}}: on ECS a replica listens on a port; say {{port}}",
                           key);
    }
    if (text.starts_with("{port}")) {
      out += std::to_string(spec.port);
      text.remove_prefix(6);
    } else if (text.starts_with("{name}")) {
      out += spec.container;
      text.remove_prefix(6);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

bool MentionsPort(const config::Replica& replica) {
  const auto holds = [](const std::string& text) {
    return text.find("{port}") != std::string::npos;
  };
  return std::ranges::any_of(replica.command, holds) ||
         std::ranges::any_of(replica.env, [&](const auto& entry) { return holds(entry.second); });
}

std::string Text(seconds time) { return fmt::format("{}s", time.count()); }

bool IsOnS3(const SpecSource& source) { return source.config.model.source.starts_with("s3://"); }

}  // namespace

Status FillServer(const SpecSource& source, EcsSpec* spec) {
  const config::Replica& replica = source.config.replica;
  const config::Ecs& ecs = source.Ecs();
  spec->hearth_inside =
      ecs.server == "hearth" ||
      (ecs.server == "auto" && replica.command.empty() && ecs.health_command.empty());
  spec->port = replica.port;
  for (const std::string& word : replica.command) {
    Result<std::string> filled = Filled(source, *spec, "replica.command", word);
    if (!filled) return Forward(filled);
    spec->command.push_back(*std::move(filled));
  }
  for (const auto& [name, value] : replica.env) {
    Result<std::string> filled = Filled(source, *spec, "replica.env", value);
    if (!filled) return Forward(filled);
    spec->env[name] = *std::move(filled);
  }
  return {};
}

Status FillPull(const SpecSource& source, EcsSpec* spec) {
  const config::Ecs& ecs = source.Ecs();
  if (!IsOnS3(source)) {
    if (ecs.pull_image.empty()) return {};
    return source.Refuse(
        "ecs.pull_image is for a model on S3: model.source = \"{}\" is in the image",
        source.config.model.source);
  }
  if (!spec->hearth_inside && ecs.pull_image.empty()) {
    return source.Missing(
        "model.source = \"{}\" is pulled by hearth before the replica starts, and "
        "the replica's image is another's: say ecs.pull_image, an image of "
        "hearth",
        source.config.model.source);
  }
  spec->pull = ModelPull{.source = source.config.model.source,
                         .image = ecs.pull_image.empty() ? spec->image : ecs.pull_image,
                         .folder = std::string(kModelFolder)};
  return {};
}

Status FillEnv(const SpecSource& source, EcsSpec* spec) {
  // The file's own values are there already and stay.
  const auto set = [spec](const char* name, std::string value) {
    spec->env.emplace(name, std::move(value));
  };
  const std::string port = std::to_string(spec->port);
  if (!spec->hearth_inside) {
    // As in a pool on one machine; an image without a command knows its port.
    const config::Replica& replica = source.config.replica;
    const bool told = source.Has("replica.port") || !replica.command.empty();
    if (told && !MentionsPort(replica)) set("PORT", port);
    return {};
  }
  set("HEARTH_HOST", "0.0.0.0");
  set("PORT", port);
  // The task's CPU limit need not be seen as a quota from inside the container.
  set("HEARTH_WORKERS", std::to_string(std::max(1, (spec->cpu_units + 1023) / 1024)));
  set("HEARTH_DRAIN_TIMEOUT", Text(std::max(seconds(1), spec->stop_timeout - kEndTime)));
  if (spec->slots > 0) set("HEARTH_SLOTS", std::to_string(spec->slots));
  if (spec->pull) set("HEARTH_MODEL", std::string(kPackedModel));
  if (spec->spare_policy) {
    set("HEARTH_METRIC_NAMESPACE", spec->metric_namespace);
    set("HEARTH_METRIC_CLUSTER", spec->cluster);
    set("HEARTH_METRIC_SERVICE", spec->service);
  }
  if (spec->protect_after) set("HEARTH_PROTECT_AFTER", Text(*spec->protect_after));
  return {};
}

}  // namespace hearth::ecs
