#!/usr/bin/env python3
"""`hearth ecs init --from-service`: what runs becomes a hearth.toml that means the same."""
import tomllib
import unittest

import ecs_case
import pool_file
from aws_ground import CLUSTER, REGION

NAME = "embedding-warm-pool"


class FromService(ecs_case.EcsCase):
    def read_back(self, **changes):
        """Applies a file, reads the service into another, and holds that one against AWS."""
        self.write(**changes)
        self.apply()
        self.forget()
        self.file = self.scratch / "again.toml"
        self.ends(0, "init", "--from-service", f"{CLUSTER}/{NAME}", "--region", REGION)
        self.assertEqual(self.writes(), [])
        self.ends(0, "diff")
        return tomllib.loads(self.file.read_text())

    def test_what_apply_made_comes_back(self):
        written = self.read_back()
        self.assertEqual(written["pool"]["floor"], 4)
        self.assertEqual(written["pool"]["max"], 12)
        self.assertEqual(written["pool"]["spare"], 1)
        self.assertEqual(written["ecs"]["image"], pool_file.IMAGE + ":1.4.2")
        self.assertEqual(written["ecs"]["server"], "hearth")
        self.assertEqual(written["replica"], {"cpu": 1, "memory": "4GiB"})

    def test_with_keys_that_are_not_the_default(self):
        written = self.read_back(ecs__arch="ARM64", ecs__exec=True, ecs__family="another", ecs__grace="3m", ecs__tags={"team": "search"},
                                 ecs__rule_paths=["/embed"], ecs__rule_hosts=["a.example"], ecs__scaling__cpu_target=50, replica__cpu=0.5,
                                 replica__memory="1GiB", replica__env={"LOG_LEVEL": "info"}, ecs__protect_after="90s")
        self.assertEqual(written["ecs"]["protect_after"], "90s")
        self.assertEqual(written["replica"]["env"], {"LOG_LEVEL": "info"})
        self.assertEqual(written["ecs"]["tags"], {"team": "search"})
        self.assertEqual(written["ecs"]["rule_hosts"], ["a.example"])
        self.assertEqual(written["ecs"]["scaling"]["cpu_target"], 50)

    def test_without_a_load_balancer(self):
        self.assertNotIn("listener", self.read_back(ecs__listener=None)["ecs"])

    def test_a_service_that_is_not_there(self):
        self.file.unlink()
        self.fails("init", "--from-service", f"{CLUSTER}/nobody", "--region", REGION, words=["no active service nobody"])
        self.assertFalse(self.file.exists())


if __name__ == "__main__":
    unittest.main()
