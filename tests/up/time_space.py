#!/usr/bin/env python3
"""time_space.py SECONDS COMMAND…: runs the command where the monotonic clock is so many seconds ahead (behind, when negative;
`zero`: has just begun). Keeps its pid. Ends with 77 where that is not allowed."""
import ctypes
import os
import sys
import time

CLONE_NEWTIME = 0x80


def main():
    ahead = -time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 10**9 + 1 if sys.argv[1] == "zero" else int(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.unshare(CLONE_NEWTIME) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        with open("/proc/self/timens_offsets", "w") as offsets:
            offsets.write(f"monotonic {ahead} 0\n")
        # Unshared is what children get; this brings ourselves there.
        if libc.setns(os.open("/proc/self/ns/time_for_children", os.O_RDONLY), CLONE_NEWTIME) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    except OSError as error:
        print(f"no time namespace here: {error}", file=sys.stderr)
        sys.exit(77)
    os.execvp(sys.argv[2], sys.argv[2:])


main()
