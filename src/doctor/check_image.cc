// The image as this machine's Docker engine has it: its size, build tools that were left in it, its
// HEALTHCHECK's route. (Its user: "container-user" and "cache".)
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/cache_names.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/image_size.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

Finding JudgeBuildTools(const ImageFacts& image) {
  if (image.build_tools.empty()) return Ok("no build tools are left in it");
  return Ng(
      fmt::format("build tools are left in it: {}", fmt::join(image.build_tools, ", ")),
      {"docker history: a later layer does not make an earlier one smaller"},
      "build in a first stage and `COPY --from=` what it made into the last one; `pip install "
      "--no-cache-dir`");
}

Finding JudgeUser(const Facts& facts, const ImageFacts& image) {
  const std::string_view user = aws::TextOf(image.config, "User");
  if (IsRoot(user)) return Ok("its user is root");
  if (HearthInside(facts)) return Ok(fmt::format("its user is {}", user));
  const auto& env =
      facts.file ? facts.file->config.replica.env : std::map<std::string, std::string>();
  for (const auto& [name, value] : env) {
    if (NamesCache(name)) return Ok(fmt::format("its user is {}, {} is {}", user, name, value));
  }
  if (ImageNamesCache(image.config)) return Ok(fmt::format("its user is {}", user));
  return Ng(fmt::format("its user is {}, and HF_HOME is not set", user),
            {"~/.cache/huggingface of that user is not where a build as root put the model "
             "(/root/.cache)"},
            "put `ENV HF_HOME=/app/.cache` into the Dockerfile before the model is downloaded, and "
            "`chown` the folder to that user");
}

}  // namespace

std::vector<Finding> CheckImage(const Facts& facts) {
  if (!facts.local) return {Skip(facts.local_problem)};
  if (!facts.local->image) {
    return {Skip(facts.local->docker_problem.empty() ? "hearth.toml names no image"
                                                     : facts.local->docker_problem)};
  }
  const ImageFacts& image = *facts.local->image;
  if (!image.problem.empty()) return {Skip(image.problem)};
  const int64_t model = facts.local->model ? facts.local->model->bytes : 0;
  return {JudgeImageSize({image.name, image.bytes, "on this machine's disk", std::nullopt, model}),
          JudgeBuildTools(image), JudgeUser(facts, image)};
}

}  // namespace hearth::doctor
