#!/usr/bin/env python3
"""A replica that protects its task, against an agent as strict as ECS's: what it sends is taken, and a refusal is a failure, also where the
status is 200."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "serve"))
import fake_local  # noqa: E402
from hearth_process import Hearth, await_true  # noqa: E402

LONG = {"inputs": [" ".join(["word"] * 400)] * 24}
PATH = "/api/container/task-protection/v1/state"


class Protection(unittest.TestCase):
    def setUp(self):
        self.local = fake_local.FakeLocal()
        self.addCleanup(self.local.close)

    def serve(self):
        return Hearth("--protect-after", "50ms", "--request-timeout", "100s", env=self.local.in_task())

    def asked(self):
        return [json.loads(body) for method, path, body in self.local.asked if (method, path) == ("PUT", PATH)]

    def test_the_agent_takes_what_is_sent(self):
        with self.serve() as server:
            self.assertEqual(server.post("/embed", LONG).status, 200)
            await_true("let go", lambda: len(self.asked()) >= 2)
            self.assertEqual(server.end(), 0)
            log = server.stderr()
        self.assertEqual([one["ProtectionEnabled"] for one in self.asked()], [True, False])
        self.assertIsNone(self.local.protected_until)
        self.assertIn("The task is protected", log)
        self.assertIn("no longer protected", log)

    def test_refusals_are_failures(self):
        cases = {"DEPLOYMENT_BLOCKED": fake_local.blocked(), "AccessDeniedException": fake_local.not_allowed(),
                 "ThrottlingException": fake_local.throttled(), "Timed out": fake_local.timed_out()}
        for word, answer in cases.items():
            with self.subTest(word):
                self.local.reset()
                self.local.protection_answers = [answer] * 1000
                begun = time.monotonic()
                with self.serve() as server:
                    self.assertEqual(server.post("/embed", LONG).status, 200)  # the request itself does not mind
                    took_s = time.monotonic() - begun
                    self.assertEqual(server.end(), 0)
                    log = server.stderr()
                self.assertIn(word, log)
                self.assertNotIn("The task is protected", log)
                self.assertEqual(self.asked()[0]["ProtectionEnabled"], True)
                self.assertLessEqual(len(self.asked()), 2 + took_s, "it backs off")


if __name__ == "__main__":
    unittest.main()
