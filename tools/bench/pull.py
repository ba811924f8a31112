#!/usr/bin/env python3
"""Measures `hearth pull` beside `aws s3 cp` on one object that nginx serves on loopback; the two take turns.

    script/bench pull [--runs 7] [--megabytes 2000] [--binary build/release/hearth]

Both read with path-style requests and without signatures, and write to tmpfs. Prints seconds, MB/s and peak memory of
each, medians with the least and the most, and writes build/bench/pull/rounds.json."""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / "build/bench-venvs/awscli"
AWSCLI = "awscli==1.45.11"
TMPFS = "/dev/shm"
PIECE = 1 << 24

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/root; }}
}}
"""


def awscli():
    program = VENV / "bin/aws"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", AWSCLI], check=True)
    return program


@contextlib.contextmanager
def nginx(folder):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(("user root;" if os.geteuid() == 0 else "") + NGINX.format(folder=folder, port=port))
    process = subprocess.Popen(["nginx", "-p", folder, "-c", config], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                request = urllib.request.Request(f"http://127.0.0.1:{port}/bucket/object", method="HEAD")
                urllib.request.urlopen(request, timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"nginx does not start: {(folder / 'error.log').read_text()}") from None
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def make_object(path, megabytes):
    path.parent.mkdir(parents=True)
    block = os.urandom(PIECE)
    with open(path, "wb") as file:
        left = megabytes * 1_000_000
        while left > 0:
            file.write(block[:left])
            left -= min(left, PIECE)


def peak_kilobytes(pid):
    """The kernel's own high-water mark; 0 when the process is gone. (wait4's would count this program too, before exec.)"""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")), 0)


def run(words, environment, target):
    """Seconds, CPU seconds and peak memory of one run; the target is removed before."""
    target.unlink(missing_ok=True)
    began = time.monotonic()
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, peak_kilobytes(process.pid))
        time.sleep(0.005)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{words[0]}: {process.stderr.read().decode()}")
    process.stderr.close()
    return {"seconds": seconds, "peak_kilobytes": peak, "cpu_seconds": usage.ru_utime + usage.ru_stime}


def same(a, b):
    return subprocess.run(["cmp", "--silent", a, b], check=False).returncode == 0


def measure(arguments, folder, port):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                   "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    target = folder / "target"
    commands = {
        "hearth": [arguments.binary, "pull", "s3://bucket/object", "--no-sign-request", "-o", str(target), "--quiet"],
        "aws": [str(awscli()), "s3", "cp", "s3://bucket/object", str(target), "--no-sign-request", "--quiet"],
    }
    for name, words in commands.items():  # the first use of so much memory is slow, whoever it is
        run(words, environment, target)
        if not same(target, folder / "root/bucket/object"):
            raise RuntimeError(f"{name} brought something else")
    rounds = []
    for number in range(arguments.runs):
        one = {}
        for name in (commands if number % 2 == 0 else reversed(commands)):
            one[name] = run(commands[name], environment, target)
        rounds.append(one)
        print(f"round {number + 1}: " + ", ".join(f"{n} {f['seconds']:.2f} s" for n, f in sorted(one.items())), flush=True)
    return rounds


def table(rounds, megabytes):
    lines = ["| program | seconds (least, most) | MB/s | CPU seconds | peak memory MB |", "|---|--:|--:|--:|--:|"]
    for name, title in (("hearth", "hearth pull"), ("aws", "aws s3 cp")):
        seconds = [one[name]["seconds"] for one in rounds]
        median = statistics.median(seconds)
        memory = max(one[name]["peak_kilobytes"] for one in rounds) * 1024 / 1e6
        cpu = statistics.median(one[name]["cpu_seconds"] for one in rounds)
        lines.append(f"| {title} | {median:.2f} ({min(seconds):.2f}, {max(seconds):.2f}) | {megabytes / median:.0f} | {cpu:.2f} | "
                     f"{memory:.0f} |")
    ratios = [one["aws"]["seconds"] / one["hearth"]["seconds"] for one in rounds]
    lines.append(f"\n`aws s3 cp` takes {statistics.median(ratios):.1f} times as long (median of {len(ratios)} pairs, least "
                 f"{min(ratios):.1f}).")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="script/bench pull")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--binary", default=str(ROOT / "build/release/hearth"))
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hearth-bench-pull-", dir=TMPFS if os.path.isdir(TMPFS) else None))
    try:
        make_object(folder / "root/bucket/object", arguments.megabytes)
        with nginx(folder) as port:
            rounds = measure(arguments, folder, port)
    finally:
        shutil.rmtree(folder)
    print(table(rounds, arguments.megabytes))
    out = ROOT / "build/bench/pull"  # not a section: it prints its own table
    out.mkdir(parents=True, exist_ok=True)
    (out / "rounds.json").write_text(json.dumps({"megabytes": arguments.megabytes, "rounds": rounds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
