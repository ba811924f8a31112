// SIGINT and SIGTERM as a Cancel, for commands that wait in poll and have no event loop.
#pragma once

#include "base/cancel.h"

namespace hearth::cli {

// The first signal fires `cancel`, which outlives the process's last wait; a second one ends the
// process at once. One that is ignored already stays ignored (a shell's background).
void CancelOnSignal(Cancel* cancel);

// Which signal it was; 0: none.
int CancellingSignal();

}  // namespace hearth::cli
