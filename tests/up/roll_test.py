#!/usr/bin/env python3
"""`hearth roll`: all replicas replaced without a failed request, or the pool goes back to what it ran."""
import json
import pathlib
import shutil
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pool_case import MODEL, REPLICA, PoolCase, await_true, main  # noqa: E402


class Clients:
    """Asks without pause, from several threads, and keeps every status."""

    def __init__(self, pool, count=4):
        self.pool, self.statuses, self.over = pool, [], threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(count)]

    def ask(self):
        while not self.over.is_set():
            try:
                self.statuses.append(self.pool.get("/who").status)
            except OSError as error:
                self.statuses.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        await_true("requests flow", lambda: len(self.statuses) > 20)
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Roll(PoolCase):
    def command(self, *words):
        return " ".join([sys.executable, str(REPLICA), "{port}", *words])

    def test_a_new_command_replaces_all_without_a_failed_request(self):
        self.configure("old", pool="floor = 2\nspare = 0")
        pool = self.up()
        before, version = pool.pids(), pool.status()["version"]
        with Clients(pool) as clients:
            self.assertIn("rolled", self.run_hearth("roll", "--command", self.command("new"), "--wait").stdout)
        self.assertEqual(set(clients.statuses), {200})
        self.assert_gone(before)
        self.assertEqual(pool.get("/who").json()["words"], ["new"])
        status = pool.status()
        self.assertNotEqual(status["version"], version)
        self.assertEqual(status["roll_state"], "done")
        self.assertTrue(all(r["current"] for r in pool.ready()))

        with self.subTest("it outlives the controller"):
            pool.process.kill()
            pool.process.wait()
            again = self.up()
            self.assertEqual(again.get("/who").json()["words"], ["new"])

    def test_a_version_that_never_starts_is_taken_back(self):
        self.configure("old", pool="floor = 2\nspare = 0")
        pool = self.up()
        before = pool.pids()
        with Clients(pool) as clients:
            refused = self.run_hearth("roll", "--command", self.command("exit"), "--wait", code=1)
        self.assertIn("exit 3", refused.stderr)
        self.assertEqual(set(clients.statuses), {200})
        self.assertLessEqual(set(before), set(r["pid"] for r in pool.ready()), "the old ones are untouched")
        self.assertEqual(pool.get("/who").json()["words"], ["old"])

    def test_what_a_pool_cannot_do_is_said(self):
        self.configure()
        self.up()
        self.assertIn("docker", self.run_hearth("roll", "--image", "x:1", code=1).stderr)
        self.assertIn("command", self.run_hearth("roll", "--model", "x", code=1).stderr)

    def test_a_new_model(self):
        self.assertTrue(MODEL.is_file(), f"{MODEL} is missing: script/test makes it")
        pool = self.up("--model", MODEL, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--spare", "0")
        before = pool.pids()
        copy = self.scratch / "copy.hearth"
        shutil.copy(MODEL, copy)
        self.run_hearth("roll", "--model", "copy.hearth", "--wait")
        self.assert_gone(before)
        for pid in pool.pids():
            self.assertIn(str(copy).encode(), pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
        failed = self.run_hearth("roll", "--model", "/nowhere/at/all", "--wait", code=1)
        self.assertIn("nowhere", failed.stderr)
        body = json.dumps({"text": "hello"})
        self.assertEqual(pool.get("/embed", method="POST", body=body, headers={"Content-Type": "application/json"}).status, 200)


if __name__ == "__main__":
    main()
