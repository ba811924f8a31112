#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "ecs/apply.h"
#include "ecs/plan_build.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

struct VerbWords {
  std::string_view mark, word;
};

VerbWords WordsOf(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return {"+", "create"};
    case Verb::kUpdate:
      return {"~", "update"};
    case Verb::kReplace:
      return {"±", "replace"};
    case Verb::kDelete:
      return {"-", "delete"};
  }
  return {"?", "unknown"};
}

std::string ActionLines(const Action& action) {
  const VerbWords words = WordsOf(action.verb);
  std::string out = fmt::format("{} {} {} \"{}\"", words.mark, words.word,
                                FactsOf(action.kind).words, action.name);
  // One difference fits the line; of more each has its own.
  if (action.differences.size() <= 1) out += fmt::format(": {}", action.reason);
  if (action.starts_deployment) out += " (starts a deployment)";
  out += '\n';
  if (action.differences.size() <= 1) return out;
  for (const Difference& difference : action.differences) {
    out += fmt::format("    {}: {} → {}\n", difference.path, ValueWords(difference, difference.is),
                       ValueWords(difference, difference.ought));
  }
  return out;
}

json::object RequestJson(const aws::ServiceRequest& request) {
  return {{"service", request.service}, {"action", request.action}, {"input", request.input}};
}

json::object ActionJson(const Action& action) {
  json::array differences;
  for (const Difference& difference : action.differences) {
    differences.push_back(json::object{
        {"path", difference.path}, {"is", difference.is}, {"ought", difference.ought}});
  }
  json::array requests;
  for (const aws::ServiceRequest& request : action.requests) {
    requests.push_back(RequestJson(request));
  }
  return {{"verb", WordsOf(action.verb).word},
          {"kind", FactsOf(action.kind).words},
          {"name", action.name},
          {"reason", action.reason},
          {"startsDeployment", action.starts_deployment},
          {"differences", std::move(differences)},
          {"requests", std::move(requests)}};
}

json::array Texts(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

}  // namespace

std::string PrintPlan(const Plan& plan) {
  std::string out;
  for (const std::string& problem : plan.problems) out += fmt::format("! {}\n", problem);
  for (const Action& action : plan.actions) out += ActionLines(action);
  for (const std::string& note : plan.notes) out += fmt::format("note: {}\n", note);
  if (plan.actions.empty() && plan.problems.empty()) {
    out += plan.destroys ? "nothing to do: nothing carries this pool's tag\n"
                         : "nothing to do: what exists is what the file says\n";
  }
  return out;
}

json::object PlanJson(const Plan& plan) {
  json::array actions;
  for (const Action& action : plan.actions) actions.push_back(ActionJson(action));
  return {{"actions", std::move(actions)},
          {"problems", Texts(plan.problems)},
          {"notes", Texts(plan.notes)}};
}

std::string DryRun(const Plan& plan) {
  std::string out;
  for (const Action& action : plan.actions) {
    for (const aws::ServiceRequest& request : action.requests) {
      out += json::serialize(RequestJson(request)) + '\n';
    }
  }
  return out;
}

}  // namespace hearth::ecs
