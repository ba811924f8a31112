#!/usr/bin/env python3
"""What people do to a pool under load, and not one request may fail: rolls good and bad, scale, drain, SIGTERM."""
import json
import pathlib
import shlex
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_case import AT_ONCE, FaultCase, ask, await_true, main  # noqa: E402


class Changes(FaultCase):
    def roll(self, *flags, code=0):
        return self.run_hearth("roll", "--command", shlex.join(self.command(*flags)), "--wait", code=code)

    def test_rolls_one_after_the_other(self):
        self.stubs("--version", "v1", pool="floor = 3\nspare = 1\nmax = 4")
        pool = self.up()
        old = pool.pids()
        with self.load(pool, clients=8) as load:
            for version in ("v2", "v3"):
                load.more(60)
                self.roll("--version", version)
                self.assert_gone(old)
                old = pool.pids()
                at = len(load.records)
                load.more(60)
                seen = {r.version for r in load.records[at + 8:]}
                self.assertEqual(seen, {version}, "who had waited may still have been answered by an old one")
        self.judge(pool)

    def test_a_roll_to_what_crashes_goes_back(self):
        self.bad_roll("exit=3")

    def test_a_roll_to_what_never_gets_ready_goes_back(self):
        self.bad_roll("not_ready")

    def bad_roll(self, *words):
        self.stubs("--version", "v1", replica='start_timeout = "700ms"')
        pool = self.up()
        pids, version = pool.pids(), pool.status()["version"]
        with self.load(pool, clients=8) as load:
            load.more(60)
            self.fault("born", *words)
            self.roll("--version", "v2", code=1)
            self.fault("born")
            load.more(60)
            status = pool.status()
            self.assertEqual((status["version"], status["roll_state"]), (version, "failed"), status["roll"])
            self.assertEqual([r["pid"] for r in self.await_ready(pool, 3)], pids, "the old ones were not touched")
        self.assertEqual({r.version for r in self.records()}, {"v1"})
        self.judge(pool)

    def test_a_roll_during_which_replicas_die(self):
        self.stubs("--version", "v1", service=10)
        pool = self.up()
        self.fault("born", "start=150")
        victims = []
        with self.load(pool, clients=8) as load:
            load.more(60)
            rolling = threading.Thread(target=self.roll, args=("--version", "v2"))
            rolling.start()
            while rolling.is_alive():
                victim = self.some(pool)
                if pool.status()["ready"] > 1 and rolling.is_alive() and len(victims) < 3:
                    victims.append(victim["id"])
                    self.kill(victim)
                rolling.join(0.2)
            load.more(100)
            self.await_ready(pool, 3, without=victims)
        self.assertEqual(pool.status()["roll_state"], "done")
        self.judge(pool, victims=victims, errors={502}, per_victim=AT_ONCE)

    def test_scale_up_and_down(self):
        self.stubs(pool='floor = 1\nspare = 0\nkeep_warm = "500ms"')
        pool = self.up()
        with self.load(pool, clients=3) as load:
            for floor in (6, 1, 4, 1):
                self.run_hearth("scale", "--floor", floor)
                self.await_ready(pool, floor)
                load.more(40)
        await_true("those that are gone have ended", lambda: len(self.running()) == 1)
        self.judge(pool)

    def test_load_alone_brings_replicas_and_takes_them_away(self):
        self.stubs(pool='floor = 1\nspare = 1\nmax = 8\nkeep_warm = "1s"', slots=1, service=20)
        pool = self.up()
        with self.load(pool, clients=4) as load:
            await_true("there are 4 and a spare", lambda: pool.status()["ready"] >= 5)
            load.more(40)
        await_true("there is the spare", lambda: pool.status()["ready"] == 1)
        self.judge(pool)

    def test_each_replica_drained_by_hand(self):
        self.stubs(service=15)
        pool = self.up()
        drained = []
        with self.load(pool, clients=8) as load:
            for replica in pool.ready():
                load.more(30)
                self.run_hearth("drain", replica["id"], "--wait")
                drained.append(replica["id"])
                self.await_ready(pool, 3, without=drained)
            load.more(30)
        self.judge(pool)

    def test_sigterm_loses_nothing_that_was_taken(self):
        # More clients than slots: some are held when it comes.
        self.stubs(service=40, pool="floor = 2\nspare = 0\nmax = 2", slots=2)
        pool = self.up()
        with self.load(pool, clients=12) as load:
            load.more(60)
            pool.process.send_signal(signal.SIGTERM)
            self.assertEqual(pool.process.wait(60), 0)
        await_true("all have ended", lambda: not self.running())
        self.judge(pool, untaken=True)

    def test_sigterm_to_one_replica_is_its_end_and_nobody_elses(self):
        self.stubs(service=15)
        pool = self.up()
        victims = []
        with self.load(pool, clients=8) as load:
            for _ in range(3):
                load.more(40)
                victim = self.some(pool)
                victims.append(victim["id"])
                self.kill(victim, signal.SIGTERM)
                self.await_ready(pool, 3, without=victims)
        # It closes connections in order; a request that meets the close may have been read.
        self.judge(pool, victims=victims, errors={502}, per_victim=AT_ONCE)

    def test_everything_at_once(self):
        """Kills, drains, scales and stops in an order that the seed says."""
        self.stubs(service=5, pool="floor = 3\nspare = 0\nmax = 4", gateway='first_byte_timeout = "600ms"')
        pool = self.up()
        with self.load(pool, clients=8) as load:
            victims = []
            for _ in range(10):
                load.more(20)
                self.surprise(pool, victims)
            self.run_hearth("scale", "--floor", 3)
            await_true("three work", lambda: len([r for r in pool.ready() if not r["ejected"]]) >= 3)
            load.more(60)
        self.judge(pool, victims=victims, errors={502, 504}, per_victim=AT_ONCE)

    def surprise(self, pool, victims):
        victim = self.some(pool)
        what = self.chance.choice(("kill", "stop", "drain", "scale", "term"))
        if what == "scale":
            self.run_hearth("scale", "--floor", self.chance.randrange(2, 5))
        elif what == "drain":
            admin = pool.admin
            reply = ask(admin["url"], "/v1/drain", method="POST", body=json.dumps({"replica": victim["id"]}),
                        headers={"X-Hearth-Token": admin["token"]})
            self.assertIn(reply.status, (202, 404))
        else:
            victims.append(victim["id"])
            self.kill(victim, {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "term": signal.SIGTERM}[what])


if __name__ == "__main__":
    main()
