// Team: lets idle threads help one thread through a sequence of short parallel steps, without
// spinning for long and without ever waiting for a helper that is not running.
//
// One thread leads: it calls Run(chunks, body) for each step; body(chunk, member) is called exactly
// once per chunk, by the leader (member 0) or a helper (1 … members − 1), and Run returns when all
// are done. Chunks are claimed one by one, so a helper that loses its core delays at most the chunk
// it holds. A helper calls Assist() and stays until the leader calls Dismiss() (or ~Team). With no
// helper, Run is a plain loop.
#pragma once

#include <memory>

namespace hearth {

class Team {
 public:
  static constexpr int kMembersMax = 30;

  // At least 1, at most kMembersMax (more are taken as that).
  explicit Team(int members_max = 1);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members_max() const;

  // Leader only. `body` is any callable (int chunk, int member); it must not throw. What it wrote
  // is visible to the leader after Run, and to every member in later steps.
  template <typename Body>
  void Run(int chunks, const Body& body) {
    RunStep(chunks, {&body, [](const void* callable, int chunk, int member) {
                       (*static_cast<const Body*>(callable))(chunk, member);
                     }});
  }
  // Leader only: lets helpers in.
  void Open();
  // Leader only: sends every helper home, lets none in, and returns when all have left.
  void Close();
  // Leader only: Close, then Open.
  void Dismiss();

  // Any other thread: helps until the team closes. Returns at once when it is closed or full.
  void Assist();

 private:
  // A reference to a callable: std::function would allocate for each step.
  struct Step {
    const void* callable = nullptr;
    void (*call)(const void* callable, int chunk, int member) = nullptr;
  };
  struct State;

  void RunStep(int chunks, const Step& step);

  std::unique_ptr<State> state_;
};

}  // namespace hearth
