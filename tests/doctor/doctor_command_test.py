#!/usr/bin/env python3
"""`hearth doctor` without AWS: the file, this machine, exit codes, the forms of its answer."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
FOLDER = SOURCE / "models/all-MiniLM-L6-v2"
PACKED = SOURCE / "models/all-MiniLM-L6-v2.hearth"
PATIENCE = 120
# Nothing of this shell decides what is found.
LEFT_OUT = ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "SENTENCE_TRANSFORMERS_HOME", "XDG_CACHE_HOME", "HEARTH_CONFIG")
ECS = """
[pool]
floor = 4
max = 12
keep_warm = "15m"
[replica]
cpu = 1
memory = "4GiB"
[ecs]
region = "us-east-1"
cluster = "ml-inference"
service = "embedding-warm-pool"
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/embedding-service:IMAGE_TAG"
subnets = ["subnet-abc123", "subnet-def456"]
security_groups = ["sg-warm-pool"]
execution_role = "execution"
task_role = "task"
"""


class DoctorCommand(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-doctor-"))
        self.addCleanup(shutil.rmtree, self.scratch)

    def write(self, text):
        (self.scratch / "hearth.toml").write_text(text)

    def run_doctor(self, *arguments, **variables):
        environment = {k: v for k, v in os.environ.items() if k not in LEFT_OUT and not k.startswith("AWS_")}
        environment |= {"HOME": str(self.scratch), "DOCKER_HOST": f"unix://{self.scratch}/no.sock", "AWS_EC2_METADATA_DISABLED": "true", **variables}
        return subprocess.run([BINARY, "doctor", *arguments], cwd=self.scratch, env=environment, capture_output=True, text=True, timeout=PATIENCE)

    def report(self, *arguments, code, **variables):
        done = self.run_doctor("--json", *arguments, **variables)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        report = json.loads(done.stdout)
        for check in report["checks"]:
            self.assertTrue(check["findings"], check["name"])
            for finding in check["findings"]:
                self.assertEqual("fix" in finding, finding["verdict"] == "NG", finding)
        return {check["name"]: check for check in report["checks"]}

    def verdicts(self, checks, name):
        return [f["verdict"] for f in checks[name]["findings"]]

    def words(self, checks, name):
        return json.dumps(checks[name]["findings"], ensure_ascii=False)

    # ---- this machine

    def test_a_packed_model_is_well(self):
        self.write(f'[model]\nsource = "{PACKED}"\n')
        checks = self.report(code=0)
        self.assertEqual(self.verdicts(checks, "model"), ["OK"])
        self.assertIn("what a hearth replica announces", self.words(checks, "memory"))
        self.assertEqual({f["verdict"] for c in checks.values() if c["group"] == "live" for f in c["findings"]}, {"SKIP"})
        self.assertIn("no [ecs]", self.words(checks, "service"))

    def test_a_model_folder_and_too_little_memory(self):
        self.write(f'[model]\nsource = "{FOLDER}"\n[replica]\nmemory = "64MiB"\n')
        checks = self.report("--local", code=2)
        self.assertEqual({c["group"] for c in checks.values()}, {"local"})
        self.assertEqual(self.verdicts(checks, "model"), ["OK"])
        self.assertIn("[replica] memory has 64 MiB, a replica needs", self.words(checks, "memory"))

    def test_what_is_announced_for_a_folder_is_what_its_packed_file_announces(self):
        needs = []
        for source in (FOLDER, PACKED):
            self.write(f'[model]\nsource = "{source}"\n[replica]\nmemory = "64MiB"\n')
            needs.append(int(self.words(self.report("--local", code=2), "memory").split("a replica needs ")[1].split(" MiB")[0]))
        # Packing pads tensors and adds tables.
        self.assertLess(abs(needs[0] - needs[1]), 4, needs)

    def test_no_model(self):
        self.write('[model]\nsource = "./nowhere"\n')
        checks = self.report("--local", code=2)
        self.assertIn("there is no model", self.words(checks, "model"))

    def test_hf_home_that_is_not_there(self):
        self.write(f'[model]\nsource = "{FOLDER}"\n[replica]\ncommand = ["uvicorn", "app:app", "--port", "{{port}}"]\n')
        checks = self.report("--local", code=2, HF_HOME="/nowhere/cache")
        self.assertEqual(self.verdicts(checks, "cache"), ["NG"])
        self.assertIn("HF_HOME names a folder that is not there: /nowhere/cache", self.words(checks, "cache"))
        self.assertIn("2 × the model's weights of 91 MB = 182 MB", self.words(checks, "memory"))
        checks = self.report("--local", code=0, HF_HOME=str(self.scratch))
        self.assertEqual(self.verdicts(checks, "cache"), ["OK"])

    def test_hf_home_of_the_file_wins(self):
        self.write(f'[replica]\ncommand = ["server", "{{port}}"]\nenv = {{ HF_HOME = "{self.scratch}" }}\n')
        self.report("--local", code=0, HF_HOME="/nowhere/cache")

    def test_without_a_docker_engine_the_image_is_skipped_with_the_reason(self):
        self.write('[replica]\nbackend = "docker"\nimage = "embedding:1"\n')
        checks = self.report("--local", code=0)
        self.assertEqual(self.verdicts(checks, "image"), ["SKIP"])
        self.assertIn("no.sock", self.words(checks, "image"))

    # ---- the file

    def test_a_file_that_is_wrong_is_a_finding(self):
        self.write("[pool]\nfloor = 9\nmax = 3\n")
        checks = self.report(code=2)
        self.assertIn("pool.floor = 9", self.words(checks, "file"))

    def test_a_file_that_is_wrong_leaves_nothing_to_look_at_elsewhere(self):
        self.write("[pool]\nfloor = 9\nmax = 3\n")
        for group in ("--local", "--live"):
            done = self.run_doctor(group)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("pool.floor = 9", done.stderr)

    def test_a_file_that_is_not_there_cannot_be_looked_at(self):
        done = self.run_doctor("--config", "/nowhere/hearth.toml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere/hearth.toml", done.stderr)

    def test_no_file_at_all_is_all_defaults(self):
        checks = self.report("--static", code=0)
        self.assertIn("all defaults", self.words(checks, "file"))

    def test_ecs_without_aws(self):
        self.write(ECS.replace("IMAGE_TAG", "1.4.2"))
        checks = self.report("--static", code=0)
        for name in ("task-size", "health-route", "grace", "start-period", "stop-timeout", "rebalancing", "zones", "image-tag",
                     "exec-role", "execution-role", "log-group", "floor"):
            self.assertEqual(self.verdicts(checks, name), ["OK"], self.words(checks, name))

    def test_the_traps_of_a_file(self):
        self.write(ECS.replace("IMAGE_TAG", "latest").replace('"subnet-abc123", ', ""))
        checks = self.report("--static", code=2)
        wrong = {name for name in checks if "NG" in self.verdicts(checks, name)}
        self.assertEqual(wrong, {"image-tag", "zones"})

    def test_an_ecs_that_cannot_be_made_is_a_finding(self):
        self.write(ECS.replace("IMAGE_TAG", "1.4.2").replace('"4GiB"', '"9GiB"'))
        checks = self.report("--static", code=2)
        self.assertEqual(self.verdicts(checks, "file"), ["NG"])
        self.assertIn("memory", self.words(checks, "file"))

    # ---- could not look

    def test_live_without_ecs_could_not_look(self):
        self.write("[pool]\nfloor = 1\n")
        done = self.run_doctor("--live")
        self.assertEqual(done.returncode, 1)
        self.assertIn("hearth: could not look at AWS: hearth.toml has no [ecs]", done.stderr)

    def test_without_credentials_it_could_not_look_but_says_what_it_saw(self):
        self.write(ECS.replace("IMAGE_TAG", "1.4.2"))
        nowhere = "http://127.0.0.1:9"
        done = self.run_doctor(AWS_ENDPOINT_URL=nowhere, AWS_CONFIG_FILE="/nowhere", AWS_SHARED_CREDENTIALS_FILE="/nowhere")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("could not look at AWS", done.stderr)
        self.assertIn("  OK    task-size", done.stdout)

    def test_the_tree_and_its_end(self):
        self.write("[pool]\nfloor = 1\n")
        done = self.run_doctor()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "hearth.toml and the set-up on ECS")
        self.assertIn("this machine", lines)
        self.assertIn("the service on ECS", lines)
        self.assertRegex(lines[-1], r"^\d+ OK, 0 NG, \d+ SKIP$")
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
