"""What is measured: each section is one function that runs `hearth bench` (or another program) and returns its figures."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import large as large_models
import peers
import vector_error


class Plan:
    """Which servers, and how long."""

    def __init__(self, names, quick):
        self.names = names
        self.quick = quick

    def pick(self, quick, full):
        return str(quick if self.quick else full)

    def targets(self, form="seed", only=None):
        return [peers.target(name, form) for name in self.names
                if (only is None or name in only) and peers.forms(name) & {form, "openai"}]


def bench(command, *arguments):
    """Runs hearth bench and returns its JSON; prints its table."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "figures.json"
        done = subprocess.run([str(peers.HEARTH), "bench", command, "--quiet", "--json", str(path), *arguments], cwd=peers.ROOT)
        if not path.exists():
            raise RuntimeError(f"hearth bench {command} ended with {done.returncode}")
        return json.loads(path.read_text())


def start(plan):
    warm = bench("start", "-n", plan.pick(3, 9), *plan.targets())
    # Cold: model files and programs are found in the commands; libraries are named here.
    folders = {"llamacpp": peers.llamacpp_server().parent, "onnx": peers.VENVS / "onnx" / "lib",
               "openvino": peers.VENVS / "openvino" / "lib", "openvino_default": peers.VENVS / "openvino" / "lib",
               "seed": peers.VENVS / "seed" / "lib"}
    files = [word for name in plan.names if name in folders for word in ("--files", f"{name}={folders[name]}")]
    cold = bench("start", "--cache", "cold", "-n", plan.pick(1, 3), *files, *plan.targets())
    return {"warm": warm, "cold": cold}


def latency(plan):
    return bench("load", "--corpus", "8,16,64,128,254", "-d", plan.pick(1, 2), "--warmup", "0.3", "-r", plan.pick(2, 5), *plan.targets())


def throughput(plan):
    return bench("load", "-c", "1,8,64", "-d", plan.pick(3, 6), "--warmup", "1", "-r", plan.pick(1, 3), *plan.targets())


def batch(plan):
    return bench("load", "-b", "32", "-c", "2", "-d", plan.pick(4, 8), "--warmup", "1", "-r", plan.pick(2, 3),
                 *plan.targets("tei"))


def memory(plan):
    return bench("memory", "--replicas", plan.pick(2, 4), "--idle", plan.pick(3, 10), *plan.targets())


def idle(plan):
    return bench("memory", "--replicas", "1", "--idle", plan.pick(10, 60), *plan.targets(only={"hearth"}))


def neighbour(plan):
    return bench("load", "--neighbour", "-c", "64", "-d", plan.pick(4, 6), "--warmup", "1", "-r", plan.pick(1, 3),
                 *plan.targets())


def health(plan):
    mixed = bench("load", "--probe", "/health", "-c", "64", "-d", plan.pick(5, 10), "-r", plan.pick(1, 3),
                  *plan.targets(only={"hearth"}))
    batches = bench("load", "--probe", "/health", "-c", "16", "-b", "32", "-d", plan.pick(5, 10), "-r",
                    plan.pick(1, 3), *plan.targets("tei", only={"hearth"}))
    return {"mixed": mixed, "batches": batches}


def forward(plan):
    """The forward pass against this machine's FMA peak, per instruction set; benchmarks/forward_bench.cc says how."""
    build = peers.HEARTH.parent
    peers.run("cmake", "--build", build, "--target", "forward_bench", stdout=subprocess.DEVNULL)
    program = next(path for path in build.rglob("forward_bench") if path.is_file())
    text = ""
    for threads in ("1", "2"):
        done = subprocess.run([program, f"{peers.FOLDER}.hearth", "--threads", threads, "--tokens", "8,16,32,64,128,254",
                               "--repetitions", plan.pick(15, 60)],
                              cwd=peers.ROOT, capture_output=True, text=True, timeout=600, check=True)
        text += done.stdout
    print(text, flush=True)
    return {"text": text, "cells": read_forward(text)}


