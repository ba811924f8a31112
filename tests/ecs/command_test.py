#!/usr/bin/env python3
"""`hearth ecs` without AWS: help, wrong usage, and what `init` writes."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import tomllib
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
COMMANDS = ("init", "render", "diff", "plan", "apply", "wait", "status", "scale", "rollback", "destroy", "export")
NOWHERE = "http://127.0.0.1:1"  # nothing listens there
PATIENCE_S = 60


class EcsCommand(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-ecs-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.file = self.scratch / "hearth.toml"

    def hearth(self, *arguments, code=0):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env = kept | {"HOME": str(self.scratch), "AWS_ENDPOINT_URL": NOWHERE, "AWS_EC2_METADATA_DISABLED": "true",
                      "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        done = subprocess.run([BINARY, "ecs", *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=env,
                              cwd=self.scratch, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def test_help_names_every_command_and_each_has_its_own(self):
        text = self.hearth("--help")
        for command in COMMANDS:
            self.assertIn(f"  {command} ", text)
            self.assertIn("--config", self.hearth(command, "--help") if command != "export" else self.hearth(command, "terraform", "--help"))

    def test_wrong_usage_is_64(self):
        for arguments in ((), ("nothing",), ("scale",), ("scale", "--floor", "-1"), ("export",), ("export", "pulumi"), ("apply", "--dry-run", "--no-wait"),
                          ("init", "--from-service", "no-slash")):
            self.hearth(*arguments, code=64)
        self.assertIn("CLUSTER/SERVICE", self.hearth("init", "--from-service", "x/", code=64))

    def test_without_an_ecs_section_it_says_what_writes_one(self):
        self.assertIn("hearth ecs init", self.hearth("plan", code=1))
        self.file.write_text("[pool]\nfloor = 3\n")
        said = self.hearth("status", code=1)
        self.assertIn("hearth.toml has no [ecs]", said)

    def test_init_writes_a_file_that_renders(self):
        self.hearth("init", "--region", "eu-west-1")
        written = tomllib.loads(self.file.read_text())
        self.assertEqual(written["ecs"]["region"], "eu-west-1")
        self.assertIn("eu-west-1", written["ecs"]["image"])
        self.assertIn('"serviceName": "my-warm-pool"', self.hearth("render"))

    def test_init_adds_to_a_file_and_keeps_what_is_there(self):
        before = "# mine\n[pool]\nfloor = 3  # three"
        self.file.write_text(before)
        self.hearth("init", "--region", "eu-west-1")
        text = self.file.read_text()
        self.assertTrue(text.startswith(before + "\n"))
        self.assertEqual(tomllib.loads(text)["pool"], {"floor": 3})

    def test_init_never_writes_over_an_ecs(self):
        for before in ("[ecs]\ncluster = 'mine'\n", "[ecs.scaling]\ncpu_target = 50\n", "ecs.cluster = 'mine'\n"):
            self.file.write_text(before)
            self.assertIn("not written over", self.hearth("init", "--region", "eu-west-1", code=1))
            self.assertIn("not written over", self.hearth("init", "--from-service", "a/b", "--region", "eu-west-1", code=1))
            self.assertEqual(self.file.read_text(), before)

    def test_init_leaves_a_broken_file_alone(self):
        self.file.write_text("[pool\n")
        self.hearth("init", "--region", "eu-west-1", code=1)
        self.assertEqual(self.file.read_text(), "[pool\n")


if __name__ == "__main__":
    unittest.main()
