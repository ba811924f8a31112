"""Runs containers of the image for the black-box tests: real Docker Engine, a name of its own for each, always removed.

    with Container() as c:                            # hardened: read-only, uid of the image, no capabilities, no new privileges
        c.post("/embed", {"text": "a"})               # everything of hearth_process.Hearth, asked through a port on 127.0.0.1
        c.state()["OOMKilled"], c.end(), c.stderr()   # docker inspect · docker stop and the exit code · docker logs

The image is HEARTH_IMAGE, `hearth` by default: script/image makes it. A machine without Docker: require_docker() ends the test as
skipped (77), or as failed where HEARTH_REQUIRE_DOCKER is set, as `script/check image` does.
"""
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "serve"))
from hearth_process import DEADLINE, SOURCE, Hearth, await_true  # noqa: E402,F401  (for the tests)

DOCKER = os.environ.get("HEARTH_DOCKER", "docker")
IMAGE = os.environ.get("HEARTH_IMAGE", "hearth")
MINIMAL = os.environ.get("HEARTH_IMAGE_MINIMAL", "hearth:minimal")
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
BAKED_MODEL = "/app/models/model.hearth"


def docker(*arguments, check=True, timeout=DEADLINE):
    """One command of Docker's client; stdout and stderr are text. `check`: a failure raises with what the client said."""
    result = subprocess.run([DOCKER, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"docker {' '.join(map(str, arguments))}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def require_docker(*images):
    """Ends the process unless there is an engine that has the images. Only a missing engine is a reason to skip."""
    if not shutil.which(DOCKER) or docker("info", check=False).returncode != 0:
        must = bool(os.environ.get("HEARTH_REQUIRE_DOCKER"))
        print(f"{'FAILED' if must else 'SKIPPED'}: there is no Docker Engine on this machine", file=sys.stderr)
        sys.exit(1 if must else 77)
    without = [image for image in images or (IMAGE,) if docker("image", "inspect", image, check=False).returncode != 0]
    if without:
        print(f"FAILED: there is no image {', '.join(without)}: script/image makes it", file=sys.stderr)
        sys.exit(1)


def unique_name(what="test"):
    return f"hearth-{what}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def free_port():
    """For --network host, where the port must be known before the start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Container(Hearth):
    """One container, removed with the `with` block.

    arguments  of `hearth` in the image; none: what the image does by itself, which is to serve
    flags      of `docker run`, such as ("--memory", "128m")
    network    "published" (a free port of 127.0.0.1 leads to 8000), "host" (PORT is a free port), or "none"
    wait       "ready", "listening" (answers /health), or None: returns as soon as the container is started
    """

    def __init__(self, *arguments, image=IMAGE, flags=(), env=None, hardened=True, network="published", wait="ready"):
        self.name = unique_name()
        env = dict(env or {})
        options = list(HARDENED if hardened else ()) + list(flags)
        self.port = None
        if network == "published":
            options += ["-p", "127.0.0.1::8000"]
        elif network == "host":
            self.port = free_port()
            env = {"PORT": str(self.port), "HEARTH_HOST": "127.0.0.1", **env}
            options += ["--network", "host"]
        else:
            options += ["--network", network]
        for key, value in env.items():
            options += ["-e", f"{key}={value}"]
        try:
            docker("run", "-d", "--name", self.name, *options, image, *arguments)
            if network == "published" and wait:
                self.port = self.published_port()
            if wait:
                path = "/ready" if wait == "ready" else "/health"
                await_true(f"{self.name} answers {path}", lambda: self.answers(path))
        except BaseException:
            print(docker("logs", self.name, check=False).stderr, file=sys.stderr)
            self.remove()
            raise
        self.url = f"http://127.0.0.1:{self.port}"

    def published_port(self):
        ports = self.inspect()["NetworkSettings"]["Ports"].get("8000/tcp")
        if not ports:
            raise AssertionError(f"{self.name} has no published port: {self.state()}\n{self.stderr()}")
        return int(ports[0]["HostPort"])

    def answers(self, path):
        """False while nobody listens; raises when nobody ever will."""
        try:
            return self.get(path).status == 200
        except (OSError, http.client.HTTPException):  # the proxy of a published port accepts, and closes again, before hearth listens
            if self.state()["Running"]:
                return False
            raise AssertionError(f"{self.name} ended: {self.state()}\n{self.stderr()}") from None

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        docker("rm", "-f", "-v", self.name, check=False)

    def inspect(self):
        return json.loads(docker("inspect", self.name).stdout)[0]

    def state(self):
        """Docker's State: Status, Running, ExitCode, OOMKilled, Pid, Health …"""
        return self.inspect()["State"]

    def health(self):
        """starting, healthy, unhealthy, or None without a health check."""
        return self.state().get("Health", {}).get("Status")

    def execute(self, *command, check=False):
        """`docker exec`; a CompletedProcess."""
        return docker("exec", self.name, *command, check=check)

    def stderr(self):
        return docker("logs", self.name, check=False).stderr

    def stdout(self):
        return docker("logs", self.name, check=False).stdout

    def wait(self):
        """Waits until the container has ended; its exit code."""
        return int(docker("wait", self.name).stdout)

    def end(self, grace=10):
        """`docker stop`, and the exit code."""
        docker("stop", "-t", grace, self.name)
        return self.state()["ExitCode"]

    def cgroup_bytes(self, v1, v2):
        """A number of the container's memory cgroup, read on the host: ("memory.max_usage_in_bytes", "memory.peak")."""
        pid = self.state()["Pid"]
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                return int(pathlib.Path("/sys/fs/cgroup/memory" + path, v1).read_text())
        path = pathlib.Path(f"/proc/{pid}/cgroup").read_text().split("::", 1)[1].strip()
        return int(pathlib.Path("/sys/fs/cgroup" + path, v2).read_text())

    def memory_peak(self):
        return self.cgroup_bytes("memory.max_usage_in_bytes", "memory.peak")


def main(*images):
    require_docker(*images)
    unittest.main(verbosity=2)
