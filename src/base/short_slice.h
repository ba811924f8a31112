// AskForShortSlice: tells the kernel that the calling thread needs the CPU for moments only, but
// soon.
//
// For threads that wait on sockets beside threads that compute: with slices of 0.1 ms instead of
// about 3, a thread that wakes up takes the CPU from one that computes at once (Linux 6.12 and
// later, sched_setattr(2); man sched(7) on EEVDF). It gets no larger share of the CPU and needs no
// privilege. Where the kernel does not know this, nothing happens.
#pragma once

namespace hearth {

void AskForShortSlice();

}  // namespace hearth
