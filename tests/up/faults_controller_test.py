#!/usr/bin/env python3
"""The controller itself: killed under load and followed by the next one, killed while it does something, and with a clock that jumps."""
import pathlib
import shlex
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_case import AT_ONCE, FaultCase, alive, await_true, main  # noqa: E402
from load import Load  # noqa: E402

TIME_SPACE = (sys.executable, str(pathlib.Path(__file__).parent / "time_space.py"))
DAY = 86_400
HOLD = 'hold_time = "3s"'  # so long an adopted replica counts as full


class Controller(FaultCase):
    def kill_controller(self, pool):
        pool.process.kill()
        pool.process.wait()
        self.cut_off.add(pool.history)

    def count_processes(self, pool, count):
        """No duplicates, no orphans: what runs is what the pool knows."""
        await_true(f"{count} run", lambda: self.running() == pool.pids() and len(pool.pids()) == count)

    def test_killed_under_load_and_the_next_adopts(self):
        self.stubs(gateway=HOLD)
        pool = self.up()
        pids = pool.pids()
        for _ in range(3):
            with self.load(pool, clients=8) as load:
                load.more(60)
                self.kill_controller(pool)
                # Replicas work on, and what they are asked later is by the next one.
                self.assertTrue(all(alive(pid) for pid in pids))
            pool = self.up()
            self.assertIn("(3 adopted)", pool.line)
            self.assertEqual(pool.pids(), pids)
            self.count_processes(pool, 3)
        with self.load(pool, clients=8) as load:
            load.more(60)
        self.judge_cut(pool)

    def judge_cut(self, pool):
        """What went through the killed ones may be lost, but for that each end is as it should be; nothing is doubled."""
        lost = [r for r in self.records() if r.status == 0]
        self.assertLessEqual({r.status for r in self.records()} - {0}, {200})
        clients = sum(len(load.threads) for load in self.loads)
        after = [r for r in lost if "Refused" not in r.error]
        self.assertLessEqual(len(after), clients, "one of each connection at most")
        done = self.executed()
        for request, pids in done.items():
            self.assertTrue(len(pids) == 1 or request.startswith("safe-"), f"doubled: {request} by {pids}")
        pids = pool.pids()
        self.assertEqual(pool.end(), 0)
        self.assert_gone(pids)
        for file in self.told():
            self.check_history(file)

    def test_killed_again_and_again_while_replicas_start_and_die(self):
        self.stubs(pool='floor = 4\nspare = 0\nmax = 4\nkeep_warm = "200ms"', gateway=HOLD)
        self.fault("born", "start=100")
        for turn in range(6):
            pool = self.start()
            self.cut_off.add(pool.history)
            await_true("some run", lambda: len(self.running()) > 1)
            if turn % 2:
                victim = self.chance.choice(self.running())
                subprocess.run(["kill", "-9", str(victim)], check=False)
            time.sleep(self.chance.random() * 0.15)  # the moment of the kill is the seed's
            self.kill_controller(pool)
        pool = self.up()
        self.await_ready(pool, 4)
        self.count_processes(pool, 4)
        with self.load(pool) as load:
            load.more(40)
        self.judge(pool)
        self.assertEqual(self.running(), [])

    def test_killed_in_a_roll_and_the_next_finishes_it(self):
        self.stubs("--version", "v1", gateway=HOLD)
        pool = self.up()
        old = pool.pids()
        self.fault("born", "start=300")
        self.run_hearth("roll", "--command", shlex.join(self.command("--version", "v2")))
        await_true("it rolls", lambda: pool.status()["roll_state"] == "rolling" and len(self.running()) > 3)
        self.kill_controller(pool)
        pool = self.up()
        self.assert_gone(old)
        self.await_ready(pool, 3)
        self.count_processes(pool, 3)
        with self.load(pool) as load:
            load.more(40)
        self.assertEqual({r.version for r in load.records}, {"v2"})
        self.judge(pool)

    def test_killed_in_a_drain_and_the_pool_is_as_it_should_be(self):
        self.stubs(pool='floor = 3\nspare = 0\nmax = 3\nkeep_warm = "1s"', replica='drain_time = "1s"', gateway=HOLD)
        pool = self.up()
        victim = self.some(pool)
        self.fault(victim["id"], "slow=60000")
        with Load(pool.gateway, clients=8, timeout=60) as stuck:
            await_true("it is busy", lambda: self.gone(pool, victim)["busy"] > 0)
            self.run_hearth("drain", victim["id"])
            await_true("it drains", lambda: self.gone(pool, victim)["state"] == "draining")
            stuck.over.set()
            self.kill_controller(pool)
        pool = self.up()
        self.await_ready(pool, 3)
        self.count_processes(pool, 3)
        self.assertEqual(pool.end(), 0)
        self.assertEqual(self.running(), [])


class Clock(FaultCase):
    """The monotonic clock of a time namespace: what a controller stored, the next one reads by another clock."""

    def up_at(self, ahead):
        pool = self.start(prefix=(*TIME_SPACE, str(ahead)))
        line = pool.process.stdout.readline().strip()
        if not line and pool.process.wait(60) == 77:
            self.skipTest("no time namespace here")
        self.assertTrue(line.startswith("up: "), f"{line!r}\n{pool.log()}")
        pool.line = line
        pool.gateway, pool.page = (part.split()[-1] for part in line.split(" · ")[:2])
        return pool

    def use(self, pool):
        victim = self.some(pool)
        with self.load(pool) as load:
            load.more(40)
            self.kill(victim)
            self.await_ready(pool, 2, without=[victim["id"]])
            load.more(40)
        return victim["id"]

    def test_at_any_time_since_boot(self):
        for ahead in ("zero", 10 * 365 * DAY):
            with self.subTest(ahead=ahead):
                self.stubs(pool="floor = 2\nspare = 0\nmax = 2")
                pool = self.up_at(ahead)
                victim = self.use(pool)
                self.judge(pool, victims=[victim], errors={502}, per_victim=AT_ONCE)
                self.forget()

    def test_jumps_between_two_controllers(self):
        self.stubs(pool="floor = 2\nspare = 0\nmax = 2", gateway=HOLD)
        pool = self.up()
        pids = pool.pids()
        for ahead in (DAY, "zero", 30 * DAY, 0):
            self.cut_off.add(pool.history)
            pool.process.kill()
            pool.process.wait()
            pool = self.up_at(ahead)
            self.assertEqual(pool.pids(), pids)
            for replica in pool.ready():
                self.assertTrue(0 <= replica["age_seconds"] < 300, replica)
        victim = self.use(pool)
        self.judge(pool, victims=[victim], errors={502}, per_victim=AT_ONCE)


if __name__ == "__main__":
    main()
