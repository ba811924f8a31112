#!/usr/bin/env python3
"""The fault suite of `hearth up` on containers, smaller than the one on processes (tests/up): the same stubs, clients, history checker and
judgement. The image has one file in it, the stub."""
import io
import pathlib
import subprocess
import sys
import tarfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "up"))
from container import DOCKER, docker, require_docker, unique_name  # noqa: E402
from fault_case import AT_ONCE, STUB, FaultCase, await_true, main  # noqa: E402

IMAGE = unique_name("stub")


def make_image():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(STUB, "stub_replica")
    subprocess.run([DOCKER, "import", "--change", 'ENTRYPOINT ["/stub_replica"]', "-", IMAGE], input=packed.getvalue(),
                   stdout=subprocess.DEVNULL, check=True)


class ContainerFaults(FaultCase):
    def setUp(self):
        super().setUp()
        self.name = unique_name("pool")
        self.addCleanup(self.remove_all)

    def stubs(self, *flags, pool="floor = 3\nspare = 0\nmax = 3", replica="", gateway='hold_time = "3s"', service=3):
        super().stubs(*flags, pool=f'name = "{self.name}"\n{pool}', gateway=gateway, service=service, replica=f"""backend = "docker"
image = "{IMAGE}"
mounts = ["{self.faults}:/faults"]
start_time = "500ms"
{replica}""")

    def command(self, *flags, service=3):
        return ["/faults", "--port", "{port}", "--address", "0.0.0.0", "--slots", str(self.slots), "--service", str(service), *flags]

    def containers(self, *which):
        """Those that run; with "-a" also those that have ended."""
        return sorted(docker("ps", "-q", "--no-trunc", "--filter", f"label=hearth.pool={self.name}", *which).stdout.split())

    def remove_all(self):
        if left := self.containers("-a"):
            docker("rm", "-f", *left)

    def strike(self, replica, *verb):
        docker(*verb, replica["container"])

    def assert_gone(self, pids):
        """Of containers: none is left, stopped ones neither."""
        await_true("no container is left", lambda: not self.containers("-a"))


class Killed(ContainerFaults):
    def test_idle_busy_and_removed(self):
        self.stubs(service=20)
        pool = self.up()
        victims = []
        with self.load(pool, clients=8) as load:
            for verb in (("kill",), ("stop", "-t", "0"), ("rm", "-f")):
                load.more(60)
                victim = self.some(pool, busy=True)
                victims.append(victim["id"])
                self.strike(victim, *verb)
                self.await_ready(pool, 3, without=victims)
            load.more(60)
        victim = self.some(pool, busy=False)
        self.strike(victim, "kill")
        with self.load(pool) as load:
            load.more(40)
        self.await_ready(pool, 3, without=[*victims, victim["id"]])
        self.judge(pool, victims=victims, errors={502}, per_victim=AT_ONCE)

    def test_while_it_starts_and_while_it_drains(self):
        self.stubs(pool="floor = 3\nspare = 0")
        pool = self.up()
        self.fault("born", "start=2000")
        with self.load(pool, clients=8) as load:
            self.run_hearth("scale", "--floor", 4)
            starting = await_true("one starts", lambda: [r for r in pool.status()["replicas"] if r["state"] == "starting" and r["container"]])
            self.strike(starting[0], "kill")
            self.fault("born")
            self.await_ready(pool, 4, without=[starting[0]["id"]])
            victim = self.some(pool)
            self.fault(victim["id"], "slow=60000")
            await_true("it is busy", lambda: any(r["id"] == victim["id"] and r["busy"] > 1 for r in pool.ready()))
            self.run_hearth("drain", victim["id"])
            await_true("it drains", lambda: self.gone(pool, victim)["state"] == "draining")
            load.more(60)
            self.strike(victim, "kill")
            self.await_ready(pool, 4, without=[victim["id"]])
            load.more(40)
        self.judge(pool, victims=[victim["id"]], errors={502}, per_victim=AT_ONCE)

    def test_for_memory_is_told_as_that(self):
        self.stubs(replica='memory = "96MiB"')
        pool = self.up()
        self.end_for_memory(pool, self.some(pool))

    def test_all_at_once_and_the_pool_comes_back(self):
        self.stubs(service=20, gateway="")
        pool = self.up()
        with self.load(pool, clients=16) as load:
            load.more(60)
            victims = [replica["id"] for replica in pool.ready()]
            docker("kill", *self.containers())
            self.await_ready(pool, 3, without=victims)
            load.more(60)
        # No bound for each: Docker's proxy takes connections for a container that is dead, and the last replica is never ejected.
        self.judge(pool, victims=victims, errors={502})


class Paused(ContainerFaults):
    def test_a_frozen_container_is_replaced_and_nothing_waits_for_it(self):
        self.stubs(gateway='first_byte_timeout = "1s"')
        pool = self.up()
        victim = self.some(pool)
        with self.load(pool, clients=8) as load:
            load.more(40)
            self.strike(victim, "pause")
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(60)
        self.judge(pool, victims=[victim["id"]], errors={504, 502})


class Controller(ContainerFaults):
    def test_killed_under_load_and_the_next_adopts(self):
        self.stubs()
        pool = self.up()
        before = self.containers()
        with self.load(pool, clients=8) as load:
            load.more(60)
            pool.process.kill()
            pool.process.wait()
            self.cut_off.add(pool.history)
        self.assertEqual(self.containers(), before)
        self.forget()
        pool = self.up()
        self.assertIn("(3 adopted)", pool.line)
        self.assertEqual(self.containers(), before)
        with self.load(pool, clients=8) as load:
            load.more(60)
        self.judge(pool)

    def test_a_roll_loses_nothing_and_a_bad_one_is_taken_back(self):
        self.stubs("--version", "v1")
        pool = self.up()
        bad = unique_name("bad")
        docker("tag", IMAGE, bad)
        self.addCleanup(docker, "rmi", bad)
        with self.load(pool, clients=8) as load:
            load.more(40)
            self.fault("born", "exit=3")
            self.run_hearth("roll", "--image", bad, "--wait", code=1)
            self.fault("born")
            self.await_ready(pool, 3)
            before = self.containers()
            load.more(40)
            self.run_hearth("roll", "--image", bad, "--wait")
            self.await_ready(pool, 3)
            load.more(40)
        await_true("the old containers end", lambda: not set(before) & set(self.containers()))
        self.judge(pool)


if __name__ == "__main__":
    require_docker("hearth")
    make_image()
    started = time.monotonic()
    try:
        main()
    finally:
        print(f"{time.monotonic() - started:.0f} s")
        docker("rmi", "-f", IMAGE)
