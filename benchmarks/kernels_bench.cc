// How near the matrix product comes to the processor's peak, per instruction set, for the four
// shapes of MiniLM.
//
//   kernels_bench [--isa NAME] [--dtype f32|bf16] [--repetitions N] [--rows 8,16,…]
//
// The peak is measured in the same process, in turn with the products: a loop of nothing but FMA on
// registers. "rotating" walks through 48 MB of weights, as a forward does; "hot" uses one weight
// over and over. Each cell is the best of N repetitions, all cells in turn, so that a busy moment
// of the machine spoils one repetition and not one cell.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fma_peak.h"
#include "kernels/kernels.h"

namespace hearth::kernels {
namespace {

using Seconds = std::chrono::duration<double>;

template <typename Body>
double TimeOf(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return Seconds(std::chrono::steady_clock::now() - start).count();
}

// ---- the products
// ---------------------------------------------------------------------------------------------------

struct Shape {
  std::string_view name;
  int k;
  int n;
  bool gelu;
  bool residual;
};
constexpr Shape kShapes[] = {{"qkv 384x1152", 384, 1152, false, false},
                             {"out 384x384", 384, 384, false, true},
                             {"up 384x1536 gelu", 384, 1536, true, false},
                             {"down 1536x384", 1536, 384, false, true}};
constexpr size_t kRotatingBytes = 48 << 20;

struct Cell {
  const Shape* shape;
  int rows;
  std::vector<double> rotating = {};  // seconds of each product
  std::vector<double> hot = {};
};

struct Options {
  std::string isa;
  DType dtype = DType::kF32;
  int repetitions = 15;
  std::vector<int> rows = {1, 2, 4, 8, 16, 32, 64, 128};
};

// Memory as the packed file and the encoder give it: on cache lines.
template <typename T>
class Aligned {
 public:
  explicit Aligned(size_t count) : memory_(count * sizeof(T) + 4096) {
    void* first = memory_.data();
    size_t space = memory_.size();
    values_ = {static_cast<T*>(std::align(4096, count * sizeof(T), first, space)), count};
  }
  std::span<T> values() { return values_; }
  T* data() { return values_.data(); }

 private:
  std::vector<std::byte> memory_;
  std::span<T> values_;
};

struct Buffers {
  Aligned<std::byte> weights{kRotatingBytes + kPanelPadding};
  Aligned<float> a{1 << 20};
  Aligned<float> c{1 << 20};
  Aligned<float> bias{4096};
};

void Measure(const Kernels& table, DType dtype, Buffers& buffers, Cell& cell) {
  const Shape& shape = *cell.shape;
  const size_t bytes = static_cast<size_t>(shape.k * shape.n) * SizeOf(dtype);
  const size_t copies = kRotatingBytes / bytes;
  MatMulArgs args;
  args.a = buffers.a.data();
  args.lda = shape.k;
  args.rows = cell.rows;
  args.w = {buffers.weights.data(), dtype, shape.k, shape.n};
  args.bias = buffers.bias.data();
  args.gelu = shape.gelu;
  args.c = buffers.c.data();
  args.ldc = shape.n;
  if (shape.residual) args.residual = buffers.a.data() + (1 << 19);
  args.ldr = shape.n;
  args.panel_end = shape.n / kPanelColumns;
  for (size_t i = 0; i < copies; ++i) {
    args.w.data = buffers.weights.data() + i * bytes;
    cell.rotating.push_back(TimeOf([&] { table.mat_mul(args); }));
  }
  constexpr int kHot = 10;
  for (int i = 0; i < kHot; ++i) cell.hot.push_back(TimeOf([&] { table.mat_mul(args); }));
}

double LowerQuartile(std::vector<double> times) {
  const auto quartile = times.begin() + static_cast<ptrdiff_t>(times.size() / 4);
  std::ranges::nth_element(times, quartile);
  return *quartile;
}

void RunIsa(const Kernels& table, const Options& options, Buffers& buffers) {
  std::vector<Cell> cells;
  for (const Shape& shape : kShapes) {
    for (const int rows : options.rows) cells.push_back({.shape = &shape, .rows = rows});
  }
  double peak = 0;  // FLOP/s
  for (int i = 0; i < options.repetitions; ++i) {
    for (Cell& cell : cells) {
      double flops = 0;
      const double seconds = TimeOf([&] { flops = RunPeak(table.isa); });
      peak = std::max(peak, flops / seconds);
      Measure(table, options.dtype, buffers, cell);
    }
  }
  fmt::print("{} {}: FMA peak of one core {:.1f} GF/s\n", NameOf(table.isa),
             options.dtype == DType::kF32 ? "f32" : "bf16", peak / 1e9);
  fmt::print("{:18} {:>5}  {:>9} {:>6}  {:>9} {:>6}\n", "shape", "rows", "rotating", "%peak", "hot",
             "%peak");
  for (const Cell& cell : cells) {
    const double flops = 2.0 * cell.rows * cell.shape->k * cell.shape->n;
    const double rotating = flops / LowerQuartile(cell.rotating);
    const double hot = flops / LowerQuartile(cell.hot);
    fmt::print("{:18} {:5}  {:9.1f} {:6.1f}  {:9.1f} {:6.1f}\n", cell.shape->name, cell.rows,
               rotating / 1e9, 100 * rotating / peak, hot / 1e9, 100 * hot / peak);
  }
}

int Usage() {
  fmt::print(stderr,
             "usage: kernels_bench [--isa NAME] [--dtype f32|bf16] [--repetitions N] "
             "[--rows 8,16]\n");
  return 64;
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--isa") {
      options.isa = value;
    } else if (flag == "--dtype" && (value == "f32" || value == "bf16")) {
      options.dtype = value == "f32" ? DType::kF32 : DType::kBf16;
    } else if (flag == "--repetitions") {
      options.repetitions = std::atoi(value.c_str());
    } else if (flag == "--rows") {
      options.rows.clear();
      for (size_t at = 0; at < value.size(); at = value.find(',', at) + 1) {
        options.rows.push_back(std::clamp(std::atoi(value.c_str() + at), 1, 512));
        if (value.find(',', at) == std::string::npos) break;
      }
    } else {
      return Usage();
    }
  }
  if (argc % 2 == 0) return Usage();

  Buffers buffers;
  std::mt19937 engine(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (auto* values : {&buffers.a, &buffers.bias}) {
    for (float& value : values->values()) value = uniform(engine);
  }
  // Any bytes are weights, so long as they are not NaN or denormal: 0x3C3C is 0.0115 as f32 and as
  // bf16.
  std::ranges::fill(buffers.weights.values(), std::byte{0x3c});

  for (const Isa isa : SupportedIsas()) {
    if (isa == Isa::kScalar && options.isa != "scalar") continue;
    if (!options.isa.empty() && NameOf(isa) != options.isa) continue;
    RunIsa(**KernelsFor(isa), options, buffers);
  }
  return 0;
}

}  // namespace
}  // namespace hearth::kernels

int main(int argc, char** argv) { return hearth::kernels::Main(argc, argv); }
