"""What the tests of `hearth pull` share: a scratch folder, a clean environment, running and ending the command."""
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


class PullCase(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-pull-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.scratch / "home"), "HF_HOME": str(self.scratch / "hf")}

    @property
    def cache(self):
        return self.scratch / "hf/hub"

    def start(self, *arguments, env=None, **options):
        return subprocess.Popen([BINARY, "pull", *map(str, arguments)], env={**self.env, **(env or {})}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def pull(self, *arguments, env=None, timeout=60, **options):
        process = self.start(*arguments, env=env, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"hearth pull did not end in {timeout} s: {err}")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def pulls(self, *arguments, **options):
        done = self.pull(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def fails(self, *arguments, words=(), code=1, **options):
        done = self.pull(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.startswith("hearth: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, lines[0])
        return done

    def eventually(self, condition, what="it", seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what} did not happen")
            time.sleep(0.01)

    def names(self, folder):
        """All files below, also hidden ones."""
        folder = pathlib.Path(folder)
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())
