#!/usr/bin/env python3
"""Measures hearth's images beside the seed's, and prints the tables of docs/containers.md.

    tools/bench/containers.py [--runs 10] [sizes] [start] [sharing]      needs script/image; hearth-seed-peer (tools/bench/seed_image) if there

start    from just before `docker run` to the first 200 of /ready, on the host's network; containers take turns within a round
sharing  what two replicas hold of one model file at the same time, by PSS: half of it each where the page cache is shared
"""
import argparse
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import image_sizes  # noqa: E402

MODEL = ROOT / "models/all-MiniLM-L6-v2.hearth"
SEED = "hearth-seed-peer"
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]


def docker(*arguments, check=True):
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True).stdout.strip()


def have(image):
    return bool(docker("images", "-q", image))


class Replica:
    """A container on the host's network; `ready_ms` is what it took from before `docker run`."""

    def __init__(self, image, flags):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.name = f"hearth-measure-{uuid.uuid4().hex[:8]}"
        command = [] if image != SEED else ["python3", "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", str(self.port)]
        began = time.monotonic()
        docker("run", "-d", "--name", self.name, "--network", "host", "--no-healthcheck", "-e", f"PORT={self.port}",
               "-e", "HEARTH_HOST=127.0.0.1", *flags, image, *command)
        while self.ask("GET", "/ready") != 200:
            if time.monotonic() - began > 180:
                raise RuntimeError(f"{self.name} never became ready: {docker('logs', self.name)}")
            time.sleep(0.002)
        self.ready_ms = (time.monotonic() - began) * 1000

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def model_mapping(self):
        """(RSS, PSS) in bytes of what is mapped of the packed file."""
        pid = docker("inspect", "--format", "{{.State.Pid}}", self.name)
        rss = pss = 0
        mine = False
        for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
            words = line.split()
            if "-" in words[0] and not words[0].endswith(":"):
                mine = words[-1].endswith(".hearth")
            elif mine and words[0] in ("Rss:", "Pss:"):
                rss += int(words[1]) * 1024 * (words[0] == "Rss:")
                pss += int(words[1]) * 1024 * (words[0] == "Pss:")
        return rss, pss

    def remove(self):
        docker("rm", "-f", "-v", self.name, check=False)


def ways(volume):
    """(what it is called, image, flags of docker run)."""
    volume_flags = [*HARDENED, "-v", f"{volume}:/models:ro", "-e", "HEARTH_MODEL=/models/model.hearth"]
    return [("baked in, Debian", "hearth", HARDENED), ("baked in, minimal", "hearth:minimal", HARDENED),
            ("named volume", "hearth", volume_flags),
            ("bind mount", "hearth", [*HARDENED, "-v", f"{MODEL}:/models/model.hearth:ro", "-e", "HEARTH_MODEL=/models/model.hearth"])]


def fill(volume):
    docker("volume", "create", volume)
    docker("run", "--rm", "--network", "none", "--no-healthcheck", "-v", f"{volume}:/models", "-v", f"{MODEL}:/from/model.hearth:ro",
           "--user", "0", "--entrypoint", "cp", "hearth", "/from/model.hearth", "/models/model.hearth")


def sizes():
    print("| image | base | model | everything else |\n|---|---:|---:|---:|")
    rows = [("hearth", "debian:bookworm-slim"), ("hearth:minimal", None)]
    for image, base in rows:
        found = image_sizes.sizes(image, base)
        print(f"| `{image}` | {found['base'] / 1e6:.1f} MB | {found['model'] / 1e6:.1f} MB | **{found['rest'] / 1e6:.1f} MB** |")
    if have(SEED):
        history = image_sizes.history_of(SEED)
        below = sum(size for size, _ in image_sizes.history_of("debian:bookworm-slim"))
        model = sum(size for size, made in history if "/app/model" in made and "COPY" in made)
        rest = sum(size for size, _ in history) - below - model
        print(f"| the seed's application | {below / 1e6:.1f} MB | {model / 1e6:.1f} MB | **{rest / 1e6:,.1f} MB** |")


def start(runs):
    volume = f"hearth-measure-{uuid.uuid4().hex[:8]}"
    fill(volume)
    taken = {}
    try:
        rows = ways(volume) + ([("the seed's application", SEED, [])] if have(SEED) else [])
        for round_number in range(runs + 1):  # the first is not counted: it brings files into the page cache
            for name, image, flags in rows if round_number % 2 else rows[::-1]:
                if image == SEED and round_number > max(3, runs // 3):
                    continue
                replica = Replica(image, flags)
                replica.remove()
                if round_number:
                    taken.setdefault(name, []).append(replica.ready_ms)
        print("| model | runs | `docker run` → ready, ms: least / median / most |\n|---|---:|---:|")
        for name, _, _ in rows:
            times = taken[name]
            print(f"| {name} | {len(times)} | {min(times):,.0f} / **{statistics.median(times):,.0f}** / {max(times):,.0f} |")
    finally:
        docker("volume", "rm", "-f", volume, check=False)


def sharing():
    volume = f"hearth-measure-{uuid.uuid4().hex[:8]}"
    fill(volume)
    driver = docker("info", "--format", "{{.Driver}}")
    print(f"| where the model is | RSS of it | PSS of it, first and second replica | shared |\n|---|---:|---:|---|   (storage driver {driver})")
    try:
        for name, image, flags in ways(volume):
            replicas = []
            try:
                replicas = [Replica(image, flags) for _ in range(2)]
                for replica in replicas:
                    replica.ask("POST", "/embed", json.dumps({"text": "a"}))
                found = [replica.model_mapping() for replica in replicas]
            finally:
                for replica in replicas:
                    replica.remove()
            shared = "yes" if found[0][1] < 0.6 * found[0][0] else "no"
            print(f"| {name} | {found[0][0] / 1e6:.1f} MB | {found[0][1] / 1e6:.1f}, {found[1][1] / 1e6:.1f} MB | {shared} |")
    finally:
        docker("volume", "rm", "-f", volume, check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help="sizes start sharing; all when none is named")
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    os.environ["DOCKER_CLI_HINTS"] = "false"
    for name, section in (("sizes", sizes), ("start", lambda: start(options.runs)), ("sharing", sharing)):
        if not options.sections or name in options.sections:
            section()
            print()


if __name__ == "__main__":
    main()
