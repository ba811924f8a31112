// hearth probe: asks a server whether it is alive or ready. The health check of an image without a
// shell or curl.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/duration.h"
#include "cli/command.h"
#include "cli/listen_env.h"
#include "http/client.h"

namespace hearth::cli {
namespace {

constexpr size_t kQuoteBytesMax = 300;  // of a refusal's body
constexpr int kOk = 200;

constexpr const char* kDescription = "Asks a server whether it is alive (health) or ready (ready)";
constexpr const char* kFooter = R"(
Exit 0: it answered 200. Exit 1: it did not; one line on stderr says why. Exit 64: wrong usage.

Without --url it asks where `hearth serve` listens with the same environment: UDS_PATH, or
HEARTH_HOST (or HOSTNAME, when it is an address) and PORT; 0.0.0.0 and :: mean this machine.
Flags of serve it cannot know: set HEARTH_PROBE_URL beside them. /health and /ready need no key.
No proxy is used.

Examples:
  HEALTHCHECK --timeout=5s CMD ["hearth", "probe", "ready"]
  hearth probe ready --url http://replica:8000
  hearth probe health --url unix:/run/hearth.sock --timeout 500ms
  hearth probe ready --url https://models.example/embed/ready)";

struct ProbeFlags {
  std::string what;
  std::string url;
  std::string timeout = "4s";
};

// All that matters is in the head of a 200; of anything else, the first words.
class Verdict final : public http::BodySink {
 public:
  Status OnHead(const http::AnswerHead& head) override {
    status = head.status;
    return status == kOk ? Fail(Code::kCancelled, "known") : Status();
  }
  Status OnBody(std::string_view piece) override {
    said.append(piece.substr(0, kQuoteBytesMax - said.size()));
    return said.size() == kQuoteBytesMax ? Fail(Code::kCancelled, "enough") : Status();
  }

  int status = 0;  // 0: no answer
  std::string said;
};

// One line, whatever came.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

Result<http::Url> UrlOf(const ProbeFlags& flags) {
  auto url = flags.url.empty() ? WhereServeListens(ProcessEnv()) : http::ParseUrl(flags.url);
  if (!url) return Fail(Code::kUsage, "{}", url.error().message);
  url->host = ReachableHost(url->host);
  if (url->target == "/") url->target = "/" + flags.what;
  return url;
}

Status Ask(const http::Url& url, http::Clock::time_point deadline, Verdict* verdict) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - http::Clock::now());
  auto connection = http::Connection::Open(url, deadline, {.connect_timeout = left});
  if (!connection) return Forward(connection);
  const http::Outgoing request{
      .headers = {{"User-Agent", "hearth-probe"}, {"Connection", "close"}}};
  const auto head = connection->Stream(request, deadline, verdict);
  return head ? Status() : tl::unexpected<Error>(head.error());
}

int RunProbe(const ProbeFlags& flags, http::Clock::time_point began) {
  const auto timeout = ParseDuration(flags.timeout);
  if (!timeout) return Report({Code::kUsage, "--timeout " + timeout.error().message});
  const auto url = UrlOf(flags);
  if (!url) return Report(url.error());
  Verdict verdict;
  const Status asked = Ask(*url, began + *timeout, &verdict);
  if (verdict.status == kOk) return 0;
  const char* no = flags.what == "ready" ? "not ready" : "not healthy";
  const std::string where = url->unix_path.empty() ? url->ToString() : url->Origin() + url->target;
  if (verdict.status != 0) {
    const std::string said = OneLine(verdict.said);
    return Report(
        {Code::kUnavailable, fmt::format("{}: {} answers {}{}{}", no, where, verdict.status,
                                         said.empty() ? "" : ": ", said)});
  }
  return Report({Code::kUnavailable, fmt::format("{}: {}: {} (--timeout {})", no, where,
                                                 OneLine(asked.error().message), flags.timeout)});
}

}  // namespace

void AddProbeCommand(CLI::App& app, Run* run) {
  const auto began = http::Clock::now();
  auto flags = std::make_shared<ProbeFlags>();
  CLI::App* probe = app.add_subcommand("probe", kDescription);
  probe->footer(kFooter);
  probe->add_option("WHAT", flags->what, "health or ready; the path that is asked for")
      ->required()
      ->check(CLI::IsMember({"health", "ready"}));
  probe
      ->add_option("--url", flags->url,
                   "http://, https:// or unix: URL; one with a path is asked for that path "
                   "[http://127.0.0.1:8000]")
      ->envname("HEARTH_PROBE_URL")
      ->type_name("URL");
  probe->add_option("--timeout", flags->timeout, "for all of it: name look-up, connecting, answer")
      ->capture_default_str()
      ->type_name("TIME");
  probe->callback(
      [flags, run, began] { *run = [flags, began] { return RunProbe(*flags, began); }; });
}

}  // namespace hearth::cli
