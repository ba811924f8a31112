// Team: lets idle threads help one thread through a sequence of short parallel steps, without spinning for long and without
// ever waiting for a helper that is not running.
//
// One thread leads: it calls Run(chunks, body) for each step; body(chunk, member) is called exactly once per chunk, by the
// leader (member 0) or a helper (1 … members − 1), and Run returns when all are done. Chunks are claimed one by one, so a
// helper that loses its core delays at most the chunk it holds. A helper calls Assist() and stays until the leader calls
// Dismiss() (or ~Team). With no helper, Run is a plain loop.
#pragma once

#include <functional>
#include <memory>

namespace hearth {

class Team {
 public:
  explicit Team(int members_max = 1);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members_max() const;

  // Leader only. `body` must not throw.
  void Run(int chunks, const std::function<void(int chunk, int member)>& body);
  // Leader only: sends every helper home and returns when all have left.
  void Dismiss();

  // Any other thread: helps until dismissed. Returns at once when the team is full.
  void Assist();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hearth
