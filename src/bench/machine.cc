#include "bench/machine.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/result.h"
#include "base/text_file.h"

namespace hearth::bench {
namespace {

// The value of the first line that starts with `key`, without blanks at its ends.
std::string_view LineValue(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view line = text.substr(at, text.find('\n', at) - at);
  line.remove_prefix(std::min(line.size(), line.find(':') + 1));
  while (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

bool HasWord(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || text[at - 1] == ' ') && (end == text.size() || text[end] == ' ')) return true;
  }
  return false;
}

std::vector<pid_t> Self() { return {::getpid()}; }

}  // namespace

void ParseCpuInfo(std::string_view text, MachineFacts* facts) {
  constexpr std::array kNotable = {"avx2",        "fma",      "avx512f", "avx512_bf16",
                                   "avx512_vnni", "amx_tile", "asimd",   "asimddp",
                                   "sve",         "bf16",     "i8mm"};
  facts->processor = LineValue(text, "model name");
  std::string_view flags = LineValue(text, "flags");
  if (flags.empty()) flags = LineValue(text, "Features");
  facts->instruction_sets.clear();
  for (const char* name : kNotable) {
    if (!HasWord(flags, name)) continue;
    if (!facts->instruction_sets.empty()) facts->instruction_sets += ' ';
    facts->instruction_sets += name;
  }
}

MachineFacts ReadMachineFacts() {
  MachineFacts facts;
  ParseCpuInfo(ReadText("/proc/cpuinfo").value_or(""), &facts);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  facts.cores = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  facts.memory_bytes = ::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE);
  utsname system = {};
  if (::uname(&system) == 0) {
    facts.kernel = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  }
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  facts.date = text.data();
  return facts;
}

ForeignMeter::ForeignMeter(std::vector<pid_t> servers)
    : servers_(std::move(servers)),
      own_before_(CpuSecondsOf(Self())),
      servers_before_(CpuSecondsOf(servers_)),
      machine_before_(ReadMachineCpu()),
      begin_(std::chrono::steady_clock::now()) {}

double ForeignMeter::ServerCpuSeconds() const { return CpuSecondsOf(servers_) - servers_before_; }

double ForeignMeter::Read(double more_own_seconds) const {
  const MachineCpu machine = ReadMachineCpu();
  const double ours = CpuSecondsOf(Self()) - own_before_ + ServerCpuSeconds() + more_own_seconds;
  const double all = machine.busy - machine_before_.busy + machine.stolen - machine_before_.stolen;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin_;
  // Clock ticks are 10 ms: short cells can come out a little below nothing.
  return wall.count() > 0 ? std::max(0.0, (all - ours) / wall.count()) : 0;
}

}  // namespace hearth::bench
