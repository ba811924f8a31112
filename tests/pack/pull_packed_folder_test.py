#!/usr/bin/env python3
"""`hearth pull FOLDER --pack` where FOLDER holds a packed file, as the container image's does: it is copied, whole or not at all."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
MODEL = SOURCE / "models/all-MiniLM-L6-v2.hearth"


class PackedFolder(unittest.TestCase):
    def setUp(self):
        self.assertTrue(MODEL.is_file(), f"{MODEL} is missing: run script/model")
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-packed-"))
        self.folder = self.scratch / "image"
        self.folder.mkdir()
        self.out = self.scratch / "volume" / "model.hearth"

    def tearDown(self):
        shutil.rmtree(self.scratch)

    def pull(self, *arguments):
        return subprocess.run([BINARY, "pull", str(self.folder), "--pack", "-o", str(self.out), *arguments], capture_output=True,
                              text=True, timeout=120, check=False, env={"PATH": os.environ["PATH"], "HOME": str(self.scratch)})

    def assert_refused(self, result, *words):
        self.assertNotEqual(result.returncode, 0)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertFalse(self.out.exists())

    def test_copied_once(self):
        (self.folder / "model.hearth").symlink_to(MODEL)
        first = self.pull()
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(self.out.read_bytes(), MODEL.read_bytes())
        self.assertEqual(first.stdout.strip(), str(self.out))
        before = self.out.stat()
        second = self.pull()
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertIn("Already there", second.stderr)
        self.assertEqual(self.out.stat().st_ino, before.st_ino)

    def test_a_damaged_file_is_not_copied(self):
        with open(self.folder / "model.hearth", "wb") as file:
            whole = bytearray(MODEL.read_bytes())
            whole[50_000_000] ^= 1
            file.write(whole)
        self.assert_refused(self.pull(), "model.hearth")

    def test_nothing_can_be_chosen(self):
        (self.folder / "model.hearth").symlink_to(MODEL)
        self.assert_refused(self.pull("--dtype", "bf16"), "packed already")

    def test_two_packed_files_are_not_a_model(self):
        for name in ("a.hearth", "b.hearth"):
            (self.folder / name).symlink_to(MODEL)
        self.assert_refused(self.pull())


if __name__ == "__main__":
    unittest.main()
