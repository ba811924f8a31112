#include <boost/json.hpp>
#include <utility>

#include "bench/report.h"
#include "bench/stats.h"

namespace hearth::bench {
namespace {
namespace json = boost::json;

json::object ToJson(const MachineFacts& machine) {
  return {{"processor", machine.processor}, {"instruction_sets", machine.instruction_sets},
          {"cores", machine.cores},         {"memory_bytes", machine.memory_bytes},
          {"kernel", machine.kernel},       {"date", machine.date}};
}

json::object ToJson(const Summary& summary) {
  return {{"n", summary.n},     {"min", summary.min}, {"p50", summary.p50},  {"p90", summary.p90},
          {"p99", summary.p99}, {"max", summary.max}, {"mean", summary.mean}};
}

json::object ToJson(const MemoryUsage& usage) {
  return {{"rss", usage.rss},
          {"pss", usage.pss},
          {"private_dirty", usage.private_dirty},
          {"private_clean", usage.private_clean}};
}

json::object ToJson(const StartSample& sample) {
  return {{"connect_ms", sample.connect},
          {"health_ms", sample.health},
          {"ready_ms", sample.ready},
          {"first_vector_ms", sample.first_vector},
          {"first_request_ms", sample.first_request},
          {"steady_median_ms", sample.steady_median},
          {"cpu_seconds", sample.cpu_seconds},
          {"foreign_cores", sample.foreign_cores},
          {"memory", ToJson(sample.memory)}};
}

json::object ToJson(const CellResult& cell) {
  json::object errors;
  for (const auto& [what, count] : cell.errors) errors[what] = count;
  json::object out = {{"seconds", cell.seconds},
                      {"texts", cell.texts},
                      {"texts_per_second", cell.TextsPerSecond()},
                      {"tokens_per_second", cell.TokensPerSecond()},
                      {"reconnects", cell.reconnects},
                      {"latency_ms", ToJson(Summarize(cell.latencies))},
                      {"errors", std::move(errors)}};
  if (!cell.probe_latencies.empty()) out["probe_ms"] = ToJson(Summarize(cell.probe_latencies));
  return out;
}

json::object ToJson(const LoadRow& row) {
  json::array rounds;
  for (const CellResult& round : row.rounds) rounds.push_back(ToJson(round));
  json::object out = {
      {"target", row.target},
      {"form", NameOf(row.form)},
      {"corpus", row.spec.corpus.Name()},
      {"clients", row.spec.clients},
      {"rate", row.spec.rate},
      {"batch", row.spec.batch},
      {"beside_neighbour", row.beside_neighbour},
      {"texts_per_second", MedianTextsPerSecond(row)},
      {"latency_ms", ToJson(Summarize(AllLatencies(row)))},
      {"foreign_cores", json::array(row.foreign_cores.begin(), row.foreign_cores.end())},
      {"server_cpu_cores", json::array(row.server_cpu_cores.begin(), row.server_cpu_cores.end())},
      {"rounds", std::move(rounds)}};
  const std::vector<double> probes = AllProbeLatencies(row);
  if (!probes.empty()) out["probe_ms"] = ToJson(Summarize(probes));
  if (row.error) out["error"] = row.error->message;
  return out;
}

std::string Document(std::string_view command, json::object options, json::array rows,
                     const MachineFacts& machine) {
  const json::object root = {{"hearth_bench", 1},
                             {"command", command},
                             {"machine", ToJson(machine)},
                             {"options", std::move(options)},
                             {"rows", std::move(rows)}};
  return json::serialize(root) + "\n";
}

}  // namespace

std::string StartJson(std::span<const StartSeries> series, const StartOptions& options,
                      const MachineFacts& machine) {
  json::array rows;
  for (const StartSeries& one : series) {
    json::array samples;
    for (const StartSample& sample : one.samples) samples.push_back(ToJson(sample));
    json::object row = {{"target", one.target.label}, {"runs", std::move(samples)}};
    if (one.error) row["error"] = one.error->message;
    rows.push_back(std::move(row));
  }
  return Document("start",
                  {{"runs", options.runs},
                   {"cache", NameOf(options.cache)},
                   {"steady_requests", options.steady_requests},
                   {"tokens", options.tokens}},
                  std::move(rows), machine);
}

std::string LoadJson(std::span<const LoadRow> rows, const LoadOptions& options,
                     const MachineFacts& machine) {
  json::array out;
  for (const LoadRow& row : rows) out.push_back(ToJson(row));
  return Document("load", {{"rounds", options.rounds}, {"neighbour", options.neighbour}},
                  std::move(out), machine);
}

std::string MemoryJson(std::span<const MemoryRow> rows, const MemoryOptions& options,
                       const MachineFacts& machine) {
  json::array out;
  for (const MemoryRow& row : rows) {
    json::array replicas;
    for (const MemoryUsage& usage : row.replicas) replicas.push_back(ToJson(usage));
    out.push_back(json::object{{"target", row.target},
                               {"alone", ToJson(row.alone)},
                               {"replicas", std::move(replicas)},
                               {"idle_cpu_percent", row.idle_cpu_percent}});
  }
  return Document("memory", {{"replicas", options.replicas}, {"requests", options.requests}},
                  std::move(out), machine);
}

}  // namespace hearth::bench
