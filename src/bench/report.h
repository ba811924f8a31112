// What the measurements print: a table for people, one JSON object for scripts. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/load_run.h"
#include "bench/machine.h"
#include "bench/memory_run.h"
#include "bench/start_run.h"

namespace hearth::bench {

// `rows[0]` is the head. Columns are as wide as their widest cell; the first is left-aligned,
// numbers are right-aligned.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

std::string StartTable(std::span<const StartSeries> series, const StartOptions& options);
std::string LoadTable(std::span<const LoadRow> rows);
std::string MemoryTable(std::span<const MemoryRow> rows);

// {"hearth_bench": 1, "command": "start", "machine": {…}, "options": {…}, "rows": […]}, ending in a
// newline.
std::string StartJson(std::span<const StartSeries> series, const StartOptions& options,
                      const MachineFacts& machine);
std::string LoadJson(std::span<const LoadRow> rows, const LoadOptions& options,
                     const MachineFacts& machine);
std::string MemoryJson(std::span<const MemoryRow> rows, const MemoryOptions& options,
                       const MachineFacts& machine);

}  // namespace hearth::bench
