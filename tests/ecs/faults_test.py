#!/usr/bin/env python3
"""Whatever breaks while `hearth ecs apply` is at work, `apply` once more converges and nothing is made twice: throttling, expired credentials,
another clock, lost races and answers, SIGKILL, Ctrl-C."""
import re
import signal
import unittest

import ecs_case
import recording_proxy as faults
from aws_ground import KEY


class Faults(ecs_case.EcsCase):
    def test_throttling(self):
        exists = self.wanted()
        for action in ("DescribeServices", "CreateService", "RegisterTaskDefinition"):
            self.ground.proxy.fault("ecs", action, faults.throttle, times=1)
        self.ground.proxy.fault("elbv2", "CreateTargetGroup", faults.throttle, times=1)
        self.apply()
        self.converged(exists)

    def test_throttling_without_end_is_given_up_and_goes_on_later(self):
        exists = self.wanted()
        left = self.ground.proxy.fault("ecs", "CreateService", faults.throttle, times=1000)
        self.fails("apply", "--yes", words=["CreateService", "ThrottlingException"])
        self.assertLessEqual(1000 - left["times"], 10, "tries are capped")
        self.ground.proxy.rules.clear()
        self.apply()
        self.converged(exists)

    def test_server_errors(self):
        exists = self.wanted()
        self.ground.proxy.fault("*", "writes", faults.server_error, times=1, skip=2)
        self.apply()
        self.converged(exists)

    def test_every_write_is_done_and_its_answer_lost(self):
        """The connection breaks after each request was carried out: what is sent again must not be made twice."""
        exists = self.wanted()
        for n in range(self.number_of_writes):
            with self.subTest(n):
                self.ground.reset()
                self.write()
                self.ground.proxy.fault("*", "writes", faults.reset_after, skip=n)
                if self.hearth("apply", "--yes").returncode != 0:
                    self.apply()
                self.converged(exists)

    def test_expired_credentials_are_asked_for_again(self):
        exists = self.wanted()
        self.ground.proxy.keys.known.update({"FIRST": ("s1", "t1"), "SECOND": ("s2", "t2")})
        self.ground.local.credentials = [("FIRST", "s1", "t1", 3600), ("SECOND", "s2", "t2", 3600)]
        expire = lambda: self.ground.proxy.keys.expired.add("FIRST")  # noqa: E731
        self.ground.proxy.fault("ecs", "RegisterTaskDefinition", faults.after(expire))
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        self.apply(env={**dict.fromkeys(names), **self.ground.local.container_credentials()})
        self.assertEqual({r.key for r in self.ground.proxy.requests}, {"FIRST", "SECOND"})
        self.converged(exists)

    def test_expired_credentials_that_stay_so(self):
        self.ground.proxy.fault("ecs", "CreateService", faults.before(lambda: self.ground.proxy.keys.expired.add(KEY)))
        self.ground.proxy.fault("ecs", "CreateService", times=5, fault=faults.refuse(
            "ExpiredTokenException", "The security token included in the request is expired", 400))
        self.fails("apply", "--yes", words=["expired"])
        self.ground.proxy.keys.expired.clear()
        self.ground.proxy.rules.clear()
        self.apply()
        exists = self.nothing_twice()
        self.converged(exists)

    def test_another_clock(self):
        exists = self.wanted()
        self.ground.proxy.clock_offset_s = 3600
        self.apply()
        self.assertTrue(all(code == "InvalidSignatureException" for code, _ in self.ground.proxy.refused))
        self.assertLess(len(self.ground.proxy.refused), 12)
        self.ground.proxy.clock_offset_s = 0
        self.converged(exists)

    def by_other(self, service):
        return self.ground.client(service, self.ground.proxy.url)

    def test_a_lost_race_for_each_thing(self):
        """Another `apply` of the same file is faster by one request, for each request in turn."""
        self.wanted()
        for n in range(self.number_of_writes):
            with self.subTest(n):
                self.ground.reset()
                self.write()
                self.ground.proxy.fault("*", "writes", self.another_is_faster, skip=n)
                if self.hearth("apply", "--yes").returncode != 0:
                    self.apply()
                exists = self.nothing_twice()
                self.assertLessEqual(len(exists["task definitions"]), 2)  # of a revision there may be another one's
                self.converged(exists)

    def another_is_faster(self, request, carry_out):
        method = re.sub("([A-Z])", lambda found: "_" + found.group(1).lower(), request.action).lstrip("_")
        given = {key: value for key, value in request.input.items() if key != "clientToken"}
        getattr(self.by_other(request.service), method)(**given)
        return carry_out()

    def test_a_lost_race_for_the_rules_priority(self):
        """Another pool takes the number: the next free one is taken, by the same apply."""
        elb = self.by_other("elbv2")
        other = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
        seen = []

        def take(request, carry_out):
            seen.append(request.input["Priority"])
            elb.create_rule(ListenerArn=self.ground.listener, Priority=request.input["Priority"], Actions=other,
                            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/other"]}}])
            return carry_out()

        self.ground.proxy.fault("elbv2", "CreateRule", take)
        self.apply()
        self.assertEqual(len(self.ground.exists()["rules"]), 2)
        ours = next(r["Priority"] for r in reversed([r.input for r in self.ground.proxy.asked("elbv2.CreateRule")]))
        self.assertNotEqual(ours, seen[0])
        self.forget()
        self.apply()
        self.assertEqual(self.writes(), [])

    def test_credentials_of_a_container_and_of_an_instance(self):
        self.ground.proxy.keys.known = {"ROLE": ("s", "t")}
        self.ground.local.credentials = [("ROLE", "s", "t", 3600)]
        none = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
        self.ground.local.authorization = "let me in"
        self.ends(2, "diff", env={**none, **self.ground.local.container_credentials(), "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"})
        self.ends(2, "diff", env={**none, **self.ground.local.instance(), "AWS_EC2_METADATA_DISABLED": "false"})
        self.assertIn("PUT", [method for method, path, _ in self.ground.local.asked if path == "/latest/api/token"])
        self.assertEqual({r.key for r in self.ground.proxy.requests}, {"ROLE"})

    def test_killed_after_each_request(self):
        exists = self.wanted()
        for n in range(self.number_of_writes):
            with self.subTest(n):
                self.stopped_at(n, signal.SIGKILL)
                self.assertEqual(len(self.writes()), n + 1)
                self.apply()
                self.converged(exists)

    def test_ctrl_c(self):
        exists = self.wanted()
        for n in (0, self.number_of_writes // 2, self.number_of_writes - 1):
            with self.subTest(n):
                code, said = self.stopped_at(n, signal.SIGINT)
                self.assertNotEqual(code, 0)
                self.assertLessEqual(len(self.writes()), n + 2)
                self.apply()
                self.converged(exists)

    def stopped_at(self, n, number):
        """A signal just after the n-th request that writes was carried out, before its answer."""
        self.ground.reset()
        self.write()
        process = None
        self.ground.proxy.fault("*", "writes", faults.after(lambda: process.send_signal(number)), skip=n)
        with self.ground.proxy.lock:
            process = self.start("apply", "--yes")
        out, err = process.communicate(timeout=ecs_case.TIMEOUT_S)
        self.assertNotEqual(process.returncode, 0)
        return process.returncode, out + err


if __name__ == "__main__":
    unittest.main()
