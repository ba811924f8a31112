"""The program behind script/bench: sets up, measures section by section, writes build/bench/."""

import argparse
import json
import signal
import sys
import time

import peers
import sections
import table

OUT = peers.ROOT / "build" / "bench"


def parse():
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("sections", nargs="*", help="setup, table, publish, or " + ", ".join(sections.ALL))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(peers.NAMES))
    parser.add_argument("--with-llamacpp", action="store_true")
    parser.add_argument("--binary", help="measure this hearth instead of building build/release/hearth")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(sections.ALL) - {"setup", "table", "publish"}
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}: there are setup, table, publish, {', '.join(sections.ALL)}")
    names = set(arguments.only.split(",")) | {"hearth"}
    if names - set(peers.NAMES):
        parser.error(f"unknown peer {', '.join(sorted(names - set(peers.NAMES)))}: there are {', '.join(peers.NAMES)}")
    return arguments, names


def measure(plan, name):
    """One section; False when it failed (its older figures stay)."""
    begin = time.monotonic()
    peers.say(f"{name} …")
    try:
        figures = sections.ALL[name](plan)
    except Exception as error:  # one section must not take the others with it
        peers.say(f"{name} FAILED: {error}")
        return False
    document = {"section": name, "quick": plan.quick, "seconds": round(time.monotonic() - begin), "figures": figures}
    partial = OUT / f"{name}.json.partial"
    partial.write_text(json.dumps(document))
    partial.rename(OUT / f"{name}.json")
    peers.say(f"{name}: {document['seconds']} s, build/bench/{name}.json")
    return True


def publish():
    """Puts the tables under "## Figures" of docs/benchmarks.md."""
    page = peers.ROOT / "docs" / "benchmarks.md"
    head, mark, _ = page.read_text().partition("## Figures\n")
    page.write_text(head + mark + "\n" + (OUT / "table.md").read_text())
    peers.say("docs/benchmarks.md")


def main():
    arguments, names = parse()
    # Ended from outside: leave through the context managers, so that no server stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = arguments.sections or list(sections.ALL)
    ok = True
    if not set(wanted) <= {"table", "publish"}:
        peers.setup(names, arguments.with_llamacpp, arguments.binary)
        plan = sections.Plan(peers.available(names), arguments.quick)
        missing = [name for name in peers.NAMES if name in names and name not in plan.names]
        if missing:
            peers.say(f"not measured, not there: {', '.join(missing)} (llama.cpp: --with-llamacpp)")
        for name in wanted:
            if name in sections.ALL:
                ok = measure(plan, name) and ok
    (OUT / "table.md").write_text(table.markdown(OUT))
    peers.say("build/bench/table.md")
    if "publish" in wanted:
        publish()
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
