"""Starting, stopping, limits, keys and sockets: what whoever runs a replica relies on."""

import contextlib
import http.client
import itertools
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from hearth_process import BINARY, CLEAN, DEADLINE, MODEL, Hearth, await_true, main, raw_post

LONG = " ".join(["word"] * 250)


def run(*arguments, env=None):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=DEADLINE, env={**CLEAN, **(env or {})})


class Start(unittest.TestCase):
    def test_ready_log_line_has_the_measured_phases(self):
        with Hearth() as server:
            await_true("the log line", lambda: "ready to serve" in server.stderr())
            line = next(json.loads(line) for line in server.stderr().splitlines() if "ready to serve" in line)
            self.assertEqual(line["message"], "Model loaded and ready to serve")
            phases = [line[f"{phase}_ms"] for phase in ("exec", "bind", "open_model", "read_weights", "prepare", "first_forward")]
            self.assertGreaterEqual(line["ready_ms"] + 0.01, sum(phases) - line["exec_ms"])
            self.assertEqual(server.end(), 0)

    def test_text_log(self):
        with Hearth("--log", "text") as server:
            await_true("the log line", lambda: "info  Model loaded and ready to serve ready_ms=" in server.stderr())

    def test_port_taken_is_one_clear_line(self):
        with Hearth() as server:
            second = run("serve", "--model", MODEL, "--port", str(server.port))
            self.assertEqual(second.returncode, 1)
            self.assertTrue(second.stderr.startswith("hearth: "), second.stderr)
            self.assertIn(str(server.port), second.stderr)
            self.assertEqual(len(second.stderr.splitlines()), 1)

    def test_bad_model_files_are_one_clear_line(self):
        whole = pathlib.Path(MODEL).read_bytes()
        flipped = bytearray(whole[:1_000_000])
        cases = {"empty": b"", "one byte": whole[:1], "half a header": whole[:40], "cut in the header": whole[:200],
                 "cut at a page": whole[:4096], "cut in the weights": whole[:1_000_000], "one byte short": whole[:-1],
                 "not a pack": b"PK\x03\x04" + whole[4:1_000_000], "zeros": bytes(100_000)}
        for bit in (0, 9, 33, 70, 131, 260, 777, 2011):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << (bit % 8)
            cases[f"bit {bit} flipped"] = bytes(flipped)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in cases.items():
                with self.subTest(name):
                    file = pathlib.Path(folder, "bad.hearth")
                    file.write_bytes(content)
                    self.assert_fails(run("serve", "--model", str(file), "--port", "0"), "bad.hearth")
            self.assert_fails(run("serve", "--model", folder + "/missing.hearth", "--port", "0"), "missing.hearth")
            self.assert_fails(run("serve", "--model", folder, "--port", "0"), folder)

    def assert_fails(self, ended, part):
        self.assertEqual(ended.returncode, 1, ended)
        lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
        self.assertEqual(len(lines), 1, ended.stderr)
        self.assertTrue(lines[0].startswith("hearth: "), lines)
        self.assertIn(part, lines[0])

    def test_future_version_and_other_endianness_are_said(self):
        # The offsets are those of docs/formats/pack.md: magic 8 bytes, then byte-order mark and version.
        whole = pathlib.Path(MODEL).read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "other.hearth")
            future = bytearray(whole)
            future[12:16] = struct.pack("<I", 99)
            file.write_bytes(future)
            self.assertIn("version", run("serve", "--model", str(file), "--port", "0").stderr)
            other = bytearray(whole)
            other[8:12] = other[8:12][::-1]
            file.write_bytes(other)
            self.assertRegex(run("serve", "--model", str(file), "--port", "0").stderr, "endian|byte order")

    def test_wrong_usage_is_64_and_names_flag_and_range(self):
        for arguments, part in ((["--port", "70000"], "0 to 65535"), (["--port", "x"], "--port"),
                                (["--request-timeout", "soon"], "--request-timeout"), (["--log", "xml"], "json, text"),
                                (["--max-client-batch-size", "0"], "--max-client-batch-size"), (["--nothing"], "--nothing"),
                                (["--max-queued-texts", "5"], "--max-client-batch-size")):
            ended = run("serve", "--model", MODEL, *arguments)
            self.assertEqual(ended.returncode, 64, arguments)
            self.assertTrue(ended.stderr.startswith("hearth: "), ended.stderr)
            self.assertIn(part, ended.stderr)
        self.assertIn("0 to 65535", run("serve", "--model", MODEL, env={"PORT": "70000"}).stderr)
        self.assertIn("--model", run("serve").stderr)
        self.assertEqual(run().returncode, 64)
        self.assertEqual(run("nothing").returncode, 64)

    def test_cpu_isa_can_be_forced(self):
        with Hearth(env={"HEARTH_CPU_ISA": "scalar"}) as server:
            self.assertEqual(server.post("/embed", {"text": "slow"}).status, 200)
            self.assertIn('"cpu_isa":"scalar"', server.stderr())
        self.assertIn("hearth: ", run("serve", "--model", MODEL, "--port", "0", env={"HEARTH_CPU_ISA": "abacus"}).stderr)

    def test_teis_variables(self):
        env = {"SERVED_MODEL_NAME": "named", "MAX_CLIENT_BATCH_SIZE": "3", "MODEL_ID": "x/y", "HF_TOKEN": "hf_secret",
               "AUTO_TRUNCATE": "false", "HOSTNAME": "4f2a0c9d1e77"}
        with Hearth(env=env) as server:
            info = server.get("/info").json()
            self.assertEqual((info["served_model_name"], info["max_client_batch_size"], info["auto_truncate"]), ("named", 3, False))
            self.assertEqual(server.post("/embed", {"inputs": ["a"] * 4}).status, 422)
            self.assertEqual(server.post("/embed", {"inputs": LONG + LONG}).status, 422)
            self.assertIn("MODEL_ID is set and not used", server.stderr())
            self.assertIn("HF_TOKEN is set and not used", server.stderr())
            self.assertNotIn("hf_secret", server.stderr())

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/hearth.sock"
            with Hearth("--uds-path", path, wait="nothing") as server:
                self.assertEqual(server.url, "unix:" + path)
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(path)
                    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200"))
                self.assertEqual(server.end(), 0)
                self.assertFalse(os.path.exists(path))


