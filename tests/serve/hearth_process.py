"""Starts the real binary for the black-box tests, and talks to it over real sockets."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
MODEL = os.environ.get("HEARTH_MODEL_FILE", str(SOURCE / "models/all-MiniLM-L6-v2.hearth"))
DEADLINE = 120.0  # for anything that must happen at all; under a sanitizer on a busy machine things are slow

# Nothing of the caller's environment may configure the servers under test.
CLEAN = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
                                                      "ASAN_SYMBOLIZER_PATH", "HEARTH_CPU_ISA", "LD_LIBRARY_PATH")}


def await_true(what, condition, deadline=DEADLINE):
    """Polls; the only waiting there is."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never happened: " + what)
        time.sleep(0.005)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Hearth:
    """One `hearth serve`, on a free port, ended with the `with` block."""

    def __init__(self, *flags, model=MODEL, env=None, wait="ready"):
        if not os.path.exists(model) and model == MODEL:
            raise AssertionError(f"{model} is missing: script/test makes it (or script/model, once the binary is built)")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([BINARY, "serve", "--model", model, "--port", "0", *flags], stdout=subprocess.PIPE,
                                        stderr=self.log, env={**CLEAN, **(env or {})})
        line = self.process.stdout.readline().decode().strip()
        if not line.startswith("listening on "):
            self.process.wait(DEADLINE)
            return
        self.url = line.removeprefix("listening on ")
        self.port = int(self.url.rsplit(":", 1)[1]) if self.url.startswith("http") else None
        if wait == "ready":
            await_true("ready", lambda: self.get("/ready").status == 200)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stderr(self):
        self.log.seek(0)
        return self.log.read().decode()

    def end(self, number=signal.SIGTERM):
        """Signals, waits, and gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post(self, path, value, headers=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)

    def metric(self, name):
        for line in self.get("/metrics").body.decode().splitlines():
            if line.rsplit(" ", 1)[0] == name:
                return float(line.rsplit(" ", 1)[1])
        return None


def raw_post(path, body):
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def main():
    if not os.path.exists(BINARY):
        sys.exit(f"{BINARY} is missing: build it first")
    unittest.main(verbosity=2)
