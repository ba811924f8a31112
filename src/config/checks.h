// Checks across keys. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/problem.h"

namespace hearth::config {

using KeyLines = std::map<std::string, int, std::less<>>;  // of the keys that the file holds

// Defaults that follow a smaller value of the file (config.h lists them).
void FollowGiven(const KeyLines& lines, Config* config);

void CheckAcross(const Config& config, const KeyLines& lines, std::vector<Problem>* problems);

}  // namespace hearth::config
