#!/usr/bin/env python3
"""Replicas that are killed or stopped: idle, busy, starting, draining, all at once, for memory."""
import pathlib
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_case import AT_ONCE, FaultCase, ask, await_true, main  # noqa: E402


class Killed(FaultCase):
    def test_idle_and_no_request_fails(self):
        self.stubs()
        pool = self.up()
        victims = []
        for _ in range(4):
            victim = self.some(pool, busy=False)
            self.kill(victim)
            with self.load(pool) as load:
                load.more(40)
            victims.append(victim["id"])
            self.await_ready(pool, 3, without=victims)
            self.assertIn("signal 9", self.gone(pool, victim)["end_reason"])
        self.judge(pool)

    def test_busy_and_only_what_it_worked_on_fails(self):
        self.stubs(service=20)
        pool = self.up()
        victims = []
        with self.load(pool, clients=8) as load:
            for _ in range(4):
                load.more(60)
                victim = self.some(pool, busy=True)
                victims.append(victim["id"])
                self.kill(victim)
                self.await_ready(pool, 3, without=victims)
            load.more(60)
        self.judge(pool, victims=victims, errors={502}, per_victim=AT_ONCE)

    def test_while_it_starts(self):
        self.stubs(pool="floor = 3\nspare = 0", replica='start_time = "1s"')
        pool = self.up()
        self.fault("born", "start=700")
        with self.load(pool) as load:
            self.run_hearth("scale", "--floor", 5)
            starting = await_true("two start", lambda: [r for r in pool.status()["replicas"] if r["state"] == "starting" and r["pid"]])
            self.kill(starting[0])
            self.await_ready(pool, 5, without=[starting[0]["id"]])
            load.more(40)
        self.judge(pool)

    def test_while_it_drains(self):
        self.stubs()
        pool = self.up()
        victim = self.some(pool)
        self.fault(victim["id"], "slow=60000")
        with self.load(pool, clients=8) as load:
            await_true("it is busy", lambda: any(r["id"] == victim["id"] and r["busy"] > 1 for r in pool.ready()))
            self.run_hearth("drain", victim["id"])
            await_true("it drains", lambda: self.gone(pool, victim)["state"] == "draining")
            load.more(60)
            self.kill(victim)
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(60)
        self.judge(pool, victims=[victim["id"]], errors={502}, per_victim=AT_ONCE)

    def test_all_at_once_twice_and_the_pool_comes_back(self):
        self.stubs(service=20)
        pool = self.up()
        victims = []
        with self.load(pool, clients=16) as load:
            for _ in range(2):
                load.more(60)
                for replica in pool.ready():
                    victims.append(replica["id"])
                    self.kill(replica)
                self.await_ready(pool, 3, without=victims)
            load.more(60)
        self.judge(pool, victims=victims, errors={502}, per_victim=AT_ONCE)

    def test_for_memory_is_told_as_that(self):
        self.stubs(replica='memory = "96MiB"')
        pool = self.up()
        victim = self.some(pool)
        if "/hearth" not in pathlib.Path(f"/proc/{victim['pid']}/cgroup").read_text():
            self.skipTest("control groups cannot be written here")
        self.end_for_memory(pool, victim)


class Stopped(FaultCase):
    """SIGSTOP: the process is there, its kernel accepts, and nothing comes."""

    def test_for_a_moment_and_nothing_fails(self):
        self.stubs(replica='health_interval = "10s"')
        pool = self.up()
        pids = pool.pids()
        with self.load(pool, clients=8) as load:
            for _ in range(3):
                victim = self.some(pool)
                self.kill(victim, signal.SIGSTOP)
                load.last(0.3)
                self.kill(victim, signal.SIGCONT)
                load.more(40)
        self.assertEqual(pool.pids(), pids)
        self.judge(pool)

    def test_for_good_and_it_is_replaced(self):
        self.stubs(gateway='first_byte_timeout = "400ms"')
        pool = self.up()
        victim = self.some(pool)
        with self.load(pool, clients=8) as load:
            load.more(40)
            self.kill(victim, signal.SIGSTOP)
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(100)
            self.assert_gone([victim["pid"]])
        # Its slots, each of them once, before the first check that failed.
        self.judge(pool, victims=[victim["id"]], errors={504}, per_victim=AT_ONCE)

    def test_the_last_one_is_kept_and_works_on_when_it_goes_on(self):
        self.stubs(pool="floor = 1\nspare = 0\nmax = 1")
        pool = self.up()
        victim = self.some(pool)
        self.kill(victim, signal.SIGSTOP)
        replies = []
        client = threading.Thread(target=lambda: replies.append(ask(pool.gateway, "/work", method="POST")))
        client.start()
        await_true("checks fail", lambda: "ejects" in pool.log() or any(r["ejected"] for r in pool.ready()) or replies or
                   pool.status()["replicas"][0]["busy"] == 1)
        self.kill(victim, signal.SIGCONT)
        client.join()
        self.assertEqual([r.status for r in replies], [200])
        self.assertEqual(pool.pids(), [victim["pid"]])
        self.assertEqual(pool.end(), 0)


if __name__ == "__main__":
    main()
