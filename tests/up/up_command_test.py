#!/usr/bin/env python3
"""`hearth up`, `status`, `scale`, `drain` and `down`: what whoever runs a pool relies on."""
import json
import pathlib
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pool_case import BINARY, DEADLINE, MODEL, PoolCase, alive, ask, await_true, main  # noqa: E402


class OwnServer(PoolCase):
    def setUp(self):
        super().setUp()
        self.assertTrue(MODEL.is_file(), f"{MODEL} is missing: script/test makes it")
        self.flags = ("--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")

    def test_a_model_is_enough(self):
        pool = self.up("--model", MODEL, *self.flags)
        self.assertRegex(pool.line, r"^up: http://127\.0\.0\.1:\d+ · page http://127\.0\.0\.1:\d+ · 2 ready in \d+ ms$")
        reply = pool.get("/embed", method="POST", body=json.dumps({"text": "hello"}), headers={"Content-Type": "application/json"})
        self.assertEqual(reply.status, 200)
        self.assertEqual(len(reply.json()["embedding"]), 384)
        status = pool.status()
        self.assertEqual([r["state"] for r in status["replicas"]], ["ready", "ready"])
        self.assertGreater(status["replicas"][0]["slots"], 1, "hearth's server says its own slots")
        self.assertEqual({k: (status[k]["value"], status[k]["source"]) for k in ("floor", "spare", "max")},
                         {"floor": (2, "default"), "spare": (1, "default"), "max": (12, "default")})
        pids = pool.pids()
        self.assertEqual(pool.end(), 0)
        self.assert_gone(pids)
        self.assertFalse((self.scratch / ".hearth/admin.json").exists())

    def test_a_folder_is_packed_once(self):
        folder = MODEL.with_suffix("")
        self.assertTrue(folder.is_dir(), f"{folder} is missing: run script/model")
        for _ in range(2):
            pool = self.up("--model", folder, *self.flags)
            packed = list((self.scratch / ".hearth/models").glob("*.hearth"))
            self.assertEqual(len(packed), 1)
            made = packed[0].stat().st_mtime_ns
            self.assertEqual(pool.end(), 0)
        self.assertEqual(packed[0].stat().st_mtime_ns, made)

    def test_what_is_wrong_is_one_clear_line(self):
        self.assertIn("--model", self.run_hearth("up", code=64).stderr)
        self.assertIn("nowhere", self.run_hearth("up", "--model", "/nowhere/at/all", *self.flags, code=1).stderr)
        (self.scratch / "bad.hearth").write_bytes(b"not a packed file")
        self.assertIn("bad.hearth", self.run_hearth("up", "--model", "bad.hearth", *self.flags, code=1).stderr)
        self.assertIn("--floor", self.run_hearth("up", "--model", MODEL, "--floor", "5", "--max", "3", code=64).stderr)
        self.assertIn("--floor", self.run_hearth("up", "--floor", "x", code=64).stderr)
        self.assertIn("missing.toml", self.run_hearth("up", "--config", "missing.toml", code=1).stderr)
        (self.scratch / "hearth.toml").write_text("[pool]\nflor = 2\n")
        self.assertIn("floor", self.run_hearth("up", code=1).stderr)


