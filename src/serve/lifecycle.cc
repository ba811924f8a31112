#include "serve/lifecycle.h"

#include <fmt/format.h>

namespace hearth::serve {

std::string_view NameOf(Phase phase) {
  switch (phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kLoading:
      return "loading";
    case Phase::kReady:
      return "ready";
    case Phase::kDraining:
      return "draining";
    case Phase::kGone:
      return "gone";
  }
  return "unknown";
}

std::string_view NameOf(LoadStep step) {
  switch (step) {
    case LoadStep::kOpenModel:
      return "open_model";
    case LoadStep::kReadWeights:
      return "read_weights";
    case LoadStep::kFirstForward:
      return "first_forward";
    case LoadStep::kDone:
      return "done";
  }
  return "unknown";
}

bool MayMove(Phase from, Phase to) {
  switch (to) {
    case Phase::kStarting:
      return false;
    case Phase::kLoading:
      return from == Phase::kStarting;
    case Phase::kReady:
      return from == Phase::kLoading;
    case Phase::kDraining:
      return from < Phase::kDraining;
    case Phase::kGone:
      return from != Phase::kGone;
  }
  return false;
}

bool Lifecycle::MoveTo(Phase to) {
  Phase from = phase_.load(std::memory_order_acquire);
  do {
    if (!MayMove(from, to)) return false;
  } while (!phase_.compare_exchange_weak(from, to, std::memory_order_acq_rel));
  return true;
}

std::string ReadyBody(Phase phase, LoadStep step, double read) {
  if (phase != Phase::kLoading) return fmt::format(R"({{"status":"{}"}})", NameOf(phase));
  return fmt::format(R"({{"status":"loading","step":"{}","progress":{:.2f}}})", NameOf(step), read);
}

}  // namespace hearth::serve
