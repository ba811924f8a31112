"""What the tests of `hearth up` share: a pool in a scratch folder, the commands that speak to it, and what it leaves behind."""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
MODEL = SOURCE / "models/all-MiniLM-L6-v2.hearth"
REPLICA = pathlib.Path(__file__).parent / "replica.py"
DEADLINE = 120.0  # for anything that must happen at all; under a sanitizer on a busy machine things are slow


def await_true(what, condition, deadline=DEADLINE):
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("never happened: " + what)
        time.sleep(0.02)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def ask(url, path, method="GET", body=None, headers=None, timeout=DEADLINE):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


class Pool:
    """One running `hearth up`."""

    def __init__(self, process, folder, log):
        self.process, self.folder, self.log_path = process, folder, log

    @property
    def admin(self):
        return json.loads((self.folder / ".hearth/admin.json").read_text())

    def status(self):
        return ask(self.admin["url"], "/v1/status").json()

    def ready(self):
        return [r for r in self.status()["replicas"] if r["state"] == "ready"]

    def pids(self):
        return sorted(r["pid"] for r in self.status()["replicas"] if r["state"] != "gone")

    def get(self, path, **options):
        return ask(self.gateway, path, **options)

    def log(self):
        return self.log_path.read_text()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


class PoolCase(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-up-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.scratch / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        self.env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS") or k == "ASAN_SYMBOLIZER_PATH"})
        self.started, self.pools = [], 0

    def configure(self, *words, pool="floor = 2\nspare = 1", replica="", gateway=""):
        """A hearth.toml whose replicas are replica.py."""
        command = json.dumps([sys.executable, str(REPLICA), "{port}", *words])
        (self.scratch / "hearth.toml").write_text(f"""
[pool]
{pool}
[replica]
command = {command}
start_time = "1s"
{replica}
[gateway]
listen = "127.0.0.1:0"
{gateway}
[admin]
listen = "127.0.0.1:0"
""")

    def start(self, *flags, prefix=(), **options):
        """Begins a `hearth up`; does not wait for it."""
        self.pools += 1
        log = self.scratch / f"up-{self.pools}.log"
        with open(log, "w") as file:
            process = subprocess.Popen([*prefix, BINARY, "up", *map(str, flags)], cwd=self.scratch, env=self.env, text=True,
                                       stdout=subprocess.PIPE, stderr=file, **options)
        self.started.append(process)
        self.addCleanup(self.end_all, process)
        return Pool(process, self.scratch, log)

    def up(self, *flags, **options):
        """A pool that stands."""
        pool = self.start(*flags, **options)
        line = pool.process.stdout.readline().strip()
        self.assertTrue(line.startswith("up: "), f"{line!r}\n{pool.log()}")
        pool.line = line
        pool.gateway, pool.page = (part.split()[-1] for part in line.split(" · ")[:2])
        return pool

    def end_all(self, process):
        """Whatever a test did, no replica is left of it."""
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        for file in (self.scratch / ".hearth/replicas").glob("*.json"):
            pid = json.loads(file.read_text()).get("pid", 0)
            with contextlib.suppress(OSError):  # it has just gone
                if pid > 0 and str(self.scratch).encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    def run_hearth(self, *arguments, code=0, timeout=DEADLINE):
        done = subprocess.run([BINARY, *map(str, arguments)], cwd=self.scratch, env=self.env, text=True, capture_output=True,
                              timeout=timeout, check=False)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        if code != 0:
            lines = done.stderr.splitlines()
            self.assertEqual(len(lines), 1, done.stderr)
            self.assertTrue(lines[0].startswith("hearth: "), done.stderr)
        return done

    def assert_gone(self, pids):
        await_true(f"{pids} end", lambda: not any(alive(pid) for pid in pids))


def main():
    if not os.path.exists(BINARY):
        sys.exit(f"{BINARY} is missing: build it first")
    unittest.main(verbosity=2)
