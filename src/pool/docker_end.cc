#include "pool/docker_end.h"

#include <csignal>

#include "pool/docker_answer.h"

namespace hearth::pool {
namespace {

constexpr int kSignalBase = 128;
constexpr int kSignalMax = 64;
constexpr int64_t kMebibyte = int64_t{1} << 20;
constexpr int64_t kGibibyte = int64_t{1} << 30;

std::string Size(int64_t bytes) {
  if (bytes % kGibibyte == 0) return fmt::format("{} GiB", bytes / kGibibyte);
  return fmt::format("{} MiB", (bytes + kMebibyte / 2) / kMebibyte);
}

ContainerEnd OutOfMemory(const EndFacts& facts) {
  std::string words = "out of memory";
  if (facts.memory_bytes > 0) words += " at " + Size(facts.memory_bytes);
  // The kernel has killed another process of the container; the first one ended in its own way.
  if (facts.exit_code != kSignalBase + SIGKILL) words += fmt::format(", exit {}", facts.exit_code);
  return {EndReason::kOutOfMemory, words};
}

std::string LastLine(DockerEngine& engine, const std::string& container, bool has_terminal) {
  const auto answer = engine.Demand(
      {.what = fmt::format("read the output of container {:.12}", container),
       .path = fmt::format("/containers/{}/logs?stdout=1&stderr=1&tail=1", container)});
  return answer ? LastLogLine(answer->body, has_terminal) : std::string();
}

}  // namespace

ContainerEnd EndOf(const EndFacts& facts) {
  if (facts.out_of_memory) return OutOfMemory(facts);
  ContainerEnd end;
  const int signal = facts.exit_code - kSignalBase;
  if (signal > 0 && signal <= kSignalMax) {
    end = {EndReason::kKilled, fmt::format("signal {}", signal)};
  } else {
    end = {EndReason::kExited, fmt::format("exit {}", facts.exit_code)};
  }
  // Who ends well, or is ended from outside, has nothing to explain.
  const bool explains = facts.exit_code != 0 && signal != SIGKILL && signal != SIGTERM;
  if (explains && !facts.last_line.empty()) end.words += ": " + facts.last_line;
  return end;
}

ContainerEnd DescribeEnd(DockerEngine& engine, const std::string& container,
                         const EndHints& hints) {
  const auto answer = engine.Demand({.what = fmt::format("inspect container {:.12}", container),
                                     .path = fmt::format("/containers/{}/json", container)});
  const auto info = answer ? ReadContainer(answer->body)
                           : Result<ContainerInfo>(tl::unexpected<Error>(answer.error()));
  if (info && !info->running) {
    return EndOf({.exit_code = info->exit_code,
                  .out_of_memory = info->oom_killed || hints.oom_event,
                  .memory_bytes = info->memory_bytes,
                  .last_line = info->exit_code == 0
                                   ? std::string()
                                   : LastLine(engine, container, info->has_terminal)});
  }
  if (hints.exit_code) {
    return EndOf({.exit_code = *hints.exit_code, .out_of_memory = hints.oom_event});
  }
  if (hints.oom_event) return {EndReason::kOutOfMemory, "out of memory"};
  return {EndReason::kKilled, "its container was removed by somebody else"};
}

}  // namespace hearth::pool
