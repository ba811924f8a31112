"""How long a large model takes from start to ready, beside what the storage gives: the section `large` of script/bench.

    python3 tools/bench/large.py BINARY FILE.hearth [--rounds 5]     by itself, on a packed file that is there

Cold: the file's pages are dropped first; the reference reads the same bytes with O_DIRECT by several threads, and the two take
turns. Warm: the file was read just before. Times are from exec to the first 200 of /ready, asked every millisecond.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import json
import mmap
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

BLOCK = 4 << 20
READERS = 16
DEADLINE = 600


def drop(path):
    """Takes a file out of the page cache."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def read_all(path):
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(BLOCK)
        while file.readinto(buffer):
            pass


def direct_reads(path):
    """Seconds that parallel direct reads of the whole file take."""
    size = os.path.getsize(path)

    def work(first):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
        buffer = mmap.mmap(-1, BLOCK)  # page-aligned, as O_DIRECT wants it
        try:
            for at in range(first * BLOCK, size, READERS * BLOCK):
                os.preadv(fd, [buffer], at)
        finally:
            os.close(fd)

    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(READERS) as pool:
        for done in [pool.submit(work, i) for i in range(READERS)]:
            done.result()
    return time.perf_counter() - begin


def status_of(port, path):
    """(status, body) or None while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return None
    finally:
        connection.close()


def start(binary, path):
    """Seconds from exec to ready, the progress that /ready told, and the slowest answer of /health meanwhile."""
    begin = time.perf_counter()
    process = subprocess.Popen([binary, "serve", "--model", path, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        port = int(process.stdout.readline().rsplit(b":", 1)[1])
        told, slowest, asked = [], 0.0, 0.0
        while True:
            status, body = status_of(port, "/ready")
            now = time.perf_counter()
            if status == 200:
                return {"seconds": now - begin, "progress": told, "health_slowest": slowest}
            told.append(json.loads(body).get("progress", 0))
            if now - asked > 0.05:
                asked = now
                if status_of(port, "/health")[0] != 200:
                    raise RuntimeError("/health did not answer while loading")
                slowest = max(slowest, time.perf_counter() - now)
            if now - begin > DEADLINE:
                raise RuntimeError("never ready")
            time.sleep(0.001)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def measure(binary, path, rounds):
    """The figures of one packed file."""
    direct, cold, warm, steps, health = [], [], [], [], []
    for _ in range(rounds):
        drop(path)
        direct.append(direct_reads(path))
        drop(path)
        one = start(binary, path)
        cold.append(one["seconds"])
        steps.append(len(set(one["progress"])))
        health.append(one["health_slowest"])
    for _ in range(rounds):
        read_all(path)
        warm.append(start(binary, path)["seconds"])
    size = os.path.getsize(path)
    return {"bytes": size, "rounds": rounds, "direct_seconds": direct, "cold_seconds": cold, "warm_seconds": warm,
            "cold_share_of_direct": statistics.median(direct) / statistics.median(cold),
            "progress_values_told": steps, "health_slowest_ms": 1000 * max(health)}


def report(name, figures):
    median = statistics.median
    rate = figures["bytes"] / median(figures["direct_seconds"]) / 1e9
    return (f"{name}: {figures['bytes'] / 1e9:.2f} GB; direct reads {median(figures['direct_seconds']):.2f} s ({rate:.2f} GB/s); "
            f"cold to ready {median(figures['cold_seconds']):.2f} s ({100 * figures['cold_share_of_direct']:.0f} % of direct); "
            f"warm to ready {1000 * median(figures['warm_seconds']):.0f} ms; slowest /health {figures['health_slowest_ms']:.0f} ms")


SEED = """
import sys, time
begin = time.perf_counter()
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
model.encode(["warm"])
print(time.perf_counter() - begin)
"""


def seed_stack(python, folder, rounds):
    """Seconds that sentence-transformers takes from import to its first vector, cold (weights only) and warm."""
    weights = pathlib.Path(folder) / "model.safetensors"

    def once():
        done = subprocess.run([str(python), "-c", SEED, str(folder)], capture_output=True, text=True, check=True,
                              env={**os.environ, "HF_HUB_OFFLINE": "1"})
        return float(done.stdout.split()[-1])

    cold, warm = [], []
    for _ in range(rounds):
        drop(weights)
        cold.append(once())
        read_all(weights)
        warm.append(once())
    return {"cold_seconds": cold, "warm_seconds": warm}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("binary")
    parser.add_argument("file")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    figures = measure(arguments.binary, arguments.file, arguments.rounds)
    print(json.dumps(figures))
    print(report(pathlib.Path(arguments.file).stem, figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
