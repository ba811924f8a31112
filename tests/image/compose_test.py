"""compose.yaml as it is: the init container, two healthy replicas on one read-only volume, and a failure that starts no replica."""
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from container import DOCKER, IMAGE, SOURCE, docker, main, unique_name


def compose_command():
    """Compose 2 where it is, else docker-compose 1.29 (Debian's package; script/bootstrap --image)."""
    if docker("compose", "version", check=False).returncode == 0:
        return [DOCKER, "compose"]
    if not shutil.which("docker-compose"):
        raise AssertionError("there is neither `docker compose` nor docker-compose: script/bootstrap --image installs one")
    return ["docker-compose"]


class Project:
    """One run of compose.yaml under a name of its own, on free ports; everything of it is removed with the `with` block."""

    def __init__(self, **environment):
        self.name = unique_name("compose").lower()
        inherited = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME") or key.startswith("DOCKER")}
        self.environment = {**inherited, "HEARTH_IMAGE": IMAGE, "HEARTH_PORTS": "", **environment}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self("down", "--volumes", "--timeout", "30")

    def __call__(self, *arguments):
        return subprocess.run([*compose_command(), "-f", str(SOURCE / "compose.yaml"), "-p", self.name, *arguments],
                              env=self.environment, capture_output=True, text=True, timeout=240, check=False)

    def containers(self, service):
        ids = docker("ps", "-aq", "--no-trunc", "--filter", f"label=com.docker.compose.project={self.name}",
                     "--filter", f"label=com.docker.compose.service={service}").stdout.split()
        return json.loads(docker("inspect", *ids).stdout) if ids else []


def embed(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/embed", json.dumps({"text": "a"}), {"Content-Type": "application/json"})
        return len(json.loads(connection.getresponse().read())["embedding"])
    finally:
        connection.close()


def model_pages(pid):
    """(RSS, PSS) in kB of what the process has mapped of the packed file."""
    sums = {"Rss:": 0, "Pss:": 0}
    mine = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0]:
            mine = words[-1].endswith(".hearth")
        elif mine and words[0] in sums:
            sums[words[0]] += int(words[1])
    return sums["Rss:"], sums["Pss:"]


class Compose(unittest.TestCase):
    def test_two_replicas_on_one_volume(self):
        with Project() as project:
            up = project("up", "-d")
            self.assertEqual(up.returncode, 0, up.stdout + up.stderr)
            init = project.containers("model")
            self.assertEqual([container["State"]["ExitCode"] for container in init], [0])
            replicas = project.containers("replica")
            self.assertEqual([replica["State"]["Health"]["Status"] for replica in replicas], ["healthy", "healthy"])
            for replica in replicas:
                host = replica["HostConfig"]
                self.assertTrue(host["ReadonlyRootfs"])
                self.assertEqual([name.upper() for name in host["CapDrop"]], ["ALL"])
                self.assertEqual((host["Memory"], host["NanoCpus"]), (512 << 20, 1_000_000_000))
                self.assertEqual([(mount["Type"], mount["RW"]) for mount in replica["Mounts"]], [("volume", False)])
                self.assertEqual(replica["Config"]["User"], "65532:65532")
                self.assertEqual(embed(int(replica["NetworkSettings"]["Ports"]["8000/tcp"][0]["HostPort"])), 384)
            # A volume is one file to all of them: each holds half of the pages that both use.
            for rss, pss in [model_pages(replica["State"]["Pid"]) for replica in replicas]:
                self.assertGreater(rss, 10_000)
                self.assertLess(pss, 0.6 * rss)
            # The caller started only after both were healthy.
            docker("wait", *[container["Id"] for container in project.containers("caller")])
            self.assertEqual([container["State"]["ExitCode"] for container in project.containers("caller")], [0])
            # Down: every replica drains and ends with 0, none by force.
            self.assertEqual(project("stop").returncode, 0)
            self.assertEqual([(replica["State"]["ExitCode"], replica["State"]["OOMKilled"]) for replica in project.containers("replica")],
                             [(0, False), (0, False)])
        self.assertEqual(project.containers("replica"), [])
        self.assertNotIn(project.name, docker("volume", "ls", "-q").stdout)

    def test_a_model_that_cannot_be_had_starts_no_replica(self):
        with Project(MODEL="/nowhere/model.hearth") as project:
            up = project("up", "-d")
            self.assertNotEqual(up.returncode, 0, up.stdout + up.stderr)
            init = project.containers("model")
            self.assertNotIn(0, [container["State"]["ExitCode"] for container in init])
            self.assertIn("/nowhere/model.hearth", docker("logs", init[0]["Id"]).stderr)
            self.assertEqual([replica["State"]["Status"] for replica in project.containers("replica")
                              if replica["State"]["Status"] == "running"], [])


if __name__ == "__main__":
    main(IMAGE)
