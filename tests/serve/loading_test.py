"""Loading a model that takes a while: progress is told, /health answers, SIGTERM ends it at once. A random model of 0.4 GB."""
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

from hearth_process import BINARY, CLEAN, SOURCE, Hearth, main


class Loading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        model = pathlib.Path(cls.folder.name) / "model"
        cls.packed = f"{model}.hearth"
        subprocess.run([sys.executable, SOURCE / "tools/make_random_bert.py", "--gigabytes", "0.4", model], check=True, capture_output=True)
        subprocess.run([BINARY, "pack", model, "-o", cls.packed], check=True, capture_output=True, env=CLEAN)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def drop(self):
        """Out of the page cache, where the file system has one."""
        with open(self.packed, "rb") as file:
            os.fdatasync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def test_progress_never_goes_back_and_health_answers(self):
        self.drop()
        with Hearth(model=self.packed, wait=None) as server:
            told = [0.0]
            while (ready := server.get("/ready")).status == 503:
                self.assertEqual(ready.json()["status"], "loading")
                self.assertLessEqual(0, ready.json()["progress"])
                self.assertLessEqual(ready.json()["progress"], 1)
                told.append(ready.json()["progress"])
                self.assertEqual(server.get("/health").status, 200)
            self.assertEqual(told, sorted(told))
            self.assertEqual(ready.status, 200)
            self.assertEqual(len(server.post("/embed", {"text": "a"}).json()["embedding"]), 1024)

    def test_sigterm_at_any_moment_of_loading(self):
        for delay in (0, 0.01, 0.05, 0.2):
            with self.subTest(delay):
                self.drop()
                with Hearth(model=self.packed, wait=None) as server:
                    threading.Event().wait(delay)
                    self.assertEqual(server.end(), 0, server.stderr())


if __name__ == "__main__":
    main()
