// hearth ecs init: an [ecs] section into hearth.toml, with placeholders or from a live service.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "base/atomic_file.h"
#include "base/text_file.h"
#include "cli/ecs_session.h"
#include "ecs/init_text.h"
#include "ecs/live_service.h"

namespace hearth::cli {
namespace {

constexpr const char* kFooter = R"(
An [ecs] that is there already is never written over.

Examples:
  hearth ecs init
  hearth ecs init --from-service my-cluster/my-service --region eu-west-1)";

struct InitFlags {
  EcsFlags ecs;
  std::string from_service;
};

// "" where there is no file yet.
Result<std::string> TextOfFile(const std::string& name) {
  std::error_code error;
  if (!std::filesystem::exists(name, error)) return std::string();
  auto text = ReadText(name);
  if (!text) return Fail(Code::kIo, "cannot read \"{}\"", name);
  return *std::move(text);
}

Result<std::string> FromService(const InitFlags& flags, const std::string& before,
                                const Cancel& cancel) {
  const size_t slash = flags.from_service.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == flags.from_service.size()) {
    return Fail(Code::kUsage, "--from-service: must be CLUSTER/SERVICE, not \"{}\"",
                flags.from_service);
  }
  auto client = OpenAws(flags.ecs, "", &cancel);
  if (!client) return Forward(client);
  auto live = ecs::ReadLiveService((*client)->AsFunction(), (*client)->region(),
                                   flags.from_service.substr(0, slash),
                                   flags.from_service.substr(slash + 1));
  if (!live) return Forward(live);
  const std::string pool = ecs::PoolSectionsOf(*live);
  std::string out;
  if (before.empty()) {
    out = pool + "\n";
  } else {
    // The file may have these tables already.
    out = "# What the service says beside [ecs]:\n# ";
    for (const char c : pool) out += c == '\n' ? std::string("\n# ") : std::string(1, c);
    out += "\n\n";
  }
  return out + ecs::EcsSectionOf(*live);
}

Status WriteWhole(const std::string& name, const std::string& text) {
  auto file = AtomicFile::Create(name, text.size());
  if (!file) return Forward(file);
  if (Status wrote = file->Write(std::as_bytes(std::span(text))); !wrote) return wrote;
  return file->Commit();
}

Result<int> Init(const InitFlags& flags, Cancel& cancel) {
  const std::string name = flags.ecs.config.empty() ? "hearth.toml" : flags.ecs.config;
  auto before = TextOfFile(name);
  if (!before) return Forward(before);
  // Before anything is asked of AWS.
  if (auto fits = ecs::WithEcs(*before, "", name); !fits) return Forward(fits);
  std::string section;
  if (flags.from_service.empty()) {
    auto client = OpenAws(flags.ecs, "", &cancel);
    section = ecs::EcsSection(client ? (*client)->region() : flags.ecs.region);
  } else {
    auto read = FromService(flags, *before, cancel);
    if (!read) return Forward(read);
    section = *std::move(read);
  }
  auto text = ecs::WithEcs(*before, section, name);
  if (!text) return Forward(text);
  auto parsed = config::ParseConfig(*text, name);
  if (!parsed) return Forward(parsed);
  if (Status wrote = WriteWhole(name, *text); !wrote) return Forward(wrote);
  fmt::print("wrote [ecs] into {}{}; `hearth ecs plan` says what it would make\n", name,
             flags.from_service.empty() ? ": put your own names in" : "");
  return 0;
}

}  // namespace

void AddEcsInit(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<InitFlags>();
  CLI::App* command = ecs->add_subcommand("init", "Writes an [ecs] section into hearth.toml");
  command->footer(kFooter);
  AddEcsFlags(command, &flags->ecs);
  command->add_option("--from-service", flags->from_service, "reads it from a service that runs")
      ->type_name("CLUSTER/SERVICE");
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return Init(*flags, cancel); }); };
  });
}

}  // namespace hearth::cli
