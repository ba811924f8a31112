#!/usr/bin/env python3
"""Replicas whose connections misbehave: each fault at one of three, under load, then it is taken away."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fault_case import AT_ONCE, SLOTS, FaultCase, await_true, main  # noqa: E402


# Three in a row eject; by then each of its slots may have one more. Its checks are good, so it comes back, for one each time.
FEW = 3 * SLOTS


class Sockets(FaultCase):
    def strike(self, *words, while_it_lasts=150, clients=8, **settings):
        """A pool in which one replica has the fault for a while."""
        self.stubs(**settings)
        pool = self.up()
        victim = self.some(pool)
        with self.load(pool, clients=clients) as load:
            load.more(40)
            self.fault(victim["id"], *words)
            load.more(while_it_lasts)
            self.fault(victim["id"])
            self.await_ready(pool, 3)
            load.more(40)
        await_true("no more than three are left", lambda: len(self.running()) == 3)
        return pool, [victim["id"]]

    def test_accepts_and_says_nothing(self):
        pool, victims = self.strike("silent", gateway='first_byte_timeout = "400ms"')
        self.judge(pool, victims=victims, errors={504}, per_victim=AT_ONCE)

    def test_answers_checks_and_nothing_else(self):
        # Nobody but the clients sees it: each time-out asks for a check, and the check is good. Only its slots wait.
        pool, victims = self.strike("silent_work", gateway='first_byte_timeout = "300ms"', while_it_lasts=600)
        self.judge(pool, victims=victims, errors={504})
        self.assertLess(len(self.errors()), len(self.records()) / 20)

    def test_refuses(self):
        pool, victims = self.strike("refuse")
        self.judge(pool, victims=victims, errors={502}, per_victim=AT_ONCE)

    def test_resets_in_the_middle_of_an_answer(self):
        pool, victims = self.strike("reset")
        self.judge(pool, victims=victims, per_victim=FEW, cuts=True)
        self.assertTrue(any(r.status == 0 for r in self.errors()))

    def test_resets_in_place_of_an_answer(self):
        pool, victims = self.strike("reset_first")
        self.judge(pool, victims=victims, per_victim=FEW, errors={502})

    def test_ends_in_the_middle_of_an_answer(self):
        pool, victims = self.strike("half")
        self.judge(pool, victims=victims, per_victim=FEW, cuts=True)
        self.assertTrue(any(r.status == 0 for r in self.errors()))

    def test_whose_work_breaks_for_good_is_replaced_though_its_checks_pass(self):
        self.stubs(replica='health_interval = "150ms"')
        pool = self.up()
        victim = self.some(pool)
        with self.load(pool, clients=8) as load:
            self.fault(victim["id"], "reset_first")
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(40)
        self.assertIn("its work breaks", self.gone(pool, victim)["end_reason"])
        self.judge(pool, victims=[victim["id"]], per_victim=FEW, errors={502})

    def test_speaks_something_else(self):
        pool, victims = self.strike("garble")
        self.judge(pool, victims=victims, per_victim=FEW, errors={502})

    def test_closes_after_each_answer_unannounced(self):
        # A request may meet the close: whether it was read cannot be known, so only what is safe is repeated.
        pool, victims = self.strike("close")
        self.judge(pool, victims=victims, errors={502})
        self.assertLess(len(self.errors()), len(self.records()) / 5)

    def test_answers_twice_and_no_client_gets_anothers_answer(self):
        pool, victims = self.strike("twice")
        self.judge(pool, victims=victims, errors={502})

    def test_is_slow(self):
        pool, victims = self.strike("slow=150")
        self.judge(pool, victims=victims)

    def test_trickles(self):
        pool, victims = self.strike("trickle=1")
        self.judge(pool, victims=victims)


if __name__ == "__main__":
    main()
