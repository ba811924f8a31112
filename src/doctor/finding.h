// Making findings, and how numbers read in them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "doctor/check.h"

namespace hearth::doctor {

Finding Ok(std::string title, std::vector<std::string> evidence = {});
Finding Ng(std::string title, std::vector<std::string> evidence, std::string fix);
Finding Skip(std::string reason);

// "4096 MiB"; rounded up.
std::string InMib(int64_t bytes);
// "3.1 GB", "480 MB": decimal, as registries and disks count.
std::string InGb(int64_t bytes);
// "48 s", "2.4 s"; from 120 s on "2 min 57 s".
std::string InTime(double seconds);
// "1 task", "3 tasks".
std::string Count(int64_t number, std::string_view word);
// `text` without control characters, cut to `bytes` with "…": evidence is one line.
std::string OneLine(std::string_view text, size_t bytes = 240);

}  // namespace hearth::doctor
