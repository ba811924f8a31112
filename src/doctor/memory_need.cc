#include "doctor/memory_need.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "aws/document.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

constexpr int64_t kMib = 1 << 20;

std::optional<int64_t> AnnouncedInLog(const LiveFacts& live) {
  std::optional<int64_t> most;
  for (const LiveFacts::LogLine& line : live.log_lines) {
    if (line.message.find("memory_needed_bytes") == std::string::npos) continue;
    boost::system::error_code error;
    const boost::json::value said = boost::json::parse(line.message, error);
    if (error) continue;
    const auto bytes = aws::NumberOf(aws::AsObject(said), "memory_needed_bytes");
    if (bytes && *bytes > 0 && *bytes < 1e15) {
      most = std::max(most.value_or(0), static_cast<int64_t>(*bytes));
    }
  }
  return most;
}

const ModelFacts* ModelOf(const Facts& facts) {
  return facts.local && facts.local->model ? &*facts.local->model : nullptr;
}

}  // namespace

std::optional<MemoryNeed> NeedOf(const Facts& facts) {
  const ModelFacts* model = ModelOf(facts);
  if (facts.live) {
    if (const auto said = AnnouncedInLog(*facts.live)) {
      return MemoryNeed{*said, "what a hearth replica announced in its log"};
    }
  }
  if (HearthInside(facts) && model != nullptr && model->announced_bytes) {
    return MemoryNeed{*model->announced_bytes,
                      "what a hearth replica announces for this model at its default limits"};
  }
  // hearth.toml may know hearth's server on a model that was not packed yet: no rule for that.
  if (HearthInside(facts) || model == nullptr || model->bytes <= 0) return std::nullopt;
  if (model->bytes > INT64_MAX / 2) return std::nullopt;
  return MemoryNeed{2 * model->bytes, fmt::format("2 × the model's weights of {} = {}",
                                                  InGb(model->bytes), InGb(2 * model->bytes))};
}

std::string WhyNoNeed(const Facts& facts) {
  const ModelFacts* model = ModelOf(facts);
  if (model == nullptr) return "the model is not on this machine, so its size is not known";
  if (!model->problem.empty()) return model->problem;
  return fmt::format("hearth's need is not known for \"{}\"", model->path);
}

std::optional<ecs::FargateSize> SmallestTask(int cpu_units, int64_t bytes) {
  constexpr int64_t kMost = int64_t{1} << 40;
  if (bytes > kMost) return std::nullopt;
  const auto mib = static_cast<int>(bytes / kMib + (bytes % kMib > 0 ? 1 : 0));
  const ecs::FargateSize size = ecs::NearestFargateSize({cpu_units, mib});
  return size.memory_mib < mib ? std::nullopt : std::optional(size);
}

std::string FixMemory(const ecs::FargateSize& size, int cpu_units) {
  std::string fix = SetKey("replica", "memory", TomlSize(size.memory_mib * kMib));
  if (size.cpu_units > cpu_units) {
    fix += fmt::format(" with `cpu = {}`: Fargate has no smaller CPU for that much memory",
                       size.cpu_units / 1024.0);
  }
  return fix;
}

}  // namespace hearth::doctor
