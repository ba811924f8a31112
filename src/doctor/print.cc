#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>

#include "doctor/check.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

struct Names {
  std::string_view json, title;
};

constexpr std::array<Names, 3> kGroups = {{{"static", "hearth.toml and the set-up on ECS"},
                                           {"local", "this machine"},
                                           {"live", "the service on ECS"}}};
constexpr std::array<std::string_view, 3> kVerdicts = {"OK", "NG", "SKIP"};

const Names& NamesOf(Group group) { return kGroups[static_cast<size_t>(group)]; }
std::string_view NameOf(Verdict verdict) { return kVerdicts[static_cast<size_t>(verdict)]; }

std::array<int, 3> CountsOf(const Verdicts& verdicts) {
  std::array<int, 3> counts{};
  for (const Verdicts::Of& of : verdicts.checks) {
    for (const Finding& finding : of.findings) ++counts[static_cast<size_t>(finding.verdict)];
  }
  return counts;
}

json::object FindingJson(const Finding& finding) {
  json::object printed{{"verdict", NameOf(finding.verdict)}, {"title", finding.title}};
  json::array evidence;
  for (const std::string& line : finding.evidence) evidence.emplace_back(line);
  printed["evidence"] = std::move(evidence);
  if (!finding.fix.empty()) printed["fix"] = finding.fix;
  return printed;
}

}  // namespace

std::string PrintTree(const Verdicts& verdicts) {
  std::string out;
  const auto end = std::back_inserter(out);
  const Names* group = nullptr;
  for (const Verdicts::Of& of : verdicts.checks) {
    if (group != &NamesOf(of.check->group)) {
      group = &NamesOf(of.check->group);
      fmt::format_to(end, "{}\n", group->title);
    }
    for (const Finding& finding : of.findings) {
      fmt::format_to(end, "  {:<4}  {:<14}  {}\n", NameOf(finding.verdict), of.check->name,
                     finding.title);
      for (const std::string& line : finding.evidence)
        fmt::format_to(end, "          - {}\n", line);
      if (!finding.fix.empty()) fmt::format_to(end, "          fix: {}\n", finding.fix);
    }
  }
  const std::array<int, 3> counts = CountsOf(verdicts);
  fmt::format_to(end, "{} OK, {} NG, {} SKIP\n", counts[0], counts[1], counts[2]);
  return out;
}

std::string PrintJson(const Verdicts& verdicts) {
  json::array checks;
  for (const Verdicts::Of& of : verdicts.checks) {
    json::array findings;
    for (const Finding& finding : of.findings) findings.emplace_back(FindingJson(finding));
    checks.emplace_back(json::object{{"name", of.check->name},
                                     {"question", of.check->words},
                                     {"group", NamesOf(of.check->group).json},
                                     {"findings", std::move(findings)}});
  }
  const std::array<int, 3> counts = CountsOf(verdicts);
  return json::serialize(json::object{
      {"ok", counts[0]}, {"ng", counts[1]}, {"skip", counts[2]}, {"checks", std::move(checks)}});
}

}  // namespace hearth::doctor
