// What the log of the last tasks says about why a model does not load. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/check.h"

namespace hearth::doctor {

struct LogHit {
  std::string stream, line;  // one line, cut
};

// The newest line of each stream that holds one of `parts`, at most `most` streams.
std::vector<LogHit> FindInLog(const LiveFacts& live, std::span<const std::string_view> parts,
                              size_t most = 3);

// Lines that say the model, or its cache, is not where the server looks for it.
std::vector<LogHit> LoadErrors(const Facts& facts);

// "log of 0a1b2c3d: …".
std::vector<std::string> Lines(const std::vector<LogHit>& hits);

// The last lines of the stream of task `id`.
std::vector<std::string> LastWords(const Facts& facts, std::string_view id, size_t most = 3);

}  // namespace hearth::doctor