def read_forward(text):
    """Rows of forward_bench's tables: instruction set, threads, tokens, and the percentage of the peak (medians)."""
    cells = []
    isa = threads = None
    for line in text.splitlines():
        if head := re.match(r"(\S+) (?:f32|bf16) (\d+) thread", line):
            isa, threads = head.group(1), int(head.group(2))
        elif re.match(r"\s*\d+(\s+[\d.]+){5}\s*$", line):
            words = line.split()
            cells.append({"isa": isa, "threads": threads, "tokens": int(words[0]), "median_percent": float(words[5])})
    return cells


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def server(name):
    """A running server's base URL."""
    port = free_port()
    words = peers.command(name).replace("{port}", str(port)).split()
    with open(os.devnull, "w") as silent:
        process = subprocess.Popen(words, cwd=peers.ROOT, stdout=silent, stderr=silent, start_new_session=True)
    base = f"http://127.0.0.1:{port}"
    try:
        ready = "/health" if name == "llamacpp" else "/ready"
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(base + ready, timeout=10).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{name} does not get ready") from None
                time.sleep(0.02)
        yield base
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def exact(plan):
    out = {}
    for name in plan.names:
        with server(name) as base:
            out[name] = vector_error.measure(base, "openai" if name == "llamacpp" else "seed")
        row = out[name]
        print(f"{name:10} {row['texts']}/200 texts, cosine min {row['cosine_min']:.7f}, max abs {row['max_abs']:.1e}, "
              f"refused {row['refused']}, below 0.9999 {row['below_0.9999']}", flush=True)
    return out


WRK_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"text": "the old house of one city under the early green music garden and river"}'
"""


def _wrk(base, path, seconds, script):
    """p50 and p99 in milliseconds, and requests a second, of one wrk connection."""
    done = subprocess.run(["wrk", "-t1", "-c1", f"-d{seconds}s", "--latency", *(["-s", script] if script else []), base + path],
                          capture_output=True, text=True, check=True)
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}

    def latency_of(share):
        number, name = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)\s*$", done.stdout, re.M).groups()
        return float(number) * unit[name]

    return {"p50": latency_of(50), "p99": latency_of(99),
            "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))}


def wrk(plan):
    """hearth bench's own latencies against wrk's: one connection to one running server, in turns."""
    rounds = []
    with server("hearth") as base, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_SCRIPT)
        script.flush()
        for _ in range(2 if plan.quick else 5):
            other = _wrk(base, "/embed", 3, script.name)
            own = bench("load", "-r", "1", "-d", "3", "--corpus", "16", f"hearth={base}")["rows"][0]
            rounds.append({"wrk": other, "hearth_bench": {
                "p50": own["latency_ms"]["p50"], "p99": own["latency_ms"]["p99"],
                "requests_per_second": own["texts_per_second"]}})
            print(f"wrk p50 {other['p50']:.2f} ms, p99 {other['p99']:.2f}; hearth bench p50 {own['latency_ms']['p50']:.2f} ms, "
                  f"p99 {own['latency_ms']['p99']:.2f}", flush=True)
    return {"rounds": rounds}


def large(plan):
    """A model of 3 GB with random weights: start to ready, cold and warm, beside direct reads and the seed's stack. Needs 8 GB of disk."""
    rounds = int(plan.pick(3, 5))
    out = {}
    with tempfile.TemporaryDirectory(dir=peers.ROOT / "build") as folder:
        source = pathlib.Path(folder) / "random"
        peers.run(peers.ROOT / ".venv/bin/python", peers.ROOT / "tools/make_random_bert.py", source)
        for dtype in ("f32", "bf16"):
            packed = pathlib.Path(folder) / f"random-{dtype}.hearth"
            peers.run(peers.HEARTH, "pack", source, "-o", packed, "--dtype", dtype)
            out[dtype] = large_models.measure(str(peers.HEARTH), str(packed), rounds)
            print(large_models.report(dtype, out[dtype]), flush=True)
            packed.unlink()
        if "seed" in plan.names:
            out["seed"] = large_models.seed_stack(peers.python_of("seed"), source, rounds)
    return out


ALL = {f.__name__: f for f in (start, latency, throughput, batch, memory, neighbour, idle, health, forward, exact, wrk, large)}
