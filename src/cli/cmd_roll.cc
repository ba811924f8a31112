// hearth roll: a new model, image or command for the pool that runs, without a failed request.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "aws/shell_words.h"
#include "base/json_print.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/pool_wait.h"

namespace hearth::cli {
namespace {

constexpr const char* kFooter = R"(
New replicas get ready before old ones drain. When the new version never gets ready, the pool goes
back to what it ran before: with --wait that is exit code 1, and the reason is said.

Examples:
  hearth roll --model hf://sentence-transformers/all-MiniLM-L12-v2 --wait
  hearth roll --image registry.example/embedding-service:1.4.3 --wait
  hearth roll --command "uvicorn app:app --port {port}")";

struct RollFlags {
  PoolFlags pool;
  WaitFlags wait;
  std::string model;
  std::string image;
  std::string command;
};

std::string Quoted(const std::string& text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

// The pool may run in another folder.
std::string FromHere(const std::string& model) {
  std::error_code error;
  if (!std::filesystem::exists(model, error)) return model;
  const auto absolute = std::filesystem::absolute(model, error);
  return error ? model : absolute.string();
}

Result<std::string> BodyOf(const RollFlags& flags) {
  std::string body;
  const auto add = [&](const char* name, const std::string& value) {
    body += fmt::format(R"({}"{}":{})", body.empty() ? "{" : ",", name, value);
  };
  if (!flags.model.empty()) add("model", Quoted(FromHere(flags.model)));
  if (!flags.image.empty()) add("image", Quoted(flags.image));
  if (!flags.command.empty()) {
    const auto words = aws::SplitWords(flags.command);
    if (!words) return Fail(Code::kUsage, "--command: {}", words.error().message);
    std::string list;
    for (const std::string& word : *words) list += (list.empty() ? "" : ",") + Quoted(word);
    add("command", "[" + list + "]");
  }
  if (body.empty()) return Fail(Code::kUsage, "roll needs --model, --image or --command");
  return body + "}";
}

Status WaitForRoll(const AdminClient& client, const RollFlags& flags) {
  return WaitFor(
      client, flags.wait, "the roll has not ended",
      [](const PoolView& view) -> std::optional<Status> {
        if (view.roll_state == "done") return Status();
        if (view.roll_state == "failed") {
          return Status(Fail(Code::kUnprocessable, "the roll has failed: {}", view.roll));
        }
        return std::nullopt;
      });
}

int RunRoll(const RollFlags& flags) {
  const auto body = BodyOf(flags);
  if (!body) return Report(body.error());
  const auto client = AdminClient::Find(flags.pool);
  if (!client) return Report(client.error());
  if (Status asked = client->Post("/v1/roll", *body); !asked) return Report(asked.error());
  if (!flags.wait.wait) {
    fmt::print("rolling; `hearth status` says how it goes\n");
    return 0;
  }
  if (Status done = WaitForRoll(*client, flags); !done) return Report(done.error());
  fmt::print("rolled\n");
  return 0;
}

}  // namespace

void AddRollCommand(CLI::App& app, Run* run) {
  auto flags = std::make_shared<RollFlags>();
  CLI::App* roll = app.add_subcommand(
      "roll", "Replaces all replicas by ones with a new model, image or command");
  roll->footer(kFooter);
  AddPoolFlags(roll, &flags->pool);
  roll->add_option("--model", flags->model,
                   "hf://org/name[@revision], s3://bucket/prefix, a folder or a packed file")
      ->type_name("SOURCE");
  roll->add_option("--image", flags->image, "of replicas that are containers")->type_name("IMAGE");
  roll->add_option(
          "--command", flags->command,
          "one text, cut into words as a shell does; {port}, {socket} and {name} are filled in")
      ->type_name("TEXT");
  AddWaitFlags(roll, "return when all replicas are new, or the roll has failed", &flags->wait);
  roll->callback([flags, run] { *run = [flags] { return RunRoll(*flags); }; });
}

}  // namespace hearth::cli
