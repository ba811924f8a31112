// Neighbour: a process that keeps one core busy beside the server under test, as another container
// would.
#pragma once

#include <sys/types.h>

namespace hearth::bench {

class Neighbour {
 public:
  // Forks a child that spins, bound to the last CPU this process may use, until the destructor
  // kills it.
  Neighbour();
  ~Neighbour();
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  pid_t pid() const { return pid_; }  // −1: it could not be started

 private:
  pid_t pid_ = -1;
};

}  // namespace hearth::bench