class Loading(unittest.TestCase):
    """A model file that arrives through a FIFO would not map; a file on a slow disk cannot be had here. What can be seen from
    outside is that the socket answers before the model is there, whatever the moment."""

    def test_every_answer_before_ready_is_the_documented_one(self):
        for _ in range(10):
            with Hearth(wait="nothing") as server:
                reply = server.post("/embed", {"text": "early"})
                if reply.status == 503:
                    self.assertEqual(reply.json(), {"error": "model not loaded"})
                    self.assertEqual(reply.headers["retry-after"], "1")
                else:
                    self.assertEqual(reply.status, 200)
                self.assertEqual(server.get("/health").json(), {"status": "alive"})
                ready = server.get("/ready")
                self.assertIn((ready.status, ready.json()["status"]), ((200, "ready"), (503, "loading")))

    def test_ready_tells_a_pool_its_slots_and_its_nonce(self):
        for flags, env, slots in (([], {"HEARTH_REPLICA_NONCE": "0123456789abcdef"}, "32"), (["--slots", "3"], {}, "3"), ([], {"HEARTH_SLOTS": "4"}, "4"),
                                  ([], {"HEARTH_REPLICA_NONCE": "x\r\nInjected: 1"}, "32")):
            with self.subTest(flags=flags, env=env), Hearth("--workers", "2", *flags, env=env) as server:
                ready = server.get("/ready")
                self.assertEqual(ready.body, b'{"status":"ready"}')
                self.assertEqual(ready.headers["x-hearth-slots"], slots)
                nonce = env.get("HEARTH_REPLICA_NONCE", "")
                self.assertEqual(ready.headers.get("x-hearth-nonce"), nonce if nonce.startswith("0") else None)
                self.assertNotIn("injected", ready.headers)
        refused = run("serve", "--model", MODEL, "--slots", "-1")
        self.assertEqual((refused.returncode, refused.stdout), (64, ""))

    def test_sigterm_while_loading(self):
        for _ in range(10):
            with Hearth(wait="nothing") as server:
                self.assertEqual(server.end(), 0)


