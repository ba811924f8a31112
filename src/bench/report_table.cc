#include <fmt/format.h>

#include <algorithm>

#include "bench/report.h"
#include "bench/stats.h"

namespace hearth::bench {
namespace {

using Row = std::vector<std::string>;

constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kNoisy = 0.15;  // foreign cores from which a figure is to be measured again

// Three digits that matter: 0.123, 1.23, 12.3, 123.
std::string Number(double value) {
  const double size = std::abs(value);
  if (size >= 99.95) return fmt::format("{:.0f}", value);
  if (size >= 9.995) return fmt::format("{:.1f}", value);
  if (size >= 0.9995) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3f}", value);
}

// Columns of a terminal, near enough: code points.
size_t WidthOf(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string Spread(std::vector<double> values) {
  const double median = Median(values);
  const Summary summary = Summarize(std::move(values));
  return fmt::format("{} / {} / {}", Number(summary.min), Number(median), Number(summary.max));
}

template <typename Field>
std::vector<double> Values(const StartSeries& series, Field field) {
  std::vector<double> out;
  out.reserve(series.samples.size());
  for (const StartSample& sample : series.samples) out.push_back(field(sample));
  return out;
}

std::string LoadOf(const CellSpec& spec) {
  if (spec.rate > 0) return Number(spec.rate) + "/s";
  return fmt::format("{} client{}", spec.clients, spec.clients == 1 ? "" : "s");
}

// The row of the first target with the same load.
const LoadRow& BaseOf(std::span<const LoadRow> rows, size_t index) {
  size_t at = index;
  for (size_t i = 0; i < index; ++i) {
    const LoadRow& row = rows[i];
    const LoadRow& mine = rows[index];
    if (row.beside_neighbour == mine.beside_neighbour && row.spec.batch == mine.spec.batch &&
        row.spec.clients == mine.spec.clients &&
        row.spec.corpus.Name() == mine.spec.corpus.Name()) {
      at = std::min(at, i);
    }
  }
  return rows[at];
}

std::string ErrorsOf(const LoadRow& row) {
  size_t count = 0;
  for (const CellResult& round : row.rounds) count += round.ErrorCount();
  return std::to_string(count);
}

Row LoadLine(std::span<const LoadRow> rows, size_t index) {
  const LoadRow& row = rows[index];
  const LoadRow& base = BaseOf(rows, index);
  const Summary latency = Summarize(AllLatencies(row));
  const double foreign =
      row.foreign_cores.empty() ? 0 : *std::ranges::max_element(row.foreign_cores);
  return {row.target,
          row.spec.corpus.Name(),
          LoadOf(row.spec),
          std::to_string(row.spec.batch),
          row.beside_neighbour ? "busy" : "calm",
          Number(MedianTextsPerSecond(row)),
          Number(latency.p50),
          Number(latency.p90),
          Number(latency.p99),
          Number(latency.max),
          std::to_string(latency.n),
          ErrorsOf(row),
          &row == &base ? "1" : Number(ThroughputRatio(row, base)),
          &row == &base ? "1" : Number(LatencyRatio(row, base)),
          Number(foreign) + (foreign >= kNoisy ? " !" : "")};
}

}  // namespace

std::string FormatTable(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - WidthOf(row[i]), ' ');
      if (i > 0) line += "  ";
      line += i == 0 ? row[i] + pad : pad + row[i];
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string StartTable(std::span<const StartSeries> series, const StartOptions& options) {
  std::vector<Row> rows = {{"target", "runs", "exec→health", "exec→ready", "exec→first vector",
                            "first request", "steady", "CPU s", "PSS MiB", "private MiB",
                            "foreign"}};
  std::string errors;
  for (const StartSeries& one : series) {
    if (one.error) errors += fmt::format("{}: {}\n", one.target.label, one.error->message);
    if (one.samples.empty()) continue;
    const auto spread = [&](auto field) { return Spread(Values(one, field)); };
    const auto median = [&](auto field) { return Number(Median(Values(one, field))); };
    const double foreign =
        Summarize(Values(one, [](const StartSample& s) { return s.foreign_cores; })).max;
    rows.push_back(
        {one.target.label, std::to_string(one.samples.size()),
         spread([](const StartSample& s) { return s.health; }),
         spread([](const StartSample& s) { return s.ready; }),
         spread([](const StartSample& s) { return s.first_vector; }),
         spread([](const StartSample& s) { return s.first_request; }),
         median([](const StartSample& s) { return s.steady_median; }),
         median([](const StartSample& s) { return s.cpu_seconds; }),
         median([](const StartSample& s) { return static_cast<double>(s.memory.pss) / kMiB; }),
         median([](const StartSample& s) {
           return static_cast<double>(s.memory.private_dirty) / kMiB;
         }),
         Number(foreign) + (foreign >= kNoisy ? " !" : "")});
  }
  return fmt::format("Start, {} cache; milliseconds, min / median / max\n{}{}",
                     NameOf(options.cache), FormatTable(rows), errors);
}

std::string LoadTable(std::span<const LoadRow> rows) {
  std::vector<Row> lines = {{"target", "tokens", "load", "batch", "beside", "texts/s", "p50 ms",
                             "p90", "p99", "max", "n", "errors", "×texts/s", "×p50", "foreign"}};
  std::string notes;
  for (size_t i = 0; i < rows.size(); ++i) {
    const LoadRow& row = rows[i];
    lines.push_back(LoadLine(rows, i));
    if (row.error) notes += fmt::format("{}: {}\n", row.target, row.error->message);
    const std::vector<double> probes = AllProbeLatencies(row);
    if (probes.empty()) continue;
    const Summary probe = Summarize(probes);
    notes += fmt::format("{} {} {} {}: p50 {} ms, p99 {} ms, max {} ms (n = {})\n", row.target,
                         row.spec.corpus.Name(), LoadOf(row.spec), row.spec.probe_path,
                         Number(probe.p50), Number(probe.p99), Number(probe.max), probe.n);
  }
  return "Load; texts/s is the median of rounds, ×texts/s and ×p50 are medians of per-round ratios "
         "to the first target\n" +
         FormatTable(lines) + notes;
}

std::string MemoryTable(std::span<const MemoryRow> rows) {
  std::vector<Row> lines = {{"target", "replicas", "RSS alone", "PSS alone", "PSS of all",
                             "private, first", "private, others at most", "idle CPU %"}};
  const auto mib = [](int64_t bytes) { return Number(static_cast<double>(bytes) / kMiB); };
  for (const MemoryRow& row : rows) {
    int64_t pss = 0;
    int64_t others = 0;
    for (size_t i = 0; i < row.replicas.size(); ++i) {
      pss += row.replicas[i].pss;
      if (i > 0) others = std::max(others, row.replicas[i].private_dirty);
    }
    lines.push_back({row.target, std::to_string(row.replicas.size()), mib(row.alone.rss),
                     mib(row.alone.pss), mib(pss),
                     row.replicas.empty() ? "" : mib(row.replicas[0].private_dirty), mib(others),
                     Number(row.idle_cpu_percent)});
  }
  return "Memory of replicas side by side, MiB\n" + FormatTable(lines);
}

}  // namespace hearth::bench
