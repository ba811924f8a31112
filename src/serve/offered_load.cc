#include "serve/offered_load.h"

#include <algorithm>

namespace hearth::serve {
namespace {

// A minute of slots of 10 s.
constexpr size_t kSlotsOfMean = 6;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void OfferedLoad::Integrate(Clock::time_point until) {
  const double seconds = Seconds(until - counted_until_);
  const int64_t in_use = std::min(in_hand_, slots_);
  now_.in_use += static_cast<double>(in_use) * seconds;
  now_.waiting += static_cast<double>(in_hand_ - in_use) * seconds;
  counted_until_ = until;
}

// Of requests that were served lately; the last that was known when none was.
double OfferedLoad::ServiceSeconds() {
  double in_use = now_.in_use;
  int64_t served = now_.served;
  for (const Parts& parts : before_) {
    in_use += parts.in_use;
    served += parts.served;
  }
  if (served > 0) service_seconds_ = in_use / static_cast<double>(served);
  return service_seconds_;
}

void OfferedLoad::CloseSlot() {
  const double refused = static_cast<double>(now_.refused) * ServiceSeconds();
  const double capacity = Seconds(length_) * static_cast<double>(slots_);
  closed_.push_back({begin_, (now_.in_use + now_.waiting + refused) / capacity});
  if (closed_.size() > kKept) closed_.pop_front();
  before_.push_back(now_);
  if (before_.size() >= kSlotsOfMean) before_.pop_front();
  now_ = {};
  begin_ += length_;
}

void OfferedLoad::Advance(Clock::time_point now) {
  while (now >= begin_ + length_) {
    Integrate(begin_ + length_);
    CloseSlot();
  }
  if (now > counted_until_) Integrate(now);
}

void OfferedLoad::SetSlots(Clock::time_point now, int slots) {
  Advance(now);
  slots_ = std::max(slots, 1);
}

void OfferedLoad::Arrive(Clock::time_point now) {
  Advance(now);
  ++in_hand_;
}

void OfferedLoad::Leave(Clock::time_point now, int64_t served, int64_t others) {
  Advance(now);
  in_hand_ -= served + others;
  now_.served += served;
}

void OfferedLoad::Refuse(Clock::time_point now, int64_t requests) {
  Advance(now);
  now_.refused += requests;
}

std::vector<OfferedLoad::Closed> OfferedLoad::TakeClosed(Clock::time_point now) {
  Advance(now);
  std::vector<Closed> taken(closed_.begin(), closed_.end());
  closed_.clear();
  return taken;
}

}  // namespace hearth::serve
