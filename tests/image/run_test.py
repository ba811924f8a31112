"""hearth in real containers: hardened, healthy, exact, drained by `docker stop`, and clear when something is wrong. Both images."""
import array
import json
import math
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

from container import BAKED_MODEL, DEADLINE, IMAGE, MINIMAL, SOURCE, Container, await_true, docker, main

TEXTS = [json.loads(line) for line in (SOURCE / "tests/golden/minilm_texts.jsonl").open()]
LONG = " ".join(["word"] * 250)


def golden():
    floats = array.array("f", (SOURCE / "tests/golden/minilm_vectors.f32").read_bytes())
    return [floats[384 * row:384 * (row + 1)] for row in range(len(TEXTS))]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def processes_of(container):
    """(pid, state, name) of everything whose parent is the container's first process, read on the host."""
    parent = container.state()["Pid"]
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue
        state, its_parent = rest.split()[:2]
        if int(its_parent) == parent:
            found.append((int(folder.name), state, name.split("(", 1)[1]))
    return found


class Image:
    """The tests of every image; the classes at the end name the image."""
    image = None

    def start(self, *arguments, **options):
        return Container(*arguments, image=self.image, **options)

    def test_hardened_and_exact(self):
        """Read-only, no capability, no new privileges, uid 65532, no network but the port: the golden vectors come out."""
        with self.start(flags=("--memory", "512m", "--memory-swap", "512m", "--cpus", "1.5")) as server:
            status = dict(line.split(":\t", 1) for line in
                          pathlib.Path(f"/proc/{server.state()['Pid']}/status").read_text().splitlines() if ":\t" in line)
            self.assertEqual(status["Uid"].split(), ["65532"] * 4)
            self.assertEqual(status["Gid"].split(), ["65532"] * 4)
            self.assertEqual([int(status[key], 16) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")], [0] * 5)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            vectors = golden()
            for row in TEXTS:
                reply = server.post("/embed", {"text": row["text"]})
                self.assertEqual(reply.status, 200, reply.body)
                self.assertGreaterEqual(cosine(reply.json()["embedding"], vectors[row["id"]]), 0.999999, row)
            self.assertEqual(server.end(), 0)
            state = server.state()
            self.assertFalse(state["OOMKilled"])
            self.assertEqual(server.inspect()["RestartCount"], 0)

    def test_writes_nothing(self):
        """`docker diff` of a container that may write shows what it wrote: nothing, though it served and was probed."""
        with self.start(hardened=False) as server:
            server.post("/embed", {"text": "a"})
            server.execute("/usr/local/bin/hearth", "probe", "ready", check=True)
            changed = [line for line in docker("diff", server.name).stdout.splitlines() if line[2:] not in ("/dev", "/dev/console")]
            self.assertEqual(changed, [])

    def test_the_port_follows_the_environment(self):
        with self.start(network="host") as server:  # PORT and HEARTH_HOST are set
            self.assertEqual(server.post("/embed", {"text": "a"}).status, 200)
            self.assertEqual(server.execute("/usr/local/bin/hearth", "probe", "ready").returncode, 0)
        with self.start(network="none", env={"PORT": "9000"}, wait=None) as server:
            await_true("listening on 9000", lambda: "listening on http://0.0.0.0:9000" in server.stdout())
            await_true("ready", lambda: server.execute("/usr/local/bin/hearth", "probe", "ready").returncode == 0)

    def test_turns_healthy_at_the_first_check(self):
        with self.start(flags=("--health-interval", "1s"), network="none", wait=None) as server:
            self.assertEqual(server.health(), "starting")
            await_true("healthy", lambda: server.health() != "starting")
            health = server.state()["Health"]
            self.assertEqual(health["Status"], "healthy", health)
            self.assertEqual([check["ExitCode"] for check in health["Log"]], [0])
            self.assertEqual(health["FailingStreak"], 0)

    def test_unhealthy_while_it_cannot_answer(self):
        """The image's own check finds a server that listens on another port than it should: unhealthy, running, said why."""
        flags = ("--health-interval", "1s", "--health-retries", "2", "--health-start-period", "0s")
        with self.start("serve", "--port", "9999", flags=flags, network="none", wait=None) as server:
            await_true("unhealthy", lambda: server.health() == "unhealthy")
            state = server.state()
            self.assertTrue(state["Running"])
            last = state["Health"]["Log"][-1]
            self.assertEqual(last["ExitCode"], 1)
            self.assertIn("8000", last["Output"])

    def test_stop_answers_what_is_in_hand(self):
        """A request that needs some seconds is in hand when `docker stop` comes: it is answered, and the exit code is 0."""
        texts = [LONG] * 60
        with self.start(flags=("--cpus", "0.5"), env={"MAX_CLIENT_BATCH_SIZE": "500"}) as server:
            replies = []
            asking = threading.Thread(target=lambda: replies.append(server.post("/embed", {"inputs": texts})))
            asking.start()
            await_true("work in hand", lambda: (server.metric("hearth_requests_in_hand") or 0) > 0 or replies)
            self.assertEqual(replies, [], "the request was over before anything could be tested")
            self.assertEqual(server.end(grace=60), 0)
            asking.join()
            self.assertEqual(replies[0].status, 200)
            self.assertEqual(len(replies[0].json()), len(texts))
            self.assertFalse(server.state()["OOMKilled"])
            self.assertIn("Told to stop", server.stderr())

    def test_stop_while_idle_needs_no_grace(self):
        with self.start() as server:
            self.assertEqual(server.end(grace=60), 0)
            state = server.state()
            self.assertEqual((state["ExitCode"], state["OOMKilled"]), (0, False))

    def test_memory_and_cpu_of_the_container_count(self):
        with self.start(flags=("--memory", "512m", "--cpus", "0.5")) as server:
            self.assertEqual(server.metric("hearth_workers"), 1)
        with self.start(flags=("--cpuset-cpus", "0")) as server:
            self.assertEqual(server.metric("hearth_workers"), 1)

    def test_wrong_model_path_is_one_clear_line(self):
        with self.start("serve", "--model", "/models/missing.hearth", wait=None) as server:
            self.assertEqual(server.wait(), 1)
            lines = [line for line in server.stderr().splitlines() if line.startswith("hearth: ")]
            self.assertEqual(len(lines), 1, server.stderr())
            self.assertIn("/models/missing.hearth", lines[0])

    def test_a_damaged_model_is_one_clear_line(self):
        with tempfile.NamedTemporaryFile(suffix=".hearth") as file:
            file.write(b"HEARTH" * 100)
            file.flush()
            os.chmod(file.name, 0o644)
            with self.start("serve", "--model", "/m.hearth", flags=("-v", f"{file.name}:/m.hearth:ro"), wait=None) as server:
                self.assertEqual(server.wait(), 1)
                self.assertIn("/m.hearth", server.stderr())

    def test_probe_says_no_without_a_server(self):
        result = docker("run", "--rm", "--network", "none", "--read-only", self.image, "probe", "ready", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertTrue((result.stdout + result.stderr).strip())

    def test_bind_mount_and_volume_serve_as_well(self):
        model = SOURCE / "models/all-MiniLM-L6-v2.hearth"
        with self.start(flags=("-v", f"{model}:/m.hearth:ro"), env={"HEARTH_MODEL": "/m.hearth"}) as server:
            self.assertEqual(server.post("/embed", {"text": "a"}).status, 200)


class Debian(Image, unittest.TestCase):
    image = IMAGE

    def test_no_zombie_is_left_to_process_one(self):
        """What an exec leaves behind becomes a child of hearth, which never made one: it must vanish all the same."""
        with self.start() as server:
            server.execute("sh", "-c", "for i in 1 2 3; do (sleep 2 >/dev/null 2>&1 &); done", check=True)
            await_true("the orphans came to hearth", lambda: any(name == "sleep" for _, _, name in processes_of(server)), 10)
            await_true("they are gone", lambda: not processes_of(server), 20)
            self.assertEqual(server.post("/embed", {"text": "a"}).status, 200)

    def test_a_shell_in_it_is_the_same_user(self):
        with self.start() as server:
            self.assertEqual(server.execute("id", "-un", check=True).stdout.strip(), "hearth")
            self.assertNotEqual(server.execute("sh", "-c", "echo x >/app/.cache/x").returncode, 0)  # --read-only holds
        result = docker("run", "--rm", "--entrypoint", "sh", self.image, "-c", "echo x >/app/.cache/x && echo $HF_HOME")
        self.assertEqual(result.stdout.strip(), "/app/.cache")

    def test_the_images_own_interval(self):
        """As declared: the first check comes after 10 s, finds it ready, and is the only one that was needed."""
        with self.start() as server:
            await_true("healthy", lambda: server.health() != "starting", 60)
            health = server.state()["Health"]
            self.assertEqual((health["Status"], len(health["Log"])), ("healthy", 1))


class Minimal(Image, unittest.TestCase):
    image = MINIMAL


if __name__ == "__main__":
    main(IMAGE, MINIMAL)
