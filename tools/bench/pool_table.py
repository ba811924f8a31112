"""Turns build/bench/pool.json into the section "The pool" of docs/benchmarks.md: the aims first, then each part."""

import pathlib
import statistics

from table import Aims, grid, mark, number

TITLES = {"direct": "direct", "hearth": "hearth", "nginx": "nginx, 1 worker", "haproxy": "HAProxy, 1 thread", "envoy": "Envoy, 1 worker"}


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")


def _cell(gateway, name, connections):
    return next((row for row in gateway["rows"] if (row["gateway"], row["connections"]) == (name, connections)), None)


def _cost_ratio(gateway, other, connections):
    """CPU a request against another's: the median over rounds."""
    mine, its = _cell(gateway, "hearth", connections), _cell(gateway, other, connections)
    if its is None:
        return None
    return statistics.median(a["cpu_us_per_request"] / b["cpu_us_per_request"]
                             for a, b in zip(mine["rounds"], its["rounds"], strict=False))


def _p50_over(gateway, other, connections):
    """How much later the median answer is than another's, µs: the median over rounds. What direct takes drops out."""
    mine, its = _cell(gateway, "hearth", connections), _cell(gateway, other, connections)
    return statistics.median(a["p50_us"] - b["p50_us"] for a, b in zip(mine["rounds"], its["rounds"], strict=False))


def _gateway_aims(aims, gateway):
    for connections in sorted({row["connections"] for row in gateway["rows"]}):
        noise = max(row["foreign_cores"] for row in gateway["rows"] if row["connections"] == connections)
        clients = f"{connections} connection{'s' if connections > 1 else ''}"
        for name, bound in (("haproxy", 1.25), ("nginx", 1.0), ("envoy", 1 / 3)):
            ratio = _cost_ratio(gateway, name, connections)
            if ratio is not None:
                aims.add(f"CPU a request, {clients}", f"≤ {bound:.2f} × {TITLES[name]}", f"{number(ratio)} ×", ratio <= bound,
                         "the further aim" if name == "nginx" else "", noise)
        if connections < 64 and (nginx := _cell(gateway, "nginx", connections)):
            over, mine = _p50_over(gateway, "nginx", connections), _cell(gateway, "hearth", connections)
            aims.add(f"added p50, {clients}", "≤ nginx's", f"{over:+.0f} µs", over <= 0,
                     f"median of the rounds' differences; medians: {mine['added_p50_us']:.0f} µs, nginx {nginx['added_p50_us']:.0f} µs", noise)


def _killed_ratio(rounds):
    """p99 of a round with a kill over that of its neighbour without, the median over pairs."""
    pairs = [sorted(rounds[i:i + 2], key=lambda one: one["kill"]) for i in range(0, len(rounds), 2)]
    return statistics.median(with_kill["p99"] / without["p99"] for without, with_kill in pairs)


def _life_aims(aims, data):
    if burst := data.get("burst"):
        bound = 1.2 * burst["service_ms"]
        last = statistics.median(one["p100"] for one in burst["pool"])
        aims.add("50 requests at once on 50 free slots, the last answer", f"≤ {bound:.0f} ms", f"{last:.1f} ms", last <= bound,
                 f"median of {len(burst['pool'])} waves; worst {max(one['p100'] for one in burst['pool']):.1f} ms; the stubs themselves "
                 f"{statistics.median(one['p100'] for one in burst['direct']):.1f} ms")
    if killed := data.get("killed"):
        ratio = _killed_ratio(killed)
        aims.add("a replica killed under load, p99 of the others", "≤ 1.10 × without", f"{ratio:.2f} ×", ratio <= 1.1)
    if replaced := data.get("replaced"):
        times = [one["ready"] for one in replaced]
        aims.add("a killed hearth replica, exit → its successor ready", "≤ 100 ms", f"{statistics.median(times):.0f} ms",
                 max(times) <= 100, f"{len(times)} kills; worst {max(times):.0f} ms")
    if idle := data.get("idle"):
        aims.add("200 idle replicas, the controller", "< 1 % of a core", f"{idle['cpu_percent']:.2f} %", idle["cpu_percent"] < 1)
        aims.add("… a turn of its loop, the tick with it", "< 1 ms", f"{idle['turn_ms']['p99']:.2f} ms (p99)",
                 idle["turn_ms"]["p99"] < 1, f"CPU time; longest {idle['turn_ms']['max']:.2f} ms")


def _gateway_table(gateway):
    rows = []
    for row in gateway["rows"]:
        direct = row["gateway"] == "direct"
        rows.append([TITLES[row["gateway"]], str(row["connections"]), f"{row['requests_per_second']:,.0f}", f"{row['p50_us']:.0f}",
                     f"{row['p99_us']:.0f}", "" if direct else f"+{row['added_p50_us']:.0f}",
                     "" if direct else f"{row['cpu_us_per_request']:.1f}", str(row["errors"]), mark(max(0.0, row["foreign_cores"]))])
    return grid(["gateway", "connections", "requests/s", "p50 µs", "p99 µs", "added p50", "CPU µs a request", "errors", "foreign cores"], rows)


def _burst_table(burst):
    rows = []
    for name, title in (("pool", "through the pool"), ("direct", "to the stubs themselves")):
        waves = burst[name]
        rows.append([title, str(len(waves)), *(f"{statistics.median(one[key] for one in waves):.1f}" for key in ("p50", "p100", "whole")),
                     f"{max(one['p100'] for one in waves):.1f}"])
    return grid(["50 requests at once, ms", "waves", "p50", "last answer", "first sent → last answered", "worst last answer"], rows)


def _killed_table(rounds):
    rows = []
    for kill in (False, True):
        some = [one for one in rounds if one["kill"] == kill]
        rows.append(["one killed" if kill else "none killed", str(len(some)), str(sum(one["n"] for one in some)),
                     *(f"{statistics.median(one[key] for one in some):.2f}" for key in ("p50", "p99", "max")),
                     str(sum(one["repeated"] for one in some)), f"{max(one['repeated_max'] for one in some):.0f}",
                     str(sum(one["errors"] for one in some))])
    return grid(["4 stubs, 8 clients, ms", "rounds", "requests", "p50", "p99", "max", "repeated", "the slowest of them", "errors"], rows)


def markdown(document):
    data = document["figures"]
    host = data["host"]
    quick = f" Quick runs: {', '.join(document['quick'])}." if document["quick"] else ""
    out = [f"## The pool\n\n`script/bench pool`, {host['date']}, {host['processor']}, {host['cores']} cores, {host['kernel']}.{quick}\n"]
    aims = Aims()
    if gateway := data.get("gateway"):
        _gateway_aims(aims, gateway)
    _life_aims(aims, data)
    out.append(grid(["what", "aim", "measured", "verdict", ""], aims.rows))
    if gateway:
        out.append(f"Medians of {gateway['rounds']} rounds of {gateway['seconds']} s, in turns; added p50 against the direct row of the same "
                   f"round. Foreign cores are counted in ticks of the kernel, up to 0.2 too few at 1 connection.\n\n{_gateway_table(gateway)}")
    if burst := data.get("burst"):
        out.append(_burst_table(burst))
    if killed := data.get("killed"):
        out.append(_killed_table(killed))
    return "\n".join(out)
