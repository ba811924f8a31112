"""The pool section of `script/bench pool`: bursts, deaths and idle replicas. Stubs sleep SERVICE_MS and answer."""

import json
import pathlib
import random
import statistics
import time

import peers
from pool_client import Clients
from pool_up import await_true, machine_cpu_s, up

HERE = pathlib.Path(__file__).parent
STUB = peers.ROOT / "build/release/tests/up/stub_replica"
MODEL = peers.ROOT / f"{peers.FOLDER}.hearth"
SERVICE_MS = 20
BURST = 50


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


def _stubs(folder, slots):
    """The lines of [replica] for stubs; what they write is in `folder`."""
    folder.mkdir(parents=True)
    words = [str(STUB), str(folder), "--port", "{port}", "--slots", str(slots), "--service", str(SERVICE_MS)]
    return f'command = {json.dumps(words)}\nstart_time = "100ms"\nretry_safe = ["/predict"]'


def _waves(addresses, waves):
    """Of each wave: milliseconds of the median and the last answer, each from its own sending, and of the whole wave."""
    out = []
    with Clients(addresses) as clients:
        clients.wave()  # connections of the gateway to its replicas
        for _ in range(waves):
            time.sleep(0.2)
            records, whole = clients.wave()
            if wrong := [one for one in records if one.status != 200]:
                raise RuntimeError(f"not 200: {wrong[0]}")
            times = [1000 * one.seconds for one in records]
            out.append({"p50": statistics.median(times), "p100": max(times), "whole": 1000 * whole})
    return out


def burst(binary, folder, waves):
    """BURST requests at once on as many slots, through the pool and to the stubs themselves."""
    replicas, slots = 10, BURST // 10
    with up(binary, folder / "up", f"floor = {replicas}\nspare = 0\nmax = {replicas}", _stubs(folder / "stubs", slots)) as pool:
        urls = [one["url"].rstrip("/") for one in pool.await_ready(replicas)]
        time.sleep(1)
        return {"replicas": replicas, "slots": slots, "service_ms": SERVICE_MS, "pool": _waves([pool.gateway] * BURST, waves),
                "direct": _waves(urls * slots, waves)}


def _begun(folder):
    """Request id → names of the stubs that began to work on it."""
    out = {}
    for line in (folder / "executed").read_text().splitlines():
        name, replica, *_ = line.split("\t")
        out.setdefault(name, set()).add(replica)
    return out


def killed(binary, folder, rounds, seconds):
    """A closed loop of 8 clients on 4 replicas of 4 slots; every other round one of them is killed in the middle. `others` are the
    requests that the killed one had not begun."""
    out = []
    replica = _stubs(folder / "stubs", 4)
    with up(binary, folder / "up", "floor = 4\nspare = 0\nmax = 5", replica) as pool, Clients([pool.gateway] * 8) as clients:
        pool.await_ready(4)
        clients.loop(1)
        chance = random.Random(5)
        for number in range(2 * rounds):
            kill = number % 2 == (number // 2) % 2  # in turns, the order reversed every other time
            victim = chance.choice(pool.await_ready(4))
            began = time.monotonic()
            records = clients.loop(seconds, seconds / 2, (lambda one=victim: pool.kill(one)) if kill else None)
            begun = _begun(folder / "stubs")
            touched = [one for one in records if victim["id"] in begun.get(one.id, ()) and one.replica != victim["id"]]
            others = [1000 * one.seconds for one in records if one not in touched]
            out.append({"kill": kill, "p50": statistics.median(others), "p99": percentile(others, 99), "max": max(others), "n": len(others),
                        "repeated": len(touched), "repeated_max": max([1000 * one.seconds for one in touched], default=0),
                        "errors": sum(one.status != 200 for one in records), "seconds": time.monotonic() - began})
            time.sleep(0.5)
    return out


def replaced(binary, folder, runs):
    """A hearth replica is killed: milliseconds to the log's word of its end, and to its successor's readiness. The log has milliseconds."""
    out = []
    with up(binary, folder / "up", "floor = 2\nspare = 0\nmax = 3", "", "--model", str(MODEL)) as pool:
        for _ in range(runs):
            victim = pool.await_ready(2)[0]
            time.sleep(1)
            at = pool.kill(victim)
            pool_events = await_true("a successor is ready", lambda at=at: _after(pool, at), 0.2)
            out.append({name: 1000 * (when - at) for name, when in pool_events.items()})
    return out


def _after(pool, at):
    times = {}
    for when, fields in pool.events():
        if when > at - 0.001:
            times.setdefault(fields["message"], when)
    if "a replica is ready" not in times:
        return None
    return {"ended": times["a replica has ended"], "ready": times["a replica is ready"]}


def _slices(pid):
    """On the main thread: nanoseconds of CPU, and how often it got it."""
    words = pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
    return int(words[0]), int(words[2])


def _ran_s(pid):
    """CPU of all threads, to the nanosecond; those of hearth up live as long as it does."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def idle(binary, folder, replicas, seconds):
    """Idle replicas: CPU of the controller, and of its loop's turns. What the loop uses is read every 2 ms; an uninterrupted
    run of readings that grow is one turn, the tick at most."""
    command = json.dumps([str(HERE / "pool_replica.sh"), "{port}", str(folder / "nginx"), "off"])
    with up(binary, folder / "up", f"floor = {replicas}\nspare = 0\nmax = {replicas}", f'command = {command}\nready = "/"\nhealth = "/"') as pool:
        pool.await_ready(replicas)
        time.sleep(6)  # past their first checks
        began, machine, cpu, (first, slices) = time.monotonic(), machine_cpu_s(), _ran_s(pool.pid), _slices(pool.pid)
        turns, last, turn = [], first, 0
        while time.monotonic() < began + seconds:
            time.sleep(0.002)
            now = _slices(pool.pid)[0]
            turn += now - last
            if now == last and turn:
                turns.append(turn / 1e6)
                turn = 0
            last = now
        wall, cpu = time.monotonic() - began, _ran_s(pool.pid) - cpu
        end, slices_end = _slices(pool.pid)
        return {"replicas": replicas, "seconds": wall, "cpu_percent": 100 * cpu / wall, "turns": len(turns),
                "turn_ms": {"p50": percentile(turns, 50), "p99": percentile(turns, 99), "max": max(turns)},
                "slice_ms": (end - first) / 1e6 / max(1, slices_end - slices), "machine_cores": (machine_cpu_s() - machine) / wall}
