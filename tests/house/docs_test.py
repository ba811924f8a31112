#!/usr/bin/env python3
"""Keeps the documentation true: links and file names in it exist, scripts can be run, nothing names one machine."""
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).parents[2]))


def tracked(*patterns):
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--", *patterns], check=True, capture_output=True).stdout
    return [ROOT / name for name in out.decode().split("\0") if name]


class Docs(unittest.TestCase):
    def test_relative_links_exist(self):
        wrong = []
        checked = 0
        for page in tracked("*.md"):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
                if "://" in target or target.startswith("mailto:"):
                    continue
                checked += 1
                if not (page.parent / target).exists():
                    wrong.append(f"{page.relative_to(ROOT)}: {target}")
        self.assertGreater(checked, 5)
        self.assertEqual(wrong, [])

    def test_files_named_in_backticks_exist(self):
        name = re.compile(r"`((?:src|tests|docs|script|tools|benchmarks|bench|fuzz|cmake)/[\w./-]+)`")
        wrong = []
        checked = 0
        for page in tracked("*.md"):
            if page.name == "CHANGELOG.md":
                continue
            for target in name.findall(page.read_text()):
                checked += 1
                if not (ROOT / target).exists():
                    wrong.append(f"{page.relative_to(ROOT)}: {target}")
        self.assertGreater(checked, 10)
        self.assertEqual(wrong, [])

    def test_scripts_can_be_run_and_say_what_they_do(self):
        for script in tracked("script/*", ".ci/run"):
            self.assertTrue(os.access(script, os.X_OK), f"{script.relative_to(ROOT)} has no run bit")
            self.assertTrue(script.read_text().splitlines()[1].startswith("# "), f"{script.relative_to(ROOT)} says nothing of itself")

    def test_house_files_exist(self):
        for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "THIRD_PARTY_NOTICES.md",
                     ".clang-format", ".clang-tidy", ".editorconfig", "script/up", "script/test", "script/check", ".ci/run"):
            self.assertTrue((ROOT / name).is_file(), name)

    def test_presets_of_the_issue_exist(self):
        text = (ROOT / "CMakePresets.json").read_text()
        for preset in ("dev", "release", "asan", "tsan", "ubsan", "fuzz"):
            self.assertIn(f'"name": "{preset}"', text)


if __name__ == "__main__":
    unittest.main()
