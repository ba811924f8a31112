#!/usr/bin/env python3
"""Replicas that do not get ready, or do not stay so: no request may notice."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_case import AT_ONCE, FaultCase, await_true, main  # noqa: E402


class Readiness(FaultCase):
    def starts(self, pool):
        return pool.log().count('"starts a replica"')

    def test_flapping(self):
        self.stubs(replica='health_interval = "60ms"')
        pool = self.up()
        victim = self.some(pool)
        with self.load(pool, clients=8) as load:
            self.fault(victim["id"], "flap=150")
            await_true("it was paused", lambda: "not ready any more" in pool.log())
            load.last(1.5)
            self.fault(victim["id"])
            self.await_ready(pool, 3)
            load.more(40)
        self.judge(pool)

    def test_ready_then_never_again(self):
        self.stubs(replica='start_timeout = "1s"\nhealth_interval = "100ms"')
        pool = self.up()
        victim = self.some(pool)
        with self.load(pool) as load:
            self.fault(victim["id"], "not_ready")
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(40)
        self.assert_gone([victim["pid"]])
        self.judge(pool)

    def test_ready_then_sick(self):
        self.stubs(replica='health_interval = "100ms"')
        pool = self.up()
        victim = self.some(pool)
        with self.load(pool) as load:
            self.fault(victim["id"], "sick")
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(40)
        self.assertIn("/health", self.gone(pool, victim)["end_reason"])
        self.judge(pool)

    def test_ready_then_dead_again_and_again(self):
        self.stubs()
        pool = self.up()
        healthy = {r["id"] for r in pool.ready()}
        victim = self.some(pool)
        self.fault("born", "dies=200")
        with self.load(pool, clients=4) as load:
            self.kill(victim)
            load.last(4.0)
            kept = healthy - {victim["id"]}
            self.assertLessEqual(kept, {r["id"] for r in pool.ready()}, "healthy replicas are left alone")
            begun = self.starts(pool)
            self.fault("born")
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(40)
        self.assertLess(begun, 3 + 10, "a loop is paced")
        names = {r["id"] for r in pool.status()["replicas"]} - kept
        self.judge(pool, victims=names, errors={502}, per_victim=AT_ONCE)

    def test_never_ready(self):
        self.stubs(replica='start_timeout = "500ms"')
        pool = self.up()
        healthy = {r["id"] for r in pool.ready()}
        victim = self.some(pool)
        self.fault("born", "not_ready")
        with self.load(pool) as load:
            self.kill(victim)
            ended = await_true("one is given up", lambda: next(
                (r for r in pool.status()["replicas"] if r["state"] == "gone" and "never_ready" in r["end_reason"]), None))
            self.assertIn("/ready says 503", ended["end_reason"])
            self.assertEqual({r["id"] for r in pool.ready()}, healthy - {victim["id"]})
            self.fault("born")
            self.await_ready(pool, 3, without=[victim["id"], ended["id"]])
            load.more(40)
        self.judge(pool, victims=[victim["id"]], errors={502}, per_victim=AT_ONCE)

    def test_crash_loop_backs_off_and_leaves_the_healthy_alone(self):
        self.stubs()
        pool = self.up()
        healthy = {r["id"] for r in pool.ready()}
        victim = self.some(pool)
        self.fault("born", "exit=3")
        with self.load(pool, clients=4) as load:
            self.kill(victim)
            load.last(4.0)
            self.assertEqual({r["id"] for r in pool.ready()}, healthy - {victim["id"]})
            self.assertLess(self.starts(pool), 3 + 7, "1, 2, 4, … seconds apart")
            self.assertTrue(any("in a row" in d["reason"] for d in pool.status()["decisions"]))
            self.fault("born")
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(40)
        self.judge(pool, victims=[victim["id"]], errors={502}, per_victim=AT_ONCE)

    def test_a_start_ten_times_as_slow_as_said(self):
        self.stubs()
        pool = self.up()
        victim = self.some(pool)
        self.fault("born", "start=2000")
        with self.load(pool, clients=4) as load:
            self.kill(victim)
            begun = time.monotonic()
            self.await_ready(pool, 3, without=[victim["id"]])
            self.assertGreater(time.monotonic() - begun, 1.5)
            load.more(40)
        self.assertEqual(self.starts(pool), 4, "it was waited for, and nothing else was started")
        self.judge(pool, victims=[victim["id"]], errors={502}, per_victim=AT_ONCE)

    def test_nothing_listens_until_late(self):
        self.fault("born", "unborn=800")
        self.stubs()
        with self.load(self.up()) as load:
            load.more(40)
        self.assertEqual(len(self.running()), 3)


if __name__ == "__main__":
    main()
