"""A container that has exactly the memory that hearth announces is never killed for it, whatever its limits admit.

HEARTH_OVERLOAD_SECONDS: how long the overload lasts, 60 by default.
"""
import json
import os
import random
import socket
import threading
import time
import unittest

from container import DEADLINE, Container, await_true, docker, main

SECONDS = float(os.environ.get("HEARTH_OVERLOAD_SECONDS", "60"))
CONNECTIONS = 512
BODY_MAX = 2_000_000
MIB = 1 << 20

LONG = json.dumps({"inputs": ["word " * 190] * 2048}).encode()
IDS = json.dumps({"inputs": [[2000 + i % 20000 for i in range(254)] for _ in range(1100)]}).encode()
LISTS = b'{"inputs":[' + b"[1]," * 490_000 + b"[1]]}"
NUMBERS = b'{"inputs":[' + b"1," * 990_000 + b"1]}"
SHORT = json.dumps({"inputs": ["a"] * 14}).encode()
BODIES = [body for body in (LONG, IDS, LISTS, NUMBERS, SHORT) if len(body) <= BODY_MAX]


def head(length):
    return (f"POST /embed HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n").encode()


def pester(port, number, end):
    """One client after the other: those who send all and read, who read a little, who read nothing, who send half, who pipeline."""
    choice = random.Random(number)
    while time.monotonic() < end:
        body = choice.choice(BODIES)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                kind = choice.choice(("whole", "slow", "deaf", "half", "pipelined"))
                if kind == "half":
                    s.sendall(head(len(body)) + body[:len(body) // 2])
                    time.sleep(choice.uniform(1, 5))
                    continue
                s.sendall((head(len(SHORT)) + SHORT) * 40 if kind == "pipelined" else head(len(body)) + body)
                if kind == "deaf":
                    time.sleep(choice.uniform(1, 5))
                    continue
                s.settimeout(10)
                while time.monotonic() < end and s.recv(1024 if kind == "slow" else 65536):
                    if kind == "slow":
                        time.sleep(0.05)
                    elif kind == "pipelined":
                        break
        except OSError:
            time.sleep(0.05)


class Memory(unittest.TestCase):
    def announced(self, *flags):
        with Container(flags=flags) as server:
            return server.get("/info").json()["memory"]

    def test_overload_with_exactly_the_announced_memory(self):
        needed = self.announced("--cpus", "1", "--memory", "2g")["needed"]
        limit = ("--memory", str(needed), "--memory-swap", str(needed), "--cpus", "1", "--restart", "unless-stopped")
        with Container(flags=limit) as server:
            memory = server.get("/info").json()["memory"]
            self.assertEqual(memory["needed"], needed)
            before = server.post("/embed", {"text": "still here"}).json()["embedding"]
            end = time.monotonic() + SECONDS
            threads = [threading.Thread(target=pester, args=(server.port, i, end), daemon=True) for i in range(CONNECTIONS - 2)]
            for thread in threads:
                thread.start()
            health = []
            while time.monotonic() < end:
                with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as s:
                    s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    health.append(s.recv(15))
                time.sleep(0.25)
            for thread in threads:
                thread.join(DEADLINE)
            # Beyond --max-connections one is told 503: that too is an answer of a server that lives.
            self.assertTrue(all(line.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")) for line in health), set(health))
            peak = server.memory_peak()
            print(f"needed {needed / MIB:.0f} MiB, peak {peak / MIB:.0f} MiB, {len(health)} times /health", flush=True)
            self.assertLessEqual(peak, needed)
            state = server.state()
            self.assertFalse(state["OOMKilled"])
            self.assertTrue(state["Running"])
            self.assertEqual(server.inspect()["RestartCount"], 0)
            await_true("an answer after the overload", lambda: server.post("/embed", {"text": "still here"}).status == 200)
            after = server.post("/embed", {"text": "still here"}).json()["embedding"]
            self.assertLess(max(abs(a - b) for a, b in zip(before, after)), 1e-5)

    def test_too_little_memory_is_refused_before_loading(self):
        with Container(flags=("--memory", "128m", "--memory-swap", "128m", "--cpus", "1"), wait=None) as server:
            self.assertEqual(server.wait(), 1)
            self.assertRegex(server.stderr(), r"needs \d+ MiB, the container has 128 MiB .*raise memory")
            self.assertFalse(server.state()["OOMKilled"])

    def test_force_starts_all_the_same(self):
        flags = ("--memory", "128m", "--memory-swap", "128m", "--cpus", "1")
        with Container(flags=flags, env={"HEARTH_FORCE": "true"}) as server:
            self.assertEqual(server.post("/embed", {"text": "a"}).status, 200)
            self.assertIn("Started all the same", server.stderr())

    def test_half_a_cpu_is_one_worker_that_does_not_spin(self):
        with Container(flags=("--cpus", "0.5")) as server:
            self.assertEqual(server.get("/info").json()["workers"], 1)
            pid = server.state()["Pid"]

            def used():
                with open(f"/proc/{pid}/stat") as file:
                    words = file.read().rpartition(")")[2].split()
                return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

            begin, start = used(), time.monotonic()
            time.sleep(5)
            share = (used() - begin) / (time.monotonic() - start)
            print(f"idle: {100 * share:.2f} % of a core", flush=True)
            self.assertLess(share, 0.01)


if __name__ == "__main__":
    main()
