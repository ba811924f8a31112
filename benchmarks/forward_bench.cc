// The forward pass of a packed model against the processor's FMA peak, per instruction set and text
// length, on one thread and split over two.
//
//   forward_bench FILE [--isa NAME] [--repetitions N] [--threads 1|2] [--tokens 8,16,…] [--batch
//   TEXTS]
//
// Every repetition runs the peak's loop and each length in turn, so that a busy moment of the
// machine spoils one repetition. "best" is the shortest forward against the fastest loop, "median"
// the medians of both; FLOP are those of the matrix products and of attention (2 · tokens ·
// (weights + 2 · layers · tokens · hidden)).
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/team.h"
#include "fma_peak.h"
#include "kernels/kernels.h"
#include "model/encoder.h"
#include "model/model.h"

namespace hearth::model {
namespace {

struct Options {
  std::string file;
  std::string isa;
  int repetitions = 40;
  int threads = 1;
  int batch = 1;  // texts of the same length in one forward
  std::vector<int> tokens = {8, 16, 32, 64, 128, 254};
};

// One thread is timed by the processor time it got, so that a busy neighbour takes only its share
// of the caches; several by the clock on the wall.
double Now(int threads) {
  timespec now = {};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double FlopOf(const ModelConfig& config, int tokens, int texts) {
  const double hidden = config.hidden_size;
  const double per_layer = hidden * (4 * hidden + 2.0 * config.intermediate_size);
  return 2.0 * texts * tokens * config.layers * (per_layer + 2.0 * tokens * hidden);
}

struct Cell {
  int tokens = 0;
  std::vector<int32_t> ids = {}, types = {}, lengths = {};
  std::vector<double> seconds = {};
};

Cell MakeCell(const ModelConfig& config, int tokens, int texts) {
  Cell cell{.tokens = tokens};
  for (int i = 0; i < tokens * texts; ++i)
    cell.ids.push_back((i * 7919 + 1000) % config.vocab_size);
  cell.types.resize(cell.ids.size());
  cell.lengths.assign(static_cast<size_t>(texts), tokens);
  return cell;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Helpers that stay with the team until the end.
class Helpers {
 public:
  Helpers(Team* team, int count) : team_(team), left_(count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this] {
        team_->Assist();
        left_.fetch_sub(1);
      });
    }
  }
  ~Helpers() {
    while (left_.load() > 0) team_->Dismiss();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  Team* team_;
  std::atomic<int> left_;
  std::vector<std::thread> threads_;
};

void RunIsa(const std::shared_ptr<const Model>& model, const kernels::Kernels& table,
            const Options& options) {
  const ModelConfig& config = model->config();
  const int texts = options.batch;
  const int longest = *std::ranges::max_element(options.tokens);
  Encoder encoder(model, table, longest * texts, options.threads);
  Team team(options.threads);
  const Helpers helpers(&team, options.threads - 1);
  Team* const lead = options.threads > 1 ? &team : nullptr;
  std::vector<float> out(static_cast<size_t>(texts * config.hidden_size));
  std::vector<Cell> cells;
  for (const int tokens : options.tokens) cells.push_back(MakeCell(config, tokens, texts));
  std::vector<double> peaks;
  for (int repetition = 0; repetition < options.repetitions; ++repetition) {
    const double start = Now(1);
    const double flop = kernels::RunPeak(table.isa);
    peaks.push_back(flop / (Now(1) - start));
    for (Cell& cell : cells) {
      const PackedTexts packed{cell.ids, cell.types, cell.lengths};
      encoder.Forward(packed, out, lead);  // to be warm for this length
      const double begin = Now(options.threads);
      encoder.Forward(packed, out, lead);
      cell.seconds.push_back(Now(options.threads) - begin);
    }
  }
  const double peak = *std::ranges::max_element(peaks);
  fmt::print("\n{} {} {} thread(s), {} text(s) a forward: FMA peak of one core {:.1f} GFLOP/s\n",
             NameOf(table.isa), config.dtype == kernels::DType::kF32 ? "f32" : "bf16",
             options.threads, texts, peak / 1e9);
  fmt::print("{:>7} {:>9} {:>10} {:>9} {:>12} {:>14}\n", "tokens", "best ms", "median ms",
             "GFLOP/s", "best % peak", "median % peak");
  for (const Cell& cell : cells) {
    const double flop = FlopOf(config, cell.tokens, texts);
    const double best = *std::ranges::min_element(cell.seconds);
    const double median = Median(cell.seconds);
    const double cores = options.threads;
    fmt::print("{:>7} {:>9.3f} {:>10.3f} {:>9.1f} {:>12.1f} {:>14.1f}\n", cell.tokens, best * 1e3,
               median * 1e3, flop / best / 1e9, 100 * flop / best / peak / cores,
               100 * flop / median / Median(peaks) / cores);
  }
}

std::vector<int> ReadList(std::string_view text) {
  std::vector<int> out;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    out.push_back(std::atoi(std::string(text.substr(0, comma)).c_str()));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

int Run(const Options& options) {
  auto model = Model::Open(options.file);
  if (!model) {
    fmt::print(stderr, "forward_bench: {}\n", model.error().message);
    return 1;
  }
  if (Status resident = (*model)->MakeResident(); !resident) return 1;
  for (const kernels::Isa isa : kernels::SupportedIsas()) {
    if (options.isa.empty() ? isa == kernels::Isa::kScalar : NameOf(isa) != options.isa) continue;
    RunIsa(*model, **kernels::KernelsFor(isa), options);
  }
  return 0;
}

}  // namespace
}  // namespace hearth::model

int main(int argc, char** argv) {
  hearth::model::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (!flag.starts_with("--")) {
      options.file = flag;
    } else if (i + 1 < argc) {
      const char* value = argv[++i];
      if (flag == "--isa") options.isa = value;
      if (flag == "--repetitions") options.repetitions = std::max(1, std::atoi(value));
      if (flag == "--threads") options.threads = std::max(1, std::atoi(value));
      if (flag == "--batch") options.batch = std::max(1, std::atoi(value));
      if (flag == "--tokens") options.tokens = hearth::model::ReadList(value);
    }
  }
  if (options.file.empty() || options.tokens.empty()) {
    fmt::print(stderr,
               "usage: forward_bench FILE [--isa NAME] [--repetitions N] [--threads N] "
               "[--tokens 8,16,…] [--batch TEXTS]\n");
    return 64;
  }
  return hearth::model::Run(options);
}
