#!/usr/bin/env python3
"""Holds the layer table of ARCHITECTURE.md true: an include goes down, or stays in its room; every room is in the table and has a
README; heavy third parties stay in the rooms that own them."""
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
SOURCES = sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".h", ".cc"))
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)

# A third-party header may be included only in these rooms, or in the files that begin so.
OWNERS = {
    "boost/beast": {"http"}, "boost/asio": {"http"}, "boost/url": {"http"}, "CLI/": {"cli"}, "hwy/": {"kernels"},
    "toml++/": {"config/toml_parser."}, "absl/": {"pool/schedule."},
    "openssl/": {"base", "http/tls_", "http/scripted_server.", "http/test_certificate."},
}


def layer_table():
    """Room → height (0 = bottom), from the fenced block under "## Layers" in ARCHITECTURE.md, whose first line is the top."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    block = re.search(r"^## Layers\n.*?```\n(.*?)```", text, re.M | re.S).group(1)
    lines = [line for line in block.splitlines() if line.strip()]
    heights = {}
    for height, line in enumerate(reversed(lines)):
        for room in re.findall(r"(\w+)/", line.split("  ")[0]):
            heights[room] = height
    return heights


class Layers(unittest.TestCase):
    def setUp(self):
        self.heights = layer_table()

    def test_every_room_is_in_the_table_and_the_other_way_round(self):
        rooms = {p.name for p in (ROOT / "src").iterdir() if p.is_dir()}
        self.assertEqual(rooms, set(self.heights))

    def test_every_room_has_a_readme_of_10_to_40_lines(self):
        for room in self.heights:
            readme = ROOT / "src" / room / "README.md"
            self.assertTrue(readme.is_file(), f"src/{room}/README.md is missing")
            lines = len(readme.read_text().splitlines())
            self.assertTrue(8 <= lines <= 40, f"src/{room}/README.md has {lines} lines")

    def test_includes_go_down_or_stay(self):
        wrong = []
        checked = 0
        for path in SOURCES:
            room = path.relative_to(ROOT / "src").parts[0]
            for kind, target in INCLUDE.findall(path.read_text()):
                other = target.split("/")[0]
                if kind == '"' and other in self.heights:
                    checked += 1
                    if other != room and self.heights[other] >= self.heights[room]:
                        wrong.append(f"{path.relative_to(ROOT)} includes {target}")
        self.assertGreater(checked, 50)
        self.assertEqual(wrong, [])

    def test_own_headers_are_rooted_at_src(self):
        wrong = [f"{p.relative_to(ROOT)}: {t}" for p in SOURCES for kind, t in INCLUDE.findall(p.read_text())
                 if kind == '"' and not (ROOT / "src" / t).exists()]
        self.assertEqual(wrong, [])

    def test_third_parties_stay_behind_our_headers(self):
        wrong = []
        for path in SOURCES:
            inside = path.relative_to(ROOT / "src").as_posix()
            for _, target in INCLUDE.findall(path.read_text()):
                for prefix, owners in OWNERS.items():
                    if target.startswith(prefix) and not any(inside.startswith(o if "/" in o else o + "/") for o in owners):
                        wrong.append(f"{path.relative_to(ROOT)} includes {target}")
        self.assertEqual(wrong, [])

    def test_headers_start_with_a_contract_and_are_guarded(self):
        # Highway includes an -inl.h once per instruction set, under a toggled guard.
        wrong = [str(p.relative_to(ROOT)) for p in SOURCES
                 if p.suffix == ".h" and not (p.read_text().startswith("//") and
                                              ("HWY_TARGET_TOGGLE" if p.name.endswith("-inl.h") else "#pragma once") in p.read_text())]
        self.assertEqual(wrong, [])

    def test_every_source_is_compiled(self):
        listed = "\n".join(p.read_text() for p in ROOT.glob("**/CMakeLists.txt") if "build" not in p.parts)
        wrong = [str(p.relative_to(ROOT)) for p in SOURCES if p.suffix == ".cc" and p.name not in listed]
        self.assertEqual(wrong, [], "a source that no CMakeLists.txt names is silently not built")


if __name__ == "__main__":
    unittest.main()
