#!/usr/bin/env python3
"""A controller that is killed leaves its replicas to the next one: no duplicates, no orphans."""
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pool_case import MODEL, PoolCase, alive, await_true, main  # noqa: E402


class Adoption(PoolCase):
    def kill(self, pool):
        pool.process.kill()
        pool.process.wait()

    def test_the_next_up_takes_the_replicas_over(self):
        # Whatever they may still work on counts as load at first: a spare would be started beside them.
        self.configure(pool="floor = 2\nspare = 0", gateway='hold_time = "1s"')
        pool = self.up()
        pids = pool.pids()
        for turn in range(3):
            self.kill(pool)
            self.assertTrue(all(alive(pid) for pid in pids))
            self.assertIn("no pool runs", self.run_hearth("status", code=1).stderr)
            pool = self.up()
            self.assertEqual(pool.pids(), pids, f"turn {turn}")
            self.assertIn("(2 adopted)", pool.line)
            self.assertTrue(all(r["adopted"] for r in pool.ready()))
        self.assertEqual(pool.get("/who").status, 200)
        pids = pool.pids()
        self.assertEqual(pool.end(), 0)
        self.assert_gone([pid for pid in pids if pid > 0])

    def test_hearths_own_server_too(self):
        self.assertTrue(MODEL.is_file(), f"{MODEL} is missing: script/test makes it")
        flags = ("--model", MODEL, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--spare", "0")
        pool = self.up(*flags)
        pids = pool.pids()
        self.kill(pool)
        again = self.up(*flags)
        self.assertEqual(again.pids(), pids)
        self.assertEqual(again.end(), 0)
        self.assert_gone(pids)

    def test_what_died_meanwhile_is_replaced_and_what_lives_is_kept(self):
        self.configure(pool="floor = 2\nspare = 0")
        pool = self.up()
        dead, kept = pool.pids()
        self.kill(pool)
        subprocess.run(["kill", "-9", str(dead)], check=True)
        again = self.up()
        self.assertIn(kept, again.pids())
        self.assertNotIn(dead, again.pids())
        self.assertEqual(len(again.pids()), 2)

    def test_down_after_an_adoption_leaves_nobody(self):
        self.configure()
        pool = self.up()
        pids = pool.pids()
        self.kill(pool)
        again = self.up()
        self.run_hearth("down", "--wait")
        self.assertEqual(again.process.wait(60), 0)
        self.assertFalse(any(alive(pid) for pid in pids))

    def test_a_killed_start_leaves_no_orphans(self):
        self.configure(pool="floor = 3\nspare = 0")
        seen = set()
        for _ in range(5):
            pool = self.start()
            await_true("a replica has begun", lambda: list((self.scratch / ".hearth/replicas").glob("*.json")))
            pool.process.send_signal(signal.SIGKILL)
            pool.process.wait()
        pool = self.up()
        seen.update(pool.pids())
        self.assertEqual(len(seen), 3)
        mine = [p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and self.is_replica(p)]
        self.assertEqual(sorted(int(p.name) for p in mine), sorted(seen))
        self.assertEqual(pool.end(), 0)
        self.assert_gone(seen)

    def is_replica(self, process):
        try:
            return str(self.scratch).encode() in (process / "environ").read_bytes() and \
                b"replica.py" in (process / "cmdline").read_bytes() and alive(int(process.name))
        except OSError:
            return False


if __name__ == "__main__":
    main()
