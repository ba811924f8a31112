#!/usr/bin/env python3
"""Measures `hearth up`: its gateway beside nginx, HAProxy and Envoy on the same backends, and what the pool does when it must.

    script/bench pool [--quick] [--rounds 5] [--seconds 3] [--binary build/release/hearth] [gateway burst killed replaced idle]

Parts that are named (all, when none is) replace their figures in build/bench/pool.json; what is there is printed as Markdown
for docs/benchmarks.md, section "The pool". The machine should do nothing else meanwhile."""
import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import peers
import pool_gateway
import pool_life
import pool_table

OUT = peers.ROOT / "build/bench/pool.json"
TMPFS = "/dev/shm"
PARTS = ("gateway", "burst", "killed", "replaced", "idle")


def parse():
    parser = argparse.ArgumentParser(prog="script/bench pool")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} [all]")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 2 s, and fewer of everything")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--binary", help="measure this hearth instead of building build/release/hearth")
    parser.add_argument("--print", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (2 if arguments.quick else 3)
    return arguments


def build(arguments):
    binary = arguments.binary or peers.HEARTH
    targets = [] if arguments.binary else ["hearth"]
    if not pool_life.STUB.exists() or not arguments.binary:
        targets.append("stub_replica")
    if targets:
        peers.run("cmake", "--preset", "release", stdout=subprocess.DEVNULL)
        peers.run("cmake", "--build", "--preset", "release", "--target", *targets)
    return pathlib.Path(binary).resolve()


def measure(part, binary, folder, arguments):
    n = 1 if arguments.quick else 2
    if part == "gateway":
        return pool_gateway.measure(binary, folder, arguments.rounds, arguments.seconds)
    if part == "burst":
        return pool_life.burst(binary, folder, 10 * n)
    if part == "killed":
        return pool_life.killed(binary, folder, arguments.rounds, 3)
    if part == "replaced":
        return pool_life.replaced(binary, folder, 5 * n)
    return pool_life.idle(binary, folder, 200, 10 * n)


def run(arguments, document):
    binary = build(arguments)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hearth-bench-pool-", dir=TMPFS if os.path.isdir(TMPFS) else None))
    ok = True
    try:
        for part in arguments.parts or PARTS:
            begin = time.monotonic()
            try:
                document["figures"][part] = measure(part, binary, folder / part, arguments)
            except Exception as error:  # one part must not take the others with it
                peers.say(f"pool: {part} FAILED: {error}")
                ok = False
                continue
            document["quick"] = sorted({*document["quick"], part} if arguments.quick else {*document["quick"]} - {part})
            peers.say(f"pool: {part}: {time.monotonic() - begin:.0f} s")
    finally:
        shutil.rmtree(folder)
    document["figures"]["host"] = {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "kernel": platform.release(),
                                   "processor": pool_table.processor()}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(document))
    return ok


def main():
    arguments = parse()
    # Ended from outside: leave through the context managers, so that nothing stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    document = json.loads(OUT.read_text()) if OUT.exists() else {"section": "pool", "quick": [], "figures": {}}
    ok = arguments.print or run(arguments, document)
    print(pool_table.markdown(document))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
