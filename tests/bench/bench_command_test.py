#!/usr/bin/env python3
"""`hearth bench` from the outside: measures the real server, writes JSON and start_time, and refuses what is wrong."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
HEARTH = os.environ.get("HEARTH_BINARY", str(ROOT / "build" / "release" / "hearth"))
MODEL = ROOT / "models" / "all-MiniLM-L6-v2.hearth"
SERVE = f"{HEARTH} serve --model {MODEL} --port {{port}}"


def bench(*words):
    return subprocess.run([HEARTH, "bench", *words], capture_output=True, text=True, timeout=250, cwd=ROOT)


class BenchCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert MODEL.exists(), "the packed model is missing: run script/model"

    def test_start_measures_and_writes_the_start_time(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "hearth.toml"
            config.write_text("# mine\n[replica]\ncpu = 1\n")
            done = bench("start", "-n", "2", "--json", "-", "--write", "--config", str(config), SERVE)
            self.assertEqual(done.returncode, 0, done.stderr)
            figures = json.loads(done.stdout)
            runs = figures["rows"][0]["runs"]
            self.assertEqual(len(runs), 2)
            for run in runs:
                self.assertLessEqual(run["health_ms"], run["ready_ms"])
                self.assertLess(run["ready_ms"], run["first_vector_ms"])
                self.assertGreater(run["memory"]["pss"], 0)
            self.assertRegex(config.read_text(), r'\A# mine\n\[replica\]\nstart_time = "[\d.]+m?s"\ncpu = 1\n\Z')

    def test_load_in_every_form_and_a_probe(self):
        done = bench("load", "-d", "0.5", "--warmup", "0", "-r", "1", "-c", "2", "--corpus", "8,mixed", "--probe", "/health",
                     "--json", "-", f"a={SERVE}", f"b:tei={SERVE}", f"c:openai={SERVE}")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = json.loads(done.stdout)["rows"]
        self.assertEqual([(row["target"], row["corpus"]) for row in rows],
                         [(target, corpus) for corpus in ("8", "mixed") for target in "abc"])
        for row in rows:
            self.assertGreater(row["latency_ms"]["n"], 0)
            self.assertEqual(row["rounds"][0]["errors"], {})
            self.assertGreater(row["probe_ms"]["n"], 0)

    def test_batches_and_an_open_loop(self):
        done = bench("load", "-d", "0.5", "--warmup", "0", "-r", "1", "-c", "8", "--rate", "20", "-b", "4", "--json", "-",
                     "--form", "tei", SERVE)
        self.assertEqual(done.returncode, 0, done.stderr)
        row = json.loads(done.stdout)["rows"][0]
        self.assertEqual(row["rounds"][0]["texts"], 4 * row["latency_ms"]["n"])

    def test_wrong_use_is_64_and_says_what(self):
        for words, said in (
            (("load", "http://192.0.2.1:80"), "--allow-remote"),
            (("load", "-b", "2", SERVE), "--form"),
            (("start", "http://127.0.0.1:1"), "runs already"),
            (("start", "server --port 80"), "{port}"),
            (("load", "--corpus", "huge", SERVE), "huge"),
            (("load",), "TARGET"),
            (("start", SERVE, SERVE), "LABEL="),
        ):
            done = bench(*words)
            self.assertEqual(done.returncode, 64, f"{words}: {done.stderr}")
            self.assertIn(said, done.stderr)

    def test_a_server_that_ends_fails_with_its_own_words(self):
        done = bench("start", "-n", "1", f"{HEARTH} serve --model /no/such/file --port {{port}}")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("/no/such/file", done.stdout)

    def test_help_explains_targets(self):
        for command in ("start", "load", "memory"):
            done = bench(command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("{port}", done.stdout)


if __name__ == "__main__":
    unittest.main()