class Stop(unittest.TestCase):
    def test_sigterm_when_idle(self):
        with Hearth() as server:
            self.assertEqual(server.end(), 0)
            self.assertIn('"message":"Stopped"', server.stderr())

    def test_ready_says_503_while_draining_and_the_work_is_finished(self):
        with Hearth("--workers", "1") as server:
            working = server.connect()
            working.sendall(raw_post("/embed", json.dumps({"inputs": [LONG] * 40}).encode()))
            await_true("the work has begun", lambda: server.metric("hearth_queue_texts") > 0)
            asking = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
            asking.request("GET", "/ready")
            self.assertEqual(asking.getresponse().read(), b'{"status":"ready"}')
            server.process.send_signal(15)
            statuses = []

            def draining():
                asking.request("GET", "/ready")
                reply = asking.getresponse()
                statuses.append(reply.status)
                return reply.read() == b'{"status":"draining"}'

            await_true("/ready says draining", draining)
            self.assertEqual(statuses[-1], 503)
            asking.request("POST", "/embed", b'{"text": "late"}', {"Content-Type": "application/json"})
            late = asking.getresponse()
            self.assertEqual((late.status, late.headers["retry-after"]), (503, "1"))
            answer = b""
            while chunk := working.recv(1 << 20):
                answer += chunk
            working.close()
            self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:80])
            self.assertEqual(len(json.loads(answer.split(b"\r\n\r\n", 1)[1])), 40)
            asking.close()
            self.assertEqual(server.process.wait(DEADLINE), 0)

    def test_sigterm_under_load_loses_no_answered_request(self):
        """Every request whose bytes the server took is answered, with vectors or with 503, whole."""
        with Hearth() as server:
            outcomes, started = [], threading.Semaphore(0)

            def client():
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)) as connection:
                    ask_until_the_end(connection)

            def ask_until_the_end(connection):
                for turn in itertools.count():
                    try:
                        connection.request("POST", "/embed", json.dumps({"text": LONG}), {"Content-Type": "application/json"})
                    except OSError:
                        return  # the connection was closed between two requests
                    try:
                        reply = connection.getresponse()
                        outcomes.append((reply.status, len(json.loads(reply.read()))))
                    except (http.client.RemoteDisconnected, ConnectionResetError) as error:
                        if turn == 0:  # a used connection may be closed while the next request is on its way
                            outcomes.append(("lost", repr(error)))
                        return
                    except Exception as error:  # a torn answer
                        outcomes.append(("torn", repr(error)))
                        return
                    started.release()
                    if reply.status != 200 or reply.headers["connection"] == "close":
                        return

            clients = [threading.Thread(target=client) for _ in range(8)]
            for thread in clients:
                thread.start()
            for _ in range(16):
                started.acquire()
            self.assertEqual(server.end(), 0)
            for thread in clients:
                thread.join(DEADLINE)
            self.assertTrue(outcomes)
            for outcome in outcomes:
                self.assertIn(outcome, ((200, 1), (503, 2)))

    def test_second_signal_ends_at_once(self):
        with Hearth("--workers", "1") as server:
            with server.connect() as working:
                working.sendall(raw_post("/embed", json.dumps({"inputs": [LONG] * 1000}).encode()))
                await_true("the work has begun", lambda: server.metric("hearth_queue_texts") > 0)
                server.process.send_signal(15)
                await_true("it drains", lambda: "Told to stop" in server.stderr())
                self.assertEqual(server.end(), 128 + 15)

    def test_drain_timeout_bounds_the_drain(self):
        with Hearth("--workers", "1", "--drain-timeout", "100ms") as server:
            with server.connect() as working:
                working.sendall(raw_post("/embed", json.dumps({"inputs": [LONG] * 1000}).encode()))
                await_true("the work has begun", lambda: server.metric("hearth_queue_texts") > 0)
                self.assertEqual(server.end(), 0)
                answer = working.recv(65536)
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 503"), answer[:80])


