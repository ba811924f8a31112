#!/usr/bin/env python3
"""The pool's metrics are a promise: a golden file holds their names. To renew: tests/up/golden_test.py --write"""
import difflib
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pool_case import SOURCE, PoolCase, ask, main  # noqa: E402

PROMTOOL = SOURCE / ".venv/bin/promtool"  # tools/promtool.sh brings it
GOLDEN = SOURCE / "tests/golden/pool_metrics.txt"


class Golden(PoolCase):
    def page(self):
        self.configure()
        pool = self.up()
        pool.get("/who")
        page = ask(pool.page, "/metrics")
        self.assertEqual(page.status, 200)
        self.assertTrue(page.headers["content-type"].startswith("text/plain; version=0.0.4"))
        return page.body.decode()

    def catalogue(self):
        """Name, type and labels of every family; values and buckets left out."""
        lines = set()
        for line in self.page().splitlines():
            if line.startswith("# TYPE "):
                lines.add(line.removeprefix("# TYPE "))
            elif not line.startswith("#"):
                labels = re.sub(r'(le|version|hearth|name)="[^"]*"', r'\1="…"', line.rsplit(" ", 1)[0])
                if "{" in labels:
                    lines.add(labels)
        return "\n".join(sorted(lines)) + "\n"

    def test_catalogue(self):
        now = self.catalogue()
        if WRITE:
            GOLDEN.write_text(now)
        diff = "".join(difflib.unified_diff(GOLDEN.read_text().splitlines(True), now.splitlines(True), GOLDEN.name, "now"))
        self.assertEqual(diff, "", "\n" + diff + "renew it with tests/up/golden_test.py --write\n")

    def test_the_page_is_well_formed(self):
        page = self.page()
        for line in page.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+0-9.e]+)$')
        checked = subprocess.run([PROMTOOL, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))


WRITE = "--write" in sys.argv
if __name__ == "__main__":
    if WRITE:
        sys.argv.remove("--write")
    main()
