// The model caches of this machine: HF_HOME and its kin name folders that exist and that this user
// can read. Only for what reads them: another server than hearth, or a model of the hub.
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

Finding Judge(const MachineFacts::Folder& folder, uint32_t user) {
  const std::string title = fmt::format("{}: {}", folder.why, folder.path);
  if (!folder.exists) {
    return Ng(fmt::format("{} names a folder that is not there: {}", folder.why, folder.path),
              {fmt::format("looked as user {}", user)},
              fmt::format("`mkdir -p {}` and download the model into it, or set `[replica] env = "
                          "{{ {} = \"…\" }}` in hearth.toml to where it is",
                          folder.path, folder.why));
  }
  if (!folder.readable) {
    return Ng(fmt::format("user {} cannot read {}: {}", user, folder.why, folder.path),
              {"a replica is started as the same user"},
              fmt::format("`chown -R {} {}`, or `chmod -R a+rX` it", user, folder.path));
  }
  std::vector<std::string> evidence;
  if (folder.free_bytes) evidence.push_back(fmt::format("{} free", InGb(*folder.free_bytes)));
  if (!folder.writable) evidence.push_back("read-only: nothing can be downloaded into it");
  return Ok(title, std::move(evidence));
}

}  // namespace

std::vector<Finding> CheckCache(const Facts& facts) {
  if (!facts.local) return {Skip(facts.local_problem)};
  const bool hub = facts.file && facts.file->config.model.source.starts_with("hf://");
  if (HearthInside(facts) && !hub) {
    return {Skip("hearth serves a packed file: no cache is used")};
  }
  const MachineFacts& machine = facts.local->machine;
  std::vector<Finding> findings;
  for (const MachineFacts::Folder& folder : machine.folders) {
    findings.push_back(Judge(folder, machine.user));
  }
  if (findings.empty()) {
    const bool home = machine.user == 0 || machine.env.contains("HOME");
    findings.push_back(
        home ? Ok("no cache folder yet: the first download makes ~/.cache/huggingface")
             : Ng(fmt::format("user {} has neither HF_HOME nor a home with a cache", machine.user),
                  {"~/.cache/huggingface is where libraries look without HF_HOME"},
                  "set `[replica] env = { HF_HOME = \"/a/folder\" }` in hearth.toml and download "
                  "the model into it"));
  }
  return findings;
}

}  // namespace hearth::doctor
