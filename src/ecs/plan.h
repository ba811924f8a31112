// From what ought to be and what is, the ordered actions that make them the same. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "ecs/desired.h"
#include "ecs/observed.h"

namespace hearth::ecs {

enum class Verb { kCreate, kUpdate, kReplace, kDelete };

struct Difference {
  std::string path;              // "containerDefinitions[replica].healthCheck.startPeriod"
  boost::json::value is, ought;  // null: absent
};

// One step. Requests may hold the references of desired.h: apply fills them in from the answers of
// the steps before.
struct Action {
  Verb verb;
  Kind kind;
  std::string name;
  std::string reason;  // in words: "it does not exist", "healthCheckGracePeriodSeconds: 0 → 60"
  std::vector<Difference> differences;
  std::vector<aws::ServiceRequest> requests;
  bool starts_deployment = false;
};

struct PlanOptions {
  // Lower a MinCapacity that someone raised above the file's. Without it that is only noted.
  bool lower_floor = false;
};

struct Plan {
  std::vector<Action> actions;
  std::vector<std::string> problems;  // inputs that are missing, what cannot be: nothing is done
  std::vector<std::string> notes;  // "MinCapacity is 6, the file says 4: someone raised it; kept"
  bool destroys = false;           // made by MakeDestroyPlan
};

// Rules that are not plain from the types:
//   - The task definition is registered only when neither the revision that the service runs nor
//   the
//     newest active one says the same. Tags alone make no revision.
//   - Only what differs is sent. A service's number of tasks is set at creation and never again.
//   - The listener rule gets the lowest priority above all that are taken, so that it shadows
//   nobody's
//     rule, and keeps it.
//   - A target group of our name without our tag is someone's: a problem. A service of that name is
//     taken over, with a note. Log groups and revisions that someone else made are used and not
//     tagged.
//   - Policies and scheduled actions that hearth named and no longer wants go; others are noted.
Plan MakePlan(const EcsSpec& spec, const Desired& desired, const Observed& observed,
              const PlanOptions& options = {});

// What `ought` (the input of a create call) says that `is` (a Describe's answer) does not, and what
// `is` says beyond `ought` where that is not AWS's default. What only AWS filled in and the order
// of sets are no difference; nor are tags that others added. A reference that is not filled in
// differs from everything, but for "${priority}".
std::vector<Difference> Compare(Kind kind, const boost::json::object& ought,
                                const boost::json::object& is);

// Everything that carries this pool's tag, in the order in which it can go. What does not carry it
// is named in `notes` and left.
Plan MakeDestroyPlan(const EcsSpec& spec, const Observed& observed);

// Fit for a terminal: one line an action, its differences under it.
std::string PrintPlan(const Plan& plan);
boost::json::object PlanJson(const Plan& plan);

}  // namespace hearth::ecs