class ForeignServer(PoolCase):
    def test_any_server_works_by_configuration_alone(self):
        self.configure("one", "two words")
        pool = self.up()
        reply = pool.get("/who")
        self.assertEqual(reply.json()["words"], ["one", "two words"])
        self.assertIn(reply.json()["pid"], pool.pids())
        self.assertEqual(pool.end(2), 0, "SIGINT is as good as SIGTERM")

    def test_sigterm_answers_what_is_under_way_and_ends_every_replica(self):
        self.configure(pool="floor = 3\nspare = 0")
        pool = self.up()
        pids = pool.pids()
        self.assertEqual(len(pids), 3)
        go = self.scratch / "go"
        replies = []
        client = threading.Thread(target=lambda: replies.append(pool.get(f"/slow?{go}")))
        client.start()
        await_true("the request is under way", lambda: any(r["busy"] == 1 for r in pool.status()["replicas"]))
        pool.process.terminate()
        await_true("it is told to stop", lambda: "Told to stop" in pool.log())
        go.touch()
        client.join(DEADLINE)
        self.assertEqual([r.status for r in replies], [200])
        self.assertEqual(pool.process.wait(DEADLINE), 0)
        self.assert_gone(pids)

    def test_a_second_signal_kills(self):
        self.configure(pool="floor = 1\nspare = 0")
        pool = self.up()
        pids = pool.pids()

        def hang():
            try:
                pool.get("/slow?/never/there")
            except OSError:
                pass

        client = threading.Thread(target=hang)
        client.start()
        await_true("the request is under way", lambda: any(r["busy"] == 1 for r in pool.status()["replicas"]))
        pool.process.terminate()
        await_true("it is told to stop", lambda: "Told to stop" in pool.log())
        self.assertIsNone(pool.process.poll())
        pool.process.terminate()
        pool.process.wait(DEADLINE)
        client.join(DEADLINE)
        self.assert_gone(pids)

    def test_a_second_up_is_refused_with_the_pid_of_the_first(self):
        self.configure()
        pool = self.up()
        self.assertIn(f"pid {pool.process.pid}", self.run_hearth("up", code=1).stderr)
        self.assertEqual(pool.get("/who").status, 200)

    def test_a_replica_that_dies_is_replaced(self):
        self.configure()
        pool = self.up()
        victim = pool.ready()[0]
        subprocess.run(["kill", "-9", str(victim["pid"])], check=True)
        await_true("another one is ready", lambda: len(pool.ready()) == 2 and victim["id"] not in [r["id"] for r in pool.ready()])
        gone = next(r for r in pool.status()["replicas"] if r["id"] == victim["id"])
        self.assertEqual(gone["state"], "gone")
        self.assertIn("signal 9", gone["end_reason"])
        self.assertIn(victim["id"] + " ended", self.run_hearth("status").stdout)

    def test_a_command_that_cannot_start_is_told(self):
        self.configure("exit")
        pool = self.start()
        await_true("the reason is in the status", lambda: (self.scratch / ".hearth/admin.json").exists() and any(
            "exit 3" in r["end_reason"] for r in pool.status()["replicas"]))
        log = next(r["log"] for r in pool.status()["replicas"] if r["end_reason"])
        self.assertIn("cannot find the model", pathlib.Path(log).read_text())
        self.assertEqual(pool.end(), 0)

    def test_systemds_socket_is_taken(self):
        self.configure()
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        # bash puts it at descriptor 3, as systemd does, and keeps its pid for hearth.
        take = ("bash", "-c", f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{listener.fileno()} {listener.fileno()}<&-', "take")
        if listener.fileno() == 3:
            take = ("bash", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "take")
        pool = self.up(prefix=take, pass_fds=(listener.fileno(),))
        self.assertEqual(pool.gateway, f"http://127.0.0.1:{port}")
        self.assertEqual(pool.get("/who").status, 200)
        pids = pool.pids()
        for pid in pids:
            self.assertNotIn(b"LISTEN_FDS", pathlib.Path(f"/proc/{pid}/environ").read_bytes())
        pool.process.kill()
        pool.process.wait()
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as waiting:
            waiting.sendall(b"GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            again = self.up(prefix=take, pass_fds=(listener.fileno(),))
            self.assertTrue(waiting.recv(65536).startswith(b"HTTP/1.1 200"), "who came meanwhile waited")
        self.assertLessEqual(set(pids), set(again.pids()))
        listener.close()
        self.assertEqual(again.end(), 0)


class Commands(PoolCase):
    def test_without_a_pool_they_say_so(self):
        for command in (["status"], ["scale", "--floor", "2"], ["drain", "r1"], ["down"], ["roll", "--model", "x"]):
            self.assertIn("no pool", self.run_hearth(*command, code=1).stderr)

    def test_wrong_usage_is_64(self):
        for command in (["scale"], ["scale", "--floor", "-1"], ["scale", "--max", "0"], ["drain"], ["roll"], ["status", "--yaml"],
                        ["roll", "--command", "'open"]):
            self.run_hearth(*command, code=64)

    def test_status_is_for_people_and_for_programs(self):
        self.configure()
        pool = self.up()
        text = self.run_hearth("status").stdout
        for part in (pool.gateway, "2 ready", "floor 2 (default)", "spare 1 (default)", "r1 ", str(pool.pids()[0])):
            self.assertIn(part, text)
        self.assertEqual(json.loads(self.run_hearth("status", "--json").stdout)["ready"], 2)
        elsewhere = subprocess.run([BINARY, "status", "--state-dir", self.scratch / ".hearth"], cwd="/", env=self.env, check=False,
                                   capture_output=True, text=True)
        self.assertEqual(elsewhere.returncode, 0, elsewhere.stderr)

    def test_scale_changes_the_numbers_and_outlives_the_pool(self):
        self.configure()
        pool = self.up()
        self.assertIn("floor 3 (hearth scale)", self.run_hearth("scale", "--floor", 3).stdout)
        await_true("three are ready", lambda: len(pool.ready()) == 3)
        self.assertIn("max", self.run_hearth("scale", "--floor", 50, code=1).stderr)
        self.assertEqual(pool.end(), 0)
        again = self.up()
        self.assertEqual(again.status()["floor"], {"value": 3, "source": "hearth scale"})
        self.assertIn("floor 2 (default)", self.run_hearth("scale", "--reset").stdout)

    def test_flags_of_up_are_named_as_the_source(self):
        self.configure()
        pool = self.up("--floor", 3, "--spare", 0)
        self.assertEqual(pool.status()["floor"], {"value": 3, "source": "--floor"})
        self.assertEqual(pool.status()["spare"], {"value": 0, "source": "--spare"})

    def test_drain_takes_one_replica_out(self):
        self.configure()
        pool = self.up()
        victim = pool.ready()[0]
        self.assertIn(victim["id"], self.run_hearth("drain", victim["id"], "--wait").stdout)
        self.assert_gone([victim["pid"]])
        await_true("it is replaced", lambda: len(pool.ready()) == 2)
        self.assertIn("r99", self.run_hearth("drain", "r99", code=1).stderr)
        self.run_hearth("drain", "seven", code=1)

    def test_down_ends_everything_and_the_folder_is_free(self):
        self.configure()
        pool = self.up()
        pids = pool.pids()
        self.assertIn("ended", self.run_hearth("down", "--wait").stdout)
        self.assertFalse(any(alive(pid) for pid in pids))
        again = self.up()  # at once: the lock is free
        self.assertEqual(pool.process.wait(DEADLINE), 0)
        self.run_hearth("down")
        self.assertEqual(again.process.wait(DEADLINE), 0)

    def test_the_admin_api_is_closed_to_strangers(self):
        self.configure()
        pool = self.up()
        admin = pool.admin
        self.assertEqual((self.scratch / ".hearth/admin.json").stat().st_mode & 0o777, 0o600)
        self.assertEqual(ask(admin["url"], "/v1/down", method="POST").status, 401)
        self.assertEqual(ask(admin["url"], "/v1/status", headers={"Host": "evil.example"}).status, 403)
        self.assertEqual(pool.get("/v1/status", headers={"X-Hearth-Token": admin["token"]}).json().get("words"), [],
                         "the public address passes everything on to replicas")
        self.assertNotIn(admin["token"], pool.log())
        self.assertEqual(ask(pool.page, "/").headers["content-type"], "text/html; charset=utf-8")

    def test_traffic_and_history(self):
        self.configure()
        pool = self.up("--history", "history.tsv")
        for _ in range(20):
            self.assertEqual(pool.get("/who").status, 200)
        second = await_true("the traffic is in the status", lambda: next(
            (s for s in pool.status()["traffic"] if s["answered"] > 0 and s["p99_ms"] > 0), None))
        self.assertGreaterEqual(second["p99_ms"], second["p50_ms"])
        self.assertEqual(sum(s["errors"] for s in pool.status()["traffic"]), 0)
        self.assertEqual(pool.end(), 0)
        lines = (self.scratch / "history.tsv").read_text().splitlines()
        self.assertEqual(sum(line.split("\t")[1] == "answered" for line in lines), 20)
        checker = pathlib.Path(BINARY).parent / "src/pool/history_check"
        if checker.exists():
            judged = subprocess.run([checker, self.scratch / "history.tsv"], capture_output=True, text=True, check=False)
            self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)


if __name__ == "__main__":
    main()
