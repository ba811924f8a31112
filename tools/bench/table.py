"""Turns build/bench/*.json into the Markdown of docs/benchmarks.md: the aims first, then each section in full."""

import json
import statistics

MIB = 1024 * 1024
NOISY = 0.15  # foreign cores from which a row is marked
# "The fastest peer" is one that computes in f32 as hearth does; the seed has aims of its own.
PEERS = ("llamacpp", "onnx", "openvino")
TITLES = {"hearth": "hearth", "llamacpp": "llama.cpp", "onnx": "ONNX Runtime", "openvino": "OpenVINO, f32",
          "openvino_default": "OpenVINO, its default", "seed": "the seed's app"}


def load(folder):
    out = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        out[document["section"]] = document["figures"]
        if document["quick"]:
            out.setdefault("quick", []).append(document["section"])
    return out


def number(value):
    if value is None:
        return "–"
    size = abs(value)
    return f"{value:.0f}" if size >= 99.95 else f"{value:.1f}" if size >= 9.995 else f"{value:.2f}" if size >= 0.0995 else f"{value:.3f}"


def grid(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def machine_of(data):
    for figures in data.values():
        if isinstance(figures, dict):
            for part in (figures, *figures.values()):
                if isinstance(part, dict) and "machine" in part:
                    return part["machine"]
    return None


def starts(series, key):
    return [run[key] for run in series["runs"]]


def noise_of(rows):
    """The worst foreign load of load rows or start series."""
    worst = 0.0
    for row in rows:
        worst = max([worst, *row.get("foreign_cores", []), *(run["foreign_cores"] for run in row.get("runs", []))])
    return worst


def median_start(figures, target, key="ready_ms"):
    for series in figures["rows"]:
        if series["target"] == target and series["runs"]:
            return statistics.median(starts(series, key))
    return None


def cell(figures, target, **wanted):
    for row in figures["rows"]:
        if row["target"] == target and row["rounds"] and all(row[key] == value for key, value in wanted.items()):
            return row
    return None


def ratio_per_round(mine, other, value):
    """The median over rounds of value(mine) / value(other)."""
    if mine is None or other is None:
        return None
    return statistics.median(value(a) / value(b) for a, b in zip(mine["rounds"], other["rounds"], strict=False))


def against_fastest(figures, value, better, **wanted):
    """(ratio hearth / fastest peer, its name): of all peers the one that is hardest for hearth."""
    mine = cell(figures, "hearth", **wanted)
    ratios = {name: ratio_per_round(mine, cell(figures, name, **wanted), value) for name in PEERS}
    ratios = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    if not ratios:
        return None, None
    name = better(ratios, key=ratios.get)
    return ratios[name], name


def texts_per_second(one_round):
    return one_round["texts_per_second"]


def p50(one_round):
    return one_round["latency_ms"]["p50"]


class Aims:
    """Rows of the first table."""

    def __init__(self):
        self.rows = []

    def add(self, what, aim, measured, met, note="", noise=0.0):
        """`noise`: foreign cores while it was measured."""
        verdict = "–" if met is None else "met" if met else "**missed**"
        if noise >= NOISY:
            verdict += f" (disturbed: {number(noise)} foreign cores)"
        self.rows.append([what, aim, measured, verdict, note])


def start_aims(aims, data):
    if "start" not in data:
        return
    warm = data["start"]["warm"]
    mine = median_start(warm, "hearth")
    if mine is None:
        return
    noise = noise_of(warm["rows"])
    aims.add("exec → ready, file in page cache", "≤ 10 ms", f"{number(mine)} ms", mine <= 10, noise=noise)
    seed = median_start(warm, "seed")
    if seed is not None:
        aims.add("… against the seed's app", "≥ 500 ×", f"{number(seed / mine)} ×", seed / mine >= 500, f"{number(seed)} ms", noise)
    others = {name: median_start(warm, name) for name in PEERS}
    others = {name: value for name, value in others.items() if value is not None}
    if others:
        name = min(others, key=others.get)
        aims.add("… against the fastest peer", "≥ 8 ×", f"{number(others[name] / mine)} ×", others[name] / mine >= 8,
                 f"{TITLES[name]}, {number(others[name])} ms", noise)
    first = statistics.median(run["first_request_ms"] / run["steady_median_ms"]
                              for series in warm["rows"] if series["target"] == "hearth" for run in series["runs"])
    aims.add("first request / steady median", "≤ 1.5", number(first), first <= 1.5, noise=noise)


def load_aims(aims, data):
    for tokens, aim in (("8", 0.55), ("16", 0.55), ("64", 0.65), ("128", 0.8), ("254", 0.9)):
        if "latency" in data:
            ratio, name = against_fastest(data["latency"], p50, max, corpus=tokens)
            mine = cell(data["latency"], "hearth", corpus=tokens)
            if ratio is not None:
                aims.add(f"one text of {tokens} tokens, p50", f"≤ {aim} × fastest peer", f"{number(ratio)} ×", ratio <= aim,
                         f"{number(mine['latency_ms']['p50'])} ms; {TITLES[name]}",
                         noise_of(row for row in data["latency"]["rows"] if row["corpus"] == tokens))
    for section, what, wanted in (("throughput", "mixed lengths, 64 clients", {"clients": 64}),
                                  ("batch", "batches of 32 mixed texts", {"batch": 32})):
        if section in data:
            ratio, name = against_fastest(data[section], texts_per_second, min, **wanted)
            mine = cell(data[section], "hearth", **wanted)
            if ratio is not None:
                aims.add(what, "≥ 1.9 × fastest peer", f"{number(ratio)} ×", ratio >= 1.9,
                         f"{number(mine['texts_per_second'])} texts/s; {TITLES[name]}", noise_of(data[section]["rows"]))


def calm_share(figures, name):
    """Texts/s beside a busy process over texts/s without, the median over rounds."""
    return ratio_per_round(cell(figures, name, beside_neighbour=True), cell(figures, name, beside_neighbour=False),
                           texts_per_second)


def other_aims(aims, data):
    if "memory" in data:
        for row in data["memory"]["rows"]:
            if row["target"] == "hearth" and len(row["replicas"]) > 1:
                most = max(usage["private_dirty"] for usage in row["replicas"][1:]) / 1e6
                aims.add("second and later replicas, private memory each", "≤ 8 MB", f"{number(most)} MB", most <= 8)
    if "neighbour" in data and (share := calm_share(data["neighbour"], "hearth")) is not None:
        seed = calm_share(data["neighbour"], "seed")
        note = f"the seed's app: {number(seed)}" if seed is not None else ""
        aims.add("a busy process on one of the two cores", "≥ 0.45 × calm", f"{number(share)} ×", share >= 0.45, note,
                 noise_of(data["neighbour"]["rows"]))
    if "idle" in data:
        percent = data["idle"]["rows"][0]["idle_cpu_percent"]
        aims.add("idle", "< 0.1 % of a core", f"{number(percent)} %", percent < 0.1)
    if "health" in data:
        for part, what in (("mixed", "64 clients"), ("batches", "16 clients with batches of 32")):
            probe = data["health"][part]["rows"][0].get("probe_ms")
            if probe:
                aims.add(f"/health beside {what}, p99", "≤ 2 ms", f"{number(probe['p99'])} ms", probe["p99"] <= 2,
                         f"p50 {number(probe['p50'])} ms, max {number(probe['max'])} ms", noise_of(data["health"][part]["rows"]))


def forward_aims(aims, data):
    for wanted, aim in ((16, 70), (32, 75), (64, 78), (128, 78)):
        for row in data.get("forward", {}).get("cells", []):
            if row["threads"] != 1 or row["tokens"] != wanted:
                continue
            percent = row["median_percent"]
            bound = row["isa"].lower() == "avx2"
            aims.add(f"forward pass, one core, {wanted} tokens, {row['isa']}", f"≥ {aim} % of the FMA peak" if bound else "reported",
                     f"{number(percent)} %", percent >= aim if bound else None)


def spread(values):
    return f"{number(min(values))} / **{number(statistics.median(values))}** / {number(max(values))}"


def start_table(figures):
    rows = []
    for state in ("warm", "cold"):
        for series in figures[state]["rows"]:
            if not series["runs"]:
                continue
            noise = max(starts(series, "foreign_cores"))
            rows.append([TITLES[series["target"]], state, str(len(series["runs"])),
                         *(spread(starts(series, key)) for key in ("ready_ms", "first_vector_ms", "first_request_ms")),
                         number(statistics.median(starts(series, "steady_median_ms"))), mark(noise)])
    return grid(["server", "page cache", "runs", "exec → ready, ms", "exec → first vector", "first request", "steady", "foreign cores"], rows)


def mark(noise):
    return number(noise) + (" !" if noise >= NOISY else "")


def load_table(figures):
    rows = []
    for row in figures["rows"]:
        if not row["rounds"]:
            continue
        latency = row["latency_ms"]
        errors = sum(sum(one["errors"].values()) for one in row["rounds"])
        base = cell(figures, "hearth", corpus=row["corpus"], clients=row["clients"], batch=row["batch"],
                    beside_neighbour=row["beside_neighbour"])
        rows.append([TITLES[row["target"]], row["corpus"], str(row["clients"]), str(row["batch"]),
                     "busy" if row["beside_neighbour"] else "calm", number(row["texts_per_second"]),
                     *(number(latency[key]) for key in ("p50", "p90", "p99", "max")), str(latency["n"]), str(errors),
                     number(ratio_per_round(base, row, texts_per_second)), mark(max(row["foreign_cores"]))])
    return grid(["server", "tokens", "clients", "batch", "neighbour", "texts/s", "p50 ms", "p90", "p99", "max", "n", "errors",
                 "hearth is × texts/s", "foreign cores"], rows)


def memory_table(figures):
    rows = []
    for row in figures["rows"]:
        replicas = row["replicas"]
        others = [usage["private_dirty"] / MIB for usage in replicas[1:]]
        rows.append([TITLES[row["target"]], str(len(replicas)), number(row["alone"]["rss"] / MIB), number(row["alone"]["pss"] / MIB),
                     number(sum(usage["pss"] for usage in replicas) / MIB), number(replicas[0]["private_dirty"] / MIB),
                     number(max(others)) if others else "–", number(row["idle_cpu_percent"])])
    return grid(["server", "replicas", "RSS alone, MiB", "PSS alone", "PSS of all", "private, first", "private, others", "idle CPU, %"], rows)


def exact_table(figures):
    def kinds(counts):
        return ", ".join(f"{kind} {count}" for kind, count in counts.items()) or "none"

    return grid(["server", "texts answered", "cosine min", "cosine mean", "max abs difference", "refused", "cosine below 0.9999"],
                [[TITLES[name], f"{row['texts']} of 200", f"{row['cosine_min']:.7f}", f"{row['cosine_mean']:.7f}",
                  f"{row['max_abs']:.1e}", kinds(row["refused"]), kinds(row["below_0.9999"])] for name, row in figures.items()])


def wrk_table(figures):
    rows = []
    for key, title in (("p50", "p50, ms"), ("p99", "p99, ms"), ("requests_per_second", "requests/s")):
        mine = statistics.median(one["hearth_bench"][key] for one in figures["rounds"])
        other = statistics.median(one["wrk"][key] for one in figures["rounds"])
        rows.append([title, number(other), number(mine), number(mine / other)])
    return grid(["one connection, 16 tokens", "wrk", "hearth bench", "ratio"], rows)


def health_table(figures):
    rows = []
    for part, what in (("mixed", "64 clients, one text a request"), ("batches", "16 clients, batches of 32")):
        row = figures[part]["rows"][0]
        probe = row["probe_ms"]
        rows.append([what, number(row["texts_per_second"]), *(number(probe[key]) for key in ("p50", "p99", "max")), str(probe["n"])])
    return grid(["load", "texts/s", "/health p50, ms", "p99", "max", "n"], rows)


def forward_text(figures):
    return f"```\n{figures['text'].strip()}\n```\n"


def large_table(figures):
    rows = []
    for dtype in ("f32", "bf16"):
        one = figures[dtype]
        direct, cold, warm = (statistics.median(one[f"{key}_seconds"]) for key in ("direct", "cold", "warm"))
        rows.append([f"hearth, {dtype}", f"{one['bytes'] / 1e9:.2f}", f"{direct:.2f}", f"{cold:.2f}", f"{100 * direct / cold:.0f} %",
                     f"{1000 * warm:.0f}", f"{one['health_slowest_ms']:.0f}"])
    if seed := figures.get("seed"):
        cold, warm = (statistics.median(seed[f"{key}_seconds"]) for key in ("cold", "warm"))
        rows.append(["sentence-transformers (import to first vector)", f"{figures['f32']['bytes'] / 1e9:.2f}", "", f"{cold:.2f}", "",
                     f"{1000 * warm:.0f}", ""])
    return grid(["random weights", "GB", "direct reads, s", "cold to ready, s", "of direct", "warm to ready, ms", "slowest /health, ms"], rows)


def large_aims(aims, data):
    for dtype in ("f32", "bf16"):
        if one := data.get("large", {}).get(dtype):
            share = one["cold_share_of_direct"]
            aims.add(f"3 GB model, {dtype}: cold to ready, of direct reads", "≥ 90 %", f"{100 * share:.0f} %", share >= 0.9)
            warm = 1000 * statistics.median(one["warm_seconds"])
            aims.add(f"3 GB model, {dtype}: warm to ready", "≤ 300 ms", f"{warm:.0f} ms", warm <= 300)


SECTIONS = (
    ("start", "Start", start_table), ("latency", "One text at a time, one connection", load_table),
    ("throughput", "Mixed lengths", load_table), ("batch", "Batches of 32 mixed texts, 2 clients", load_table),
    ("neighbour", "A busy process on one core", load_table), ("memory", "Memory of replicas side by side", memory_table),
    ("idle", "Idle", memory_table), ("health", "`/health` under full load", health_table),
    ("exact", "Vectors against sentence-transformers, 200 golden texts", exact_table),
    ("forward", "Forward pass", forward_text), ("wrk", "hearth bench against wrk", wrk_table),
    ("large", "A model of 3 GB", large_table),
)


def markdown(folder):
    data = load(folder)
    machine = machine_of(data)
    out = []
    if machine:
        out.append(f"Measured {machine['date'][:10]} on {machine['processor']} ({machine['instruction_sets']}), {machine['cores']} cores, "
                   f"{machine['memory_bytes'] / 2**30:.0f} GiB, {machine['kernel']}.\n")
    if data.get("quick"):
        out.append(f"Quick runs (few rounds): {', '.join(data['quick'])}.\n")
    aims = Aims()
    start_aims(aims, data)
    load_aims(aims, data)
    forward_aims(aims, data)
    other_aims(aims, data)
    large_aims(aims, data)
    out.append(grid(["what", "aim", "measured", "verdict", ""], aims.rows))
    for section, title, write in SECTIONS:
        if data.get(section):
            out.append(f"### {title}\n\n{write(data[section])}")
    return "\n".join(out)
