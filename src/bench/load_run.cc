#include "bench/load_run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "bench/machine.h"
#include "bench/neighbour.h"
#include "bench/stats.h"

namespace hearth::bench {
namespace {

struct Live {
  const Target* target;
  std::unique_ptr<ServerUnderTest> server;
};

Result<std::unique_ptr<ServerUnderTest>> StartServer(const Target& target,
                                                     const LoadOptions& options) {
  Result<ServerUnderTest> server =
      ServerUnderTest::Launch(target, options.log_folder + "/" + target.label + ".log");
  if (!server) return Forward(server);
  const Result<ReadyTimes> ready =
      server->AwaitReady(options.paths, Clock::now() + options.start_timeout);
  if (!ready) {
    return Fail(ready.error().code, "target {}: {}", target.label, ready.error().message);
  }
  return std::make_unique<ServerUnderTest>(std::move(*server));
}

// Rows in the order cell, target, calm before busy.
std::vector<LoadRow> EmptyRows(const std::vector<Target>& targets, const LoadOptions& options) {
  std::vector<LoadRow> rows;
  for (const CellSpec& spec : options.cells) {
    for (const Target& target : targets) {
      for (int busy = 0; busy < (options.neighbour ? 2 : 1); ++busy) {
        LoadRow row;
        row.target = target.label;
        row.form = target.form;
        row.spec = spec;
        row.beside_neighbour = busy == 1;
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

Status RunOne(const ServerUnderTest& server, const PreparedRequests& prepared, LoadRow* row) {
  std::unique_ptr<Neighbour> neighbour;
  std::vector<pid_t> processes = server.processes();
  const std::vector<pid_t> servers = processes;
  if (row->beside_neighbour) {
    neighbour = std::make_unique<Neighbour>();
    processes.push_back(neighbour->pid());
  }
  const ForeignMeter foreign(processes);
  const ForeignMeter own(servers);
  Result<CellResult> result = RunCell(row->spec, prepared, server.UrlOf("/"));
  if (!result) return Forward(result);
  const double cell_seconds =
      result->seconds + std::chrono::duration<double>(row->spec.warmup).count();
  row->foreign_cores.push_back(foreign.Read());
  row->server_cpu_cores.push_back(cell_seconds > 0 ? own.ServerCpuSeconds() / cell_seconds : 0);
  row->rounds.push_back(std::move(*result));
  return {};
}

std::string ProgressLine(const LoadRow& row, int round, int rounds) {
  if (row.error) return fmt::format("{}: {}", row.target, row.error->message);
  const CellResult& last = row.rounds.back();
  return fmt::format("{} round {}/{}: {} texts/s, {} errors", row.target, round + 1, rounds,
                     static_cast<int64_t>(last.TextsPerSecond()), last.ErrorCount());
}

}  // namespace

Result<std::vector<LoadRow>> RunLoads(const std::vector<Target>& targets,
                                      const LoadOptions& options,
                                      const std::function<void(const std::string&)>& on_progress) {
  std::vector<LoadRow> rows = EmptyRows(targets, options);
  const size_t variants = options.neighbour ? 2 : 1;
  std::vector<std::unique_ptr<ServerUnderTest>> servers;
  for (size_t t = 0; t < targets.size(); ++t) {
    auto server = StartServer(targets[t], options);
    if (!server && t == 0) return Forward(server);
    if (!server) on_progress(server.error().message);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!server && i / variants % targets.size() == t) rows[i].error = server.error();
    }
    servers.push_back(server ? std::move(*server) : nullptr);
  }
  for (size_t cell = 0; cell < options.cells.size(); ++cell) {
    std::vector<PreparedRequests> prepared;
    prepared.reserve(targets.size());
    for (const Target& target : targets) {
      Result<PreparedRequests> one = Prepare(options.cells[cell], target.form);
      if (!one) return Forward(one);
      prepared.push_back(std::move(*one));
    }
    const size_t base = cell * targets.size() * variants;
    for (int round = 0; round < options.rounds; ++round) {
      for (size_t i = 0; i < targets.size() * variants; ++i) {
        const size_t at = round % 2 == 0 ? i : targets.size() * variants - 1 - i;
        LoadRow& row = rows[base + at];
        const size_t t = at / variants;
        if (row.error) continue;
        if (Status run = RunOne(*servers[t], prepared[t], &row); !run) row.error = run.error();
        on_progress(ProgressLine(row, round, options.rounds));
      }
    }
  }
  return rows;
}

double MedianTextsPerSecond(const LoadRow& row) {
  std::vector<double> values;
  values.reserve(row.rounds.size());
  for (const CellResult& round : row.rounds) values.push_back(round.TextsPerSecond());
  return Median(std::move(values));
}

namespace {

template <typename Measure>
double MedianRatio(const LoadRow& row, const LoadRow& base, Measure measure) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(row.rounds.size(), base.rounds.size()); ++i) {
    const double below = measure(base.rounds[i]);
    if (below > 0) ratios.push_back(measure(row.rounds[i]) / below);
  }
  return Median(std::move(ratios));
}

}  // namespace

double ThroughputRatio(const LoadRow& row, const LoadRow& base) {
  return MedianRatio(row, base, [](const CellResult& cell) { return cell.TextsPerSecond(); });
}

double LatencyRatio(const LoadRow& row, const LoadRow& base) {
  return MedianRatio(row, base,
                     [](const CellResult& cell) { return Summarize(cell.latencies).p50; });
}

std::vector<double> AllLatencies(const LoadRow& row) {
  std::vector<double> all;
  for (const CellResult& round : row.rounds) {
    all.insert(all.end(), round.latencies.begin(), round.latencies.end());
  }
  return all;
}

std::vector<double> AllProbeLatencies(const LoadRow& row) {
  std::vector<double> all;
  for (const CellResult& round : row.rounds) {
    all.insert(all.end(), round.probe_latencies.begin(), round.probe_latencies.end());
  }
  return all;
}

}  // namespace hearth::bench
