// What pulling the image costs each start: its size in ECR, the time from pullStartedAt to
// pullStoppedAt, and pulls that failed.
#include <fmt/format.h>

#include <algorithm>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/image_size.h"
#include "doctor/setup.h"
#include "doctor/task.h"

namespace hearth::doctor {
namespace {

struct Cause {
  std::string_view part, fix;
};

// In order: the first that the reason holds.
constexpr auto kCauses = std::to_array<Cause>({
    {"no space left",
     "the image does not fit the task's disk of 20 GB: set `[ecs] "
     "ephemeral_storage` in hearth.toml, or keep the model out of the image"},
    {"platform",
     "the image is of another architecture: set `[ecs] arch` in hearth.toml to the "
     "image's, or build it with `docker build --platform`"},
    {"not found",
     "push the tag, or set `[ecs] image` in hearth.toml to one that is in the registry"},
    {"manifest unknown",
     "push the tag, or set `[ecs] image` in hearth.toml to one that is in the registry"},
    {"denied",
     "let the execution role pull: policy AmazonECSTaskExecutionRolePolicy, and the "
     "repository's own policy for another account"},
    {"Auth", "let the execution role pull: policy AmazonECSTaskExecutionRolePolicy"},
    {"timeout",
     "the subnets have no way to the registry: a NAT gateway, VPC endpoints for ecr.api, "
     "ecr.dkr and s3, or `[ecs] public_ip = true` in public subnets"},
    {"dial tcp",
     "the subnets have no way to the registry: a NAT gateway, VPC endpoints for ecr.api, "
     "ecr.dkr and s3, or `[ecs] public_ip = true` in public subnets"},
});

std::string FixFor(const Task& task) {
  for (const Cause& cause : kCauses) {
    if (task.Words().find(cause.part) != std::string::npos) return std::string(cause.fix);
  }
  return "pull the image from a machine in these subnets with the execution role's rights: the "
         "reason above says what is missing";
}

std::optional<double> LongestPull(const Facts& facts) {
  std::optional<double> longest;
  for (const auto& tasks : {StoppedTasks(facts), RunningTasks(facts)}) {
    for (const Task& task : tasks) {
      if (!task.pull_started || !task.pull_stopped) continue;
      const double took = *task.pull_stopped - *task.pull_started;
      if (took >= 0 && took < 86'400) longest = std::max(longest.value_or(0), took);
    }
  }
  return longest;
}

int64_t BytesOf(const LiveFacts& live) {
  for (const boost::json::value& item : live.image_details) {
    const auto bytes = aws::NumberOf(aws::AsObject(item), "imageSizeInBytes");
    if (bytes && *bytes > 0 && *bytes < 1e15) return static_cast<int64_t>(*bytes);
  }
  return 0;
}

Finding JudgeSize(const Facts& facts) {
  const int64_t bytes = BytesOf(*facts.live);
  const auto longest = LongestPull(facts);
  if (bytes == 0) {
    std::string why = WhyNotSeen(facts, "image");
    if (why.empty()) why = "the image's size is not known: it is not in ECR";
    if (longest) why += fmt::format("; the longest pull took {}", InTime(*longest));
    return Skip(std::move(why));
  }
  const bool named = facts.file && facts.file->spec;
  const int64_t model = facts.local && facts.local->model ? facts.local->model->bytes : 0;
  return JudgeImageSize(
      {named ? facts.file->spec->image : "the image", bytes, "compressed, in ECR", longest, model});
}

}  // namespace

std::vector<Finding> CheckImagePull(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  std::vector<Finding> findings;
  const std::vector<Task> failed = Only(StoppedTasks(facts), End::kPull);
  if (!failed.empty()) {
    findings.push_back(Ng(fmt::format("{} could not pull the image",
                                      Count(static_cast<int64_t>(failed.size()), "task")),
                          Lines(failed), FixFor(failed[0])));
  }
  findings.push_back(JudgeSize(facts));
  return findings;
}

}  // namespace hearth::doctor
