#include "ecs/plan_build.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>

#include "ecs/describe_shape.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

constexpr size_t kValueMax = 60;  // bytes of a value in a line
constexpr std::string_view kSecretWords[] = {"TOKEN", "SECRET", "PASSWORD", "KEY", "CREDENTIAL"};
constexpr size_t kReasonsMax = 3;  // differences in a reason
constexpr std::string_view kTagsPath = "tags[";

// "containerDefinitions[replica].environment[HF_TOKEN].value"
bool NamesASecret(std::string_view path) {
  const size_t at = path.find("environment[");
  if (at == std::string_view::npos) return false;
  const std::string_view name = path.substr(at);
  return std::any_of(std::begin(kSecretWords), std::end(kSecretWords), [&](std::string_view word) {
    return name.find(word) != std::string_view::npos;
  });
}

}  // namespace

Action CreateAction(const PlanState& state, const Resource& resource, std::string reason) {
  const KindFacts& facts = FactsOf(resource.kind);
  return {
      Verb::kCreate,
      resource.kind,
      resource.name,
      std::move(reason),
      {},
      {{std::string(facts.service), std::string(facts.create), Fill(resource.input, state.known)}}};
}

Action UpdateAction(const Resource& resource, std::vector<Difference> differences) {
  std::string reason = ReasonOf(differences);
  return {Verb::kUpdate,     resource.kind,          resource.name,
          std::move(reason), std::move(differences), {}};
}

std::string ValueWords(const Difference& difference, const json::value& value) {
  if (value.is_null()) return "none";
  if (NamesASecret(difference.path)) return "(not shown)";
  std::string text = value.is_string() && !value.get_string().empty()
                         ? std::string(value.get_string())
                         : json::serialize(value);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  if (text.size() <= kValueMax) return text;
  // Both ends: what differs in an image or an ARN is mostly the last of it.
  const auto inside = [&](size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  size_t end = kValueMax / 2;
  size_t tail = text.size() - kValueMax / 2;
  while (end > 0 && inside(end)) --end;
  while (tail < text.size() && inside(tail)) ++tail;
  return text.substr(0, end) + "…" + text.substr(tail);
}

std::string ReasonOf(const std::vector<Difference>& differences) {
  std::string reason;
  for (size_t i = 0; i < differences.size() && i < kReasonsMax; ++i) {
    const Difference& difference = differences[i];
    reason += fmt::format("{}{}: {} → {}", i == 0 ? "" : "; ", difference.path,
                          ValueWords(difference, difference.is),
                          ValueWords(difference, difference.ought));
  }
  if (differences.size() > kReasonsMax) {
    reason += fmt::format("; and {} more", differences.size() - kReasonsMax);
  }
  return reason;
}

std::pair<std::vector<Difference>, std::vector<Difference>> SplitTags(
    std::vector<Difference> differences) {
  std::vector<Difference> tags;
  std::vector<Difference> others;
  for (Difference& difference : differences) {
    (difference.path.starts_with(kTagsPath) ? tags : others).push_back(std::move(difference));
  }
  return {std::move(tags), std::move(others)};
}

std::string_view TopOf(const Difference& difference) {
  const std::string_view path = difference.path;
  return path.substr(0, path.find_first_of(".["));
}

json::array TagList(const std::vector<Difference>& differences, std::string_view key,
                    std::string_view value) {
  json::array tags;
  for (const Difference& difference : differences) {
    const std::string_view path = difference.path;
    const std::string_view name = path.substr(kTagsPath.size(), path.size() - kTagsPath.size() - 1);
    tags.push_back(json::object{{key, name}, {value, difference.ought}});
  }
  return tags;
}

bool CarriesPoolTag(const EcsSpec& spec, const json::object& described) {
  const auto tags = TagsOf(described);
  if (!tags) return false;
  const auto found = tags->find(std::string(kPoolTag));
  return found != tags->end() && found->second == PoolTagValue(spec);
}

bool NamedByHearth(const EcsSpec& spec, std::string_view name) {
  if (name.starts_with("hearth-")) return true;
  if (!name.starts_with(spec.service)) return false;
  const std::string_view rest = name.substr(spec.service.size());
  return rest == "-cpu" || rest == "-spare" || rest.starts_with("-floor-");
}

json::object ScalingOf(const EcsSpec& spec) {
  return {{"ServiceNamespace", "ecs"},
          {"ResourceId", fmt::format("service/{}/{}", spec.cluster, spec.service)},
          {"ScalableDimension", "ecs:service:DesiredCount"}};
}

}  // namespace hearth::ecs
