#!/usr/bin/env python3
"""Ten times what the pool can do: it goes on doing what it can, says 503 to the rest, and is well a moment later. 8 seconds; with
HEARTH_LONG=1 a minute."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_case import BINARY, FaultCase, ask, main  # noqa: E402

SECONDS = 60 if os.environ.get("HEARTH_LONG") else 8
SERVICE_MS, REPLICAS = 25, 2
CAPACITY = REPLICAS * 1000 / SERVICE_MS  # requests a second, with one slot each
CLIENTS = 90


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Overload(FaultCase):
    def test_ten_times_for_a_while_and_it_recovers_by_itself(self):
        self.stubs(service=SERVICE_MS, slots=1, pool=f"floor = {REPLICAS}\nspare = 0\nmax = {REPLICAS}",
                   gateway='hold_requests = 20\nhold_time = "1s"')
        pool = self.up()
        self.calm(pool)
        before = resident(pool.process.pid)
        with self.load(pool, clients=CLIENTS, pause=0.05) as load:
            load.more(20)  # all clients are connected
            at, began = len(load.records), time.monotonic()
            load.last(SECONDS)
            asked, seconds = load.records[at:], time.monotonic() - began
        good = [r for r in asked if r.status == 200]
        waits = sorted(r.end - r.sent for r in good)
        print(f"  asked {len(asked) / seconds:.0f}/s of {CAPACITY:.0f}/s, answered {len(good) / seconds:.0f}/s, "
              f"median {waits[len(waits) // 2] * 1000:.0f} ms, last {waits[-1] * 1000:.0f} ms", flush=True)
        self.assertGreater(len(asked), 5 * CAPACITY * seconds, "this is no overload")
        self.assertGreater(len(good), 0.6 * CAPACITY * seconds, "it does what it can")
        self.assertLess(waits[-1], 3.0, "who is answered has not waited longer than hold_time")
        self.calm(pool)
        self.assertEqual(pool.status()["waiting"], 0)
        grown = resident(pool.process.pid) - before
        print(f"  {grown / 2**20:.0f} MiB more resident", flush=True)
        if "asan" not in str(BINARY) and "tsan" not in str(BINARY):  # they keep what was freed
            self.assertLess(grown, 32 << 20)
        self.assertEqual(len(self.running()), REPLICAS)
        self.judge(pool, errors={503})

    def calm(self, pool):
        """A lone request is answered at once."""
        times = []
        for _ in range(5):
            began = time.monotonic()
            self.assertEqual(ask(pool.gateway, "/work", method="POST").status, 200)
            times.append(time.monotonic() - began)
        self.assertLess(sorted(times)[2], 10 * SERVICE_MS / 1000)


if __name__ == "__main__":
    main()
