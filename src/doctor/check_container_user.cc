// A user that is not root has no /root: without HF_HOME the cache that was filled at build time is
// not found, and a new one cannot be written. Looks at: user, environment, readonlyRootFilesystem
// and mounts of the replica's container, and the image's own user where Docker has it.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/cache_names.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

bool HasCacheVariable(const Setup& setup, const Facts& facts) {
  for (const json::value& item : aws::ListOf(setup.container, "environment")) {
    if (NamesCache(aws::TextOf(aws::AsObject(item), "name"))) return true;
  }
  return facts.local && facts.local->image && ImageNamesCache(facts.local->image->config);
}

std::string UserOf(const Setup& setup, const Facts& facts) {
  const std::string_view own = aws::TextOf(setup.container, "user");
  if (!own.empty()) return std::string(own);
  if (!facts.local || !facts.local->image) return "";
  return std::string(aws::TextOf(facts.local->image->config, "User"));
}

bool HasWritableMount(const Setup& setup) {
  for (const json::value& item : aws::ListOf(setup.container, "mountPoints")) {
    if (!aws::BoolOf(aws::AsObject(item), "readOnly").value_or(false)) return true;
  }
  return false;
}

Finding Judge(const Setup& setup, const Facts& facts) {
  if (setup.container.empty()) return Skip(fmt::format("{}: no container", setup.where));
  if (HearthInside(facts)) {
    return Ok(fmt::format("{}: hearth serves a packed file, no cache is used", setup.where));
  }
  const bool named = HasCacheVariable(setup, facts);
  const std::string user = UserOf(setup, facts);
  if (!user.empty() && !IsRoot(user) && !named) {
    return Ng(
        fmt::format("{}: the container's user is {}, and HF_HOME is not set", setup.where, user),
        {"the cache is looked for in ~/.cache/huggingface of that user; what the build put "
         "into /root/.cache cannot be read"},
        "put `ENV HF_HOME=/app/.cache` into the Dockerfile before the model is downloaded and "
        "give the folder to that user, or set `[replica] env = { HF_HOME = \"…\" }`");
  }
  const bool read_only = aws::BoolOf(setup.container, "readonlyRootFilesystem").value_or(false);
  if (read_only && !HasWritableMount(setup)) {
    return Ng(fmt::format("{}: the root file system is read-only and nothing is mounted to write",
                          setup.where),
              {"a Hugging Face library writes locks into its cache even to read a model"},
              "set `[ecs.task_definition]` with a volume and a mount point for HF_HOME, or set "
              "HF_HUB_OFFLINE=1 in `[replica] env`");
  }
  return Ok(fmt::format("{}: {}", setup.where,
                        user.empty() ? "the user is the image's own" : "user " + user));
}

}  // namespace

std::vector<Finding> CheckContainerUser(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
