#include "base/team.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdint>

#include "base/spin.h"

namespace hearth {
namespace {

// Waiting in the kernel until the word changes. Waking uses only the address, so a word that is
// gone by then does no harm (std::atomic::notify_one would not promise that).
void Park(std::atomic<uint32_t>& word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}
void Wake(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

// A word that counts down to zero in its low bits, with one waiter, the leader, who leaves a mark
// when it parks. Whoever reaches zero sees the mark in the very value it replaced, and need not
// look at the word again.
constexpr uint32_t kLeaderParked = uint32_t{1} << 31;

void WaitForZero(std::atomic<uint32_t>& word, uint32_t counted) {
  if (SpinUntil([&] { return (word.load(std::memory_order_acquire) & counted) == 0; })) return;
  uint32_t seen = word.fetch_or(kLeaderParked) | kLeaderParked;
  while ((seen & counted) != 0) {
    Park(word, seen);
    seen = word.load();
  }
  word.fetch_and(~kLeaderParked);
}

}  // namespace

// The order of events that makes this right:
// - Only the leader writes `step` and `chunks`, and only while no chunk is claimed or unclaimed. A
//   member reads them only after it has claimed a chunk, which holds the step open until the member
//   counts it off in `unfinished`.
// - A claim lowers `unclaimed` from a value above zero. It does not matter which step a late helper
//   believes it is in: it gets a chunk of the present one.
struct Team::State {
  explicit State(int members) : members_max(members) {}

  const int members_max;
  Step step;
  int chunks = 0;
  // Each on its own cache line: members hit the first while the leader watches the second.
  alignas(64) std::atomic<int> unclaimed = 0;
  alignas(64) std::atomic<uint32_t> unfinished = 0;
  // Bit i: member i + 1 is here. kClosed: everyone goes home and nobody is let in.
  alignas(64) std::atomic<uint32_t> seats = 0;
  static constexpr uint32_t kClosed = uint32_t{1} << 30;
  static constexpr uint32_t kSeats = kClosed - 1;
  // Parked helpers wait for `signal` to change.
  std::atomic<uint32_t> signal = 0;
  std::atomic<int> parked = 0;

  // Runs chunks while there are any; returns how many.
  uint32_t Work(int member) {
    uint32_t ran = 0;
    int left = unclaimed.load(std::memory_order_relaxed);
    while (left > 0) {
      if (!unclaimed.compare_exchange_weak(left, left - 1, std::memory_order_acquire,
                                           std::memory_order_relaxed)) {
        continue;
      }
      step.call(step.callable, chunks - left, member);
      ++ran;
      if (member != 0) CountOff(1);
      left = unclaimed.load(std::memory_order_relaxed);
    }
    return ran;
  }

  void CountOff(uint32_t ran) {
    const uint32_t before = unfinished.fetch_sub(ran);
    if (before == (ran | kLeaderParked)) Wake(&unfinished);
  }

  bool HasNews() const { return unclaimed.load() > 0 || (seats.load() & kClosed) != 0; }

  // Called after the news is written: a helper either sees the news or is seen in `parked` (both
  // are sequentially consistent), and one that is about to park sees `signal` change.
  void Announce() {
    if (parked.load() == 0) return;
    signal.fetch_add(1);
    Wake(&signal);
  }

  void ParkUntilNews() {
    const uint32_t seen = signal.load();
    parked.fetch_add(1);
    if (!HasNews()) Park(signal, seen);
    parked.fetch_sub(1);
  }

  // A free seat, as a member's number; 0 when there is none or the team is closed.
  int Join() {
    uint32_t taken = seats.load();
    while ((taken & kClosed) == 0) {
      const int seat = __builtin_ctz(~taken);
      if (seat >= members_max - 1) return 0;
      if (seats.compare_exchange_weak(taken, taken | (uint32_t{1} << seat))) return seat + 1;
    }
    return 0;
  }

  // The last thing a helper does: the State may be gone when this returns.
  void Leave(int member) {
    const uint32_t before = seats.fetch_and(~(uint32_t{1} << (member - 1)));
    if ((before & kLeaderParked) != 0) Wake(&seats);
  }
};

Team::Team(int members_max)
    : state_(std::make_unique<State>(std::clamp(members_max, 1, kMembersMax))) {}

Team::~Team() { Close(); }

int Team::members_max() const { return state_->members_max; }

void Team::RunStep(int chunks, const Step& step) {
  State& state = *state_;
  if (chunks <= 0) return;
  if (chunks == 1 || (state.seats.load(std::memory_order_relaxed) & State::kSeats) == 0) {
    for (int chunk = 0; chunk < chunks; ++chunk) step.call(step.callable, chunk, 0);
    return;
  }
  state.step = step;
  state.chunks = chunks;
  state.unfinished.store(static_cast<uint32_t>(chunks), std::memory_order_relaxed);
  state.unclaimed.store(chunks);
  state.Announce();
  state.CountOff(state.Work(0));
  WaitForZero(state.unfinished, ~kLeaderParked);
}

void Team::Open() { state_->seats.fetch_and(~State::kClosed); }

void Team::Close() {
  State& state = *state_;
  state.seats.fetch_or(State::kClosed);
  state.Announce();
  WaitForZero(state.seats, State::kSeats);
}

void Team::Dismiss() {
  Close();
  Open();
}

void Team::Assist() {
  State& state = *state_;
  const int member = state.Join();
  if (member == 0) return;
  while ((state.seats.load() & State::kClosed) == 0) {
    state.Work(member);
    if (!SpinUntil([&] { return state.HasNews(); })) state.ParkUntilNews();
  }
  state.Leave(member);
}

}  // namespace hearth
