#include "kernels/kernels.h"

#include <array>
#include <string>

#include "kernels/tables.h"

namespace hearth::kernels {
namespace {

constexpr std::array kNames = {std::string_view("scalar"), std::string_view("avx2"),
                               std::string_view("avx512"), std::string_view("neon")};

// Whether the processor has what `isa` was compiled for and the kernel saves its registers. The
// features are those that Highway's target of that name enables (hwy/ops/set_macros-inl.h).
bool MachineHas(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return true;
#if defined(__x86_64__)
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi") &&
             __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("aes") &&
             __builtin_cpu_supports("pclmul");
    case Isa::kAvx512:
      return MachineHas(Isa::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw");
#elif defined(__aarch64__)
    case Isa::kNeon:
      return true;  // part of the architecture
#endif
    default:
      return false;
  }
}

const Kernels* TableOf(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return &ScalarKernels();
#if defined(__x86_64__)
    case Isa::kAvx2:
      return &Avx2Kernels();
    case Isa::kAvx512:
      return &Avx512Kernels();
#elif defined(__aarch64__)
    case Isa::kNeon:
      return &NeonKernels();
#endif
    default:
      return nullptr;
  }
}

struct Supported {
  std::array<Isa, kNames.size()> isas = {};
  size_t count = 0;
};

Supported Detect() {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  Supported supported;
  for (const Isa isa : {Isa::kScalar, Isa::kNeon, Isa::kAvx2, Isa::kAvx512}) {
    if (MachineHas(isa)) supported.isas[supported.count++] = isa;
  }
  return supported;
}

std::string SupportedNames() {
  std::string names;
  for (const Isa isa : SupportedIsas()) {
    if (!names.empty()) names += ", ";
    names += NameOf(isa);
  }
  return names;
}

}  // namespace

std::string_view NameOf(Isa isa) { return kNames[static_cast<size_t>(isa)]; }

// K transposed and V as panels, and the scores of one block of rows; every table fits in this.
size_t AttentionScratchFloats(int length, int head_size) {
  const size_t padded =
      (static_cast<size_t>(length) + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  return padded * (2 * static_cast<size_t>(head_size) + kAttentionRows);
}

std::span<const Isa> SupportedIsas() {
  static const Supported supported = Detect();
  return {supported.isas.data(), supported.count};
}

Result<const Kernels*> KernelsFor(Isa isa) {
  for (const Isa supported : SupportedIsas()) {
    if (supported == isa) return TableOf(isa);
  }
  return Fail(Code::kUnsupported, "cannot use the instruction set \"{}\": this machine has {}",
              NameOf(isa), SupportedNames());
}

Result<const Kernels*> ChooseKernels(std::string_view forced) {
  if (forced.empty()) return TableOf(SupportedIsas().back());
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == forced) return KernelsFor(static_cast<Isa>(i));
  }
  return Fail(Code::kInvalidArgument,
              "unknown instruction set \"{}\" (HEARTH_CPU_ISA): this machine has {}", forced,
              SupportedNames());
}

}  // namespace hearth::kernels
