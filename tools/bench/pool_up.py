"""One `hearth up` in a scratch folder, and what the processes of this machine use."""

import contextlib
import datetime
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

DEADLINE_S = 60
TICK = os.sysconf("SC_CLK_TCK")


def await_true(what, condition, pause_s=0.02):
    end = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        if time.monotonic() > end:
            raise RuntimeError(f"never happened in {DEADLINE_S} s: {what}")
        time.sleep(pause_s)
    return value


def _stat(pid):
    """The words of /proc/PID/stat from the state on; None when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def tree(pid):
    """A process and its children, theirs too."""
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        if stat := _stat(path.name):
            parents.setdefault(int(stat[1]), []).append(int(path.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def cpu_s(pids):
    """User and system time of these processes, seconds."""
    return sum(int(stat[11]) + int(stat[12]) for pid in pids if (stat := _stat(pid))) / TICK


def machine_cpu_s():
    """What all cores have worked, stolen time included."""
    words = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, words)
    return (user + nice + system + irq + softirq + steal) / TICK


class Pool:
    def __init__(self, process, folder, gateway, log):
        self.process, self.folder, self.gateway, self._log = process, folder, gateway, log
        self.admin = json.loads((folder / ".hearth/admin.json").read_text())["url"]

    @property
    def pid(self):
        return self.process.pid

    def ask(self, path):
        with urllib.request.urlopen(self.admin + path, timeout=DEADLINE_S) as answer:
            return answer.read().decode()

    def ready(self):
        return [one for one in json.loads(self.ask("/v1/status"))["replicas"] if one["state"] == "ready"]

    def await_ready(self, count):
        return await_true(f"{count} ready: {self.folder}", lambda: len(ready := self.ready()) == count and ready)

    def events(self):
        """The log: one (seconds since the epoch, fields) a line."""
        for line in self._log.read_text().splitlines():
            fields = json.loads(line)
            yield datetime.datetime.fromisoformat(fields["time"]).timestamp(), fields

    def kill(self, replica):
        """kill -9; when, seconds since the epoch."""
        now = time.time()
        os.kill(replica["pid"], signal.SIGKILL)
        return now


@contextlib.contextmanager
def up(binary, folder, pool, replica="", *flags):
    """A pool that stands. `pool` and `replica`: lines of these sections of hearth.toml."""
    folder.mkdir(parents=True)
    (folder / "hearth.toml").write_text(
        f'[pool]\n{pool}\n[replica]\n{replica}\n[gateway]\nlisten = "127.0.0.1:0"\n[admin]\nlisten = "127.0.0.1:0"\n')
    log = folder / "up.log"
    with open(log, "w") as file:
        process = subprocess.Popen([binary, "up", "--log", "json", *flags], cwd=folder, stdout=subprocess.PIPE, stderr=file, text=True)
    try:
        line = process.stdout.readline()
        if not line.startswith("up: "):
            raise RuntimeError(f"hearth up says {line!r}: {log.read_text()}")
        yield Pool(process, folder, line.split()[1], log)
    finally:
        process.terminate()  # drains and ends the replicas
        try:
            process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.terminate()  # a second one kills them
            process.wait(DEADLINE_S)
        process.stdout.close()
