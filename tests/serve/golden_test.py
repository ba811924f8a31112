"""`--help` and the list of metrics are promises: golden files hold them. To renew: tests/serve/golden_test.py --write"""

import difflib
import os
import pathlib
import re
import subprocess
import sys
import unittest

from hearth_process import BINARY, CLEAN, SOURCE, Hearth, main

GOLDEN = SOURCE / "tests/golden"


def help_serve():
    return subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, check=True, env=CLEAN).stdout


def metrics():
    """Name, type and labels of every family; values and buckets left out."""
    with Hearth() as server:
        server.post("/embed", {"text": "a"})
        server.post("/embed", {"inputs": ["a", "b"]})
        page = server.get("/metrics").body.decode()
    lines = set()
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            lines.add(line.removeprefix("# TYPE "))
        elif not line.startswith("#"):
            name = line.rsplit(" ", 1)[0]
            labels = re.sub(r'(le|route|status|model|version)="[^"]*"', r'\1="…"', name)
            if "{" in labels:
                lines.add(labels)
    return "\n".join(sorted(lines)) + "\n"


FILES = {"help_serve.txt": help_serve, "metrics.txt": metrics}


class Golden(unittest.TestCase):
    def test_each(self):
        for name, make in FILES.items():
            with self.subTest(name):
                wanted = (GOLDEN / name).read_text()
                diff = "".join(difflib.unified_diff(wanted.splitlines(True), make().splitlines(True), name, "now"))
                self.assertEqual(diff, "", "\n" + diff + "renew it with tests/serve/golden_test.py --write\n")

    def test_metrics_page_is_well_formed(self):
        with Hearth() as server:
            page = server.get("/metrics")
        self.assertTrue(page.headers["content-type"].startswith("text/plain; version=0.0.4"))
        for line in page.body.decode().splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+0-9.e]+)$')


if __name__ == "__main__":
    if "--write" in sys.argv:
        for name, make in FILES.items():
            (GOLDEN / name).write_text(make())
        sys.exit(subprocess.call(["git", "-C", str(SOURCE), "--no-pager", "diff", "--", "tests/golden"]))
    main()
