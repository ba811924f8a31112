"""A stand-in for the admin listener: serves the live page and a /v1/status that the test writes. Takes no pool and no built binary."""
import contextlib
import copy
import http.server
import json
import math
import os
import pathlib
import random
import threading
import time

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
PAGE = SOURCE / "src/gateway/page.html"
NOW_S = 1_764_082_800  # when the made-up status was taken


def replica(number, state="ready", **changes):
    """One entry of `replicas`, as docs/admin-api.md has it."""
    return {"id": f"r{number}", "state": state, "version": "0a1b2c3d4e5f", "current": True, "ejected": False, "adopted": False, "slots": 16,
            "busy": 0, "age_seconds": 12.5, "start_seconds": 0.011, "pid": 4700 + number, "container": "", "url": f"unix:/run/hearth/r{number}.sock",
            "log": f"/var/lib/hearth/logs/r{number}.log", "memory_bytes": 4_194_304, "end_reason": "", "gone_seconds": 0, **changes}


def gone(number, reason, seconds=3.0, **changes):
    return replica(number, "gone", end_reason=reason, gone_seconds=seconds, **changes)


def quiet_traffic(seconds=600):
    return [{"t": NOW_S - i, "arrivals": 100, "answered": 100, "errors": 0, "waiting": 0, "occupied": 3, "ready": 3, "p50_ms": 2.1, "p99_ms": 4.0}
            for i in range(seconds, -1, -1)]


def busy_traffic(seed=7):
    """Ten minutes such as a real pool has: a day's swell, a burst that waits a little, and a replica that died."""
    dice = random.Random(seed)
    traffic = []
    for i in range(600, -1, -1):
        burst = 190 * math.exp(-((i - 230) / 26) ** 2)
        arrivals = max(0, round(140 + 42 * math.sin(i / 97) + burst + dice.gauss(0, 9)))
        waiting = max(0, round((burst - 120) / 4 + dice.gauss(0, 2))) if burst > 110 else 0
        errors = {88: 3, 87: 1}.get(i, 0)
        slow = burst / 60 + (3 if 84 < i < 90 else 0)
        p50 = 4.1 + arrivals / 190 + slow + dice.gauss(0, 0.12)
        traffic.append({"t": NOW_S - i, "arrivals": arrivals, "answered": max(0, arrivals - errors - (dice.random() < 0.2)), "errors": errors,
                        "waiting": waiting, "occupied": 9, "ready": 4, "p50_ms": round(p50, 3),
                        "p99_ms": round(p50 * 1.55 + slow * 1.3 + abs(dice.gauss(0, 0.7)), 3)})
    return traffic


def status(**changes):
    """A pool at rest; `changes` replace whole fields."""
    return {"name": "hearth", "now_ms": NOW_S * 1000, "gateway": "http://127.0.0.1:8000", "version": "0a1b2c3d4e5f", "roll_state": "none", "roll": "",
            "floor": {"value": 2, "source": "hearth.toml"}, "spare": {"value": 1, "source": "default"},
            "max": {"value": 12, "source": "hearth scale"}, "keep_warm_seconds": 300, "in_use": 1, "desired": 3, "ready": 3, "starting": 0,
            "waiting": 0, "replicas": [replica(1, busy=3), replica(2), replica(3)],
            "decisions": [{"at_ms": NOW_S * 1000 - 60_000, "desired": 3, "in_use": 1,
                           "reason": "1 in use and 1 spare, floor 2, 2 ready or starting: start 1"}],
            "traffic": quiet_traffic(), **changes}


def is_before(entry, since):
    return isinstance(entry, dict) and isinstance(entry.get("t"), (int, float)) and entry["t"] <= since


class Fixture:
    """`status` is what /v1/status answers: an object, or bytes as they are. A test replaces it; the page sees it at its next look."""

    def __init__(self, first=None):
        self.status = status() if first is None else first
        self.asked = []  # when /v1/status was asked for (monotonic seconds), and with what query
        self.code = 200
        self.answering = threading.Event()  # cleared: it takes requests and says nothing
        self.answering.set()
        self.server, self.port = None, 0
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Listens; the second time on the port it had."""
        fixture = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _, query = self.path.partition("?")
                if path == "/":
                    self.answer(200, "text/html; charset=utf-8", PAGE.read_bytes())
                elif path == "/v1/status":
                    fixture.asked.append((time.monotonic(), query))
                    fixture.answering.wait()
                    self.answer(fixture.code, "application/json", fixture.body(query))
                else:
                    self.answer(404, "text/plain", b"no such route")

            def answer(self, code, kind, body):
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                with contextlib.suppress(OSError):  # the page no longer waits
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        """From now on a connection is refused."""
        self.answering.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def body(self, query):
        if isinstance(self.status, bytes):
            return self.status
        answer = copy.copy(self.status)
        since = int(query.removeprefix("since=") or 0) if query.startswith("since=") else 0
        if since and isinstance(answer.get("traffic"), list):
            answer["traffic"] = [entry for entry in answer["traffic"] if not is_before(entry, since)]
        return json.dumps(answer).encode()
