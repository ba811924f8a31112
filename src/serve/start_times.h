// Where the time from exec to ready went, in milliseconds. Written by the loader before the replica
// is ready, read after.
#pragma once

namespace hearth::serve {

struct StartTimes {
  double exec =
      0;  // exec to main: CPU time of the process when main began (kernel, dynamic linker)
  double bind = 0;           // main to listening
  double open_model = 0;     // map and check the packed file
  double read_weights = 0;   // make the encoder's weights resident
  double prepare = 0;        // choose kernels, allocate each worker's scratch memory
  double first_forward = 0;  // one real text through the whole model
  double ready = 0;          // exec to ready, all of the above and what lies between
};

}  // namespace hearth::serve