class Limits(unittest.TestCase):
    def test_429_at_the_requests_in_hand(self):
        with Hearth("--workers", "1", "--max-concurrent-requests", "1") as server:
            with server.connect() as working:
                working.sendall(raw_post("/embed", json.dumps({"inputs": [LONG] * 200}).encode()))
                await_true("the work has begun", lambda: server.metric("hearth_requests_in_hand") == 1)
                refused = server.post("/embed", {"text": "a"})
                self.assertEqual((refused.status, refused.headers["retry-after"]), (429, "1"))
                self.assertEqual(refused.json()["error_type"], "overloaded")
                nested = server.post("/v1/embeddings", {"input": "a"})
                self.assertEqual((nested.status, nested.json()["error"]["type"]), (429, "rate_limit_error"))
                self.assertEqual(server.metric('hearth_limit_hits_total{limit="concurrent_requests"}'), 2)

    def test_429_at_the_queued_texts(self):
        with Hearth("--workers", "1", "--max-queued-texts", "300", "--max-client-batch-size", "300") as server:
            with server.connect() as working:
                working.sendall(raw_post("/embed", json.dumps({"inputs": [LONG] * 300}).encode()))
                await_true("the work has begun", lambda: 0 < server.metric("hearth_queue_texts") < 300)
                refused = server.post("/embed", {"inputs": ["a"] * 300})
                self.assertEqual(refused.status, 429)
                self.assertIn("--max-queued-texts", refused.json()["error"])
                self.assertEqual(server.post("/embed", {"text": "a small one fits"}).status, 200)

    def test_504_past_the_deadline(self):
        with Hearth("--workers", "1", "--request-timeout", "1ms") as server:
            late = server.post("/embed", {"inputs": [LONG] * 50})
            self.assertEqual((late.status, late.json()["error_type"]), (504, "deadline_exceeded"))

    def test_413_at_the_payload_limit(self):
        with Hearth("--payload-limit", "1000") as server:
            self.assertEqual(server.post("/embed", {"text": "a" * 2000}).status, 413)
            self.assertEqual(server.post("/embed", {"text": "a" * 900}).status, 200)

    def test_a_long_batch_does_not_hold_up_a_short_text(self):
        with Hearth("--workers", "1") as server:
            with server.connect() as working:
                working.sendall(raw_post("/embed", json.dumps({"inputs": [LONG] * 400}).encode()))
                await_true("the work has begun", lambda: server.metric("hearth_queue_texts") > 0)
                self.assertEqual(server.post("/embed", {"text": "short"}).status, 200)
                self.assertGreater(server.metric("hearth_queue_texts"), 0, "the short text waited for the whole batch")


class Key(unittest.TestCase):
    def test_key_from_the_environment_or_a_file(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("sk-secret\n")
            file.flush()
            for flags, env in (((), {"API_KEY": "sk-secret"}), (("--api-key-file", file.name), {})):
                with Hearth(*flags, env=env) as server:
                    self.assertEqual(server.get("/health").status, 200)
                    self.assertEqual(server.get("/ready").status, 200)
                    for headers in ({}, {"Authorization": "Bearer nope"}, {"Authorization": "sk-secret"}):
                        refused = server.post("/embed", {"text": "a"}, headers)
                        self.assertEqual(refused.status, 401)
                        self.assertEqual(refused.headers["www-authenticate"], "Bearer")
                    self.assertEqual(server.post("/embed", {"text": "a"}, {"Authorization": "Bearer sk-secret"}).status, 200)
                    self.assertEqual(server.end(), 0)
                    self.assertNotIn("sk-secret", server.stderr())


class Idle(unittest.TestCase):
    def test_an_idle_replica_uses_no_cpu(self):
        """Less than 1 % of a core over one second, against spinning threads (100 %); the benchmark measures how little."""
        with Hearth() as server:
            server.post("/embed", {"text": "a"})
            clock = pathlib.Path(f"/proc/{server.process.pid}/schedstat")

            def used():
                return sum(int(pathlib.Path(task, "schedstat").read_text().split()[0])
                           for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir())

            self.assertTrue(clock.exists())
            await_true("the workers sleep", lambda: server.metric("hearth_workers_idle") == server.metric("hearth_workers"))
            before, began = used(), time.monotonic()
            await_true("a second has passed", lambda: time.monotonic() - began > 1)
            self.assertLess((used() - before) / 1e9 / (time.monotonic() - began), 0.01)


if __name__ == "__main__":
    main()
