#include "ecs/init_text.h"

#include <fmt/format.h>

#include "base/json_print.h"

namespace hearth::ecs {
namespace {

constexpr std::string_view kSection = R"([ecs]
# What exists already: hearth checks it and never makes or changes it.
region = {region}
cluster = "my-cluster"
subnets = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]  # two zones or more
security_groups = ["sg-0cccccccccccccccc"]  # lets the load balancer in on replica.port
execution_role = "ecsTaskExecutionRole"     # pulls the image, writes the log
# task_role = "my-task-role"                # needed with exec, protect_after and a model on S3
# listener = "arn:aws:elasticloadbalancing:…:listener/app/…"  # of an ALB; none: no load balancer

# What hearth makes.
service = "my-warm-pool"
image = "123456789012.dkr.ecr.{plain}.amazonaws.com/my-model-server:1.0.0"  # not :latest
# arch = "ARM64"                            # X86_64 unless said
# capacity = "FARGATE_SPOT"                 # FARGATE unless said
# server = "other"                          # the image is not hearth's
# health_command = ["CMD-SHELL", "curl -fs http://localhost:8000/health || exit 1"]
# exec = true                               # aws ecs execute-command
# protect_after = "60s"                     # no scale-in of a task with a request that long

# [ecs.scaling]
# cpu_target = 60                           # percent; 0: no such policy

# [ecs.tags]
# team = "search"
)";

std::string_view Trimmed(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? "" : line.substr(begin);
}

void Replace(std::string* text, std::string_view mark, std::string_view with) {
  for (size_t at = text->find(mark); at != std::string::npos; at = text->find(mark, at)) {
    text->replace(at, mark.size(), with);
    at += with.size();
  }
}

}  // namespace

std::string EcsSection(std::string_view region) {
  const std::string_view plain = region.empty() ? "us-east-1" : region;
  std::string quoted;
  AppendJsonString(plain, &quoted);
  std::string out(kSection);
  Replace(&out, "{region}", quoted);
  Replace(&out, "{plain}", plain);
  return out;
}

bool HasEcs(std::string_view toml) {
  while (!toml.empty()) {
    const size_t end = toml.find('\n');
    std::string_view line = Trimmed(toml.substr(0, end));
    toml.remove_prefix(end == std::string_view::npos ? toml.size() : end + 1);
    while (line.starts_with('[') || line.starts_with(' ')) line.remove_prefix(1);
    if (!line.starts_with("ecs")) continue;
    line = Trimmed(line.substr(3));
    if (line.starts_with(']') || line.starts_with('.') || line.starts_with('=')) return true;
  }
  return false;
}

Result<std::string> WithEcs(std::string_view toml, std::string_view section,
                            const std::string& name) {
  if (HasEcs(toml)) {
    return Fail(Code::kUnprocessable,
                "{} has an [ecs] already, which is not written over: change it by hand, or write "
                "elsewhere with --config",
                name);
  }
  std::string out(toml);
  if (!out.empty() && !out.ends_with('\n')) out += '\n';
  if (!out.empty()) out += '\n';
  out += section;
  return out;
}

}  // namespace hearth::ecs
