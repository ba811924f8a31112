#!/usr/bin/env python3
"""`hearth doctor` against services that fail, one for each failure: the check that must say so, with the numbers it must name."""
import json
import subprocess
import unittest

import doctor_service
import ecs_case
from ecs_case import BINARY


class DoctorCase(ecs_case.GroundCase):
    def examine(self, name):
        self.facts = doctor_service.load(name)
        self.service = doctor_service.FailingService(self.ground, self.facts, self.scratch)
        path = self.service.hearth_toml()
        done = subprocess.run([BINARY, "doctor", "--json", "--config", str(path)], env=self.ground.env(HOME=str(self.scratch)),
                              capture_output=True, text=True, timeout=120, cwd=self.scratch)
        self.assertIn(done.returncode, (0, 2), done.stderr)
        self.assertEqual([r for r in self.ground.proxy.requests if r.problems or r.writes], [], "the doctor only reads")
        return done.returncode, json.loads(done.stdout)

    def findings(self, report, check):
        return [f for c in report["checks"] if c["name"] == check for f in c["findings"]]

    def says(self, name):
        code, report = self.examine(name)
        self.assertEqual(code, 2)
        expected = self.facts["expect"]
        wrong = [f for f in self.findings(report, expected["check"]) if f["verdict"] == "NG"]
        self.assertTrue(wrong, json.dumps(self.findings(report, expected["check"]), indent=1, ensure_ascii=False))
        words = "\n".join([f["title"] for f in wrong] + [line for f in wrong for line in f["evidence"]])
        for choice in expected["evidence"]:
            self.assertTrue(any(one in words for one in choice.split("|")), f"{choice!r} is not in\n{words}")
        fix = "\n".join(f["fix"] for f in wrong)
        for choice in expected["fix"]:
            self.assertTrue(any(one in fix for one in choice.split("|")), f"{choice!r} is not in\n{fix}")
        for other in {"out-of-memory", "image-pull", "start-up-loop", "never-ready"} - {expected["check"]}:
            self.assertEqual([f for f in self.findings(report, other) if f["verdict"] == "NG"], [], f"{other} is not what is wrong with {name}")
        return wrong, report

    def test_out_of_memory(self):
        wrong, _ = self.says("out_of_memory")
        words = json.dumps(wrong, ensure_ascii=False)
        self.assertNotIn("Scaling activity", words)  # the SIGKILL after stopTimeout of another task is no OOM

    def test_image_too_large(self):
        self.says("image_too_large")

    def test_start_up_loop(self):
        self.says("start_up_loop")

    def test_scale_in_took_warm_tasks(self):
        self.says("scale_in")

    def test_ready_is_never_200(self):
        self.says("never_ready")


if __name__ == "__main__":
    unittest.main()
