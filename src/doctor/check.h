// One check: facts in, findings out. Pure; each check is a file check_<name>.cc with one row in
// checks.cc. Facts are gathered before (facts.h), so that every check can be tried on fixtures.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/facts.h"

namespace hearth::doctor {

enum class Verdict { kOk, kNg, kSkip };

struct Finding {
  Verdict verdict = Verdict::kOk;
  std::string title;  // a statement: "startPeriod 30 s is shorter than 2 × the load time"
  std::vector<std::string> evidence;  // numbers and where they are from
  std::string fix;                    // exact: the key and value, or the command; NG only
};

enum class Group { kStatic, kLocal, kLive };

struct Check {
  std::string_view name;   // "start-up-loop": stable, in --json
  std::string_view words;  // what it asks: "do tasks live long enough to load?"
  Group group;
  std::vector<Finding> (*run)(const Facts& facts);  // SKIP with the reason where facts are missing
};

std::span<const Check> Checks();

struct Verdicts {
  struct Of {
    const Check* check;
    std::vector<Finding> findings;
  };
  std::vector<Of> checks;
  bool any_ng = false;
};
// Runs the checks of `groups`; empty: all of them.
Verdicts Examine(const Facts& facts, std::span<const Group> groups = {});

std::string PrintTree(const Verdicts& verdicts);  // OK / NG / SKIP, evidence and fix below
std::string PrintJson(const Verdicts& verdicts);

}  // namespace hearth::doctor
