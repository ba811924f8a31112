#!/usr/bin/env python3
"""`hearth pack` as a user runs it, on the real model: what it writes, what it refuses, and what it leaves behind."""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
FOLDER = SOURCE / "models/all-MiniLM-L6-v2"


def hearth(*arguments, **options):
    return subprocess.run([BINARY, "pack", *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False,
                          **options)


class PackCommand(unittest.TestCase):
    def setUp(self):
        self.assertTrue(FOLDER.is_dir(), f"{FOLDER} is missing: run script/model")
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-pack-"))
        self.out = self.scratch / "model.hearth"

    def tearDown(self):
        shutil.rmtree(self.scratch)

    def assert_fails(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        lines = result.stderr.strip().splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("hearth: ")]), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def copy(self):
        """The model's folder with links in place of files, so that single ones can be replaced."""
        folder = self.scratch / "folder"
        for path in FOLDER.rglob("*"):
            if path.is_file():
                link = folder / path.relative_to(FOLDER)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
        return folder

    def test_the_same_folder_gives_the_same_bytes(self):
        other = self.scratch / "other.hearth"
        self.assertEqual(hearth(FOLDER, "-o", self.out).returncode, 0)
        self.assertEqual(hearth(FOLDER, "-o", other).returncode, 0)
        self.assertEqual(self.out.read_bytes(), other.read_bytes())
        self.assertEqual(hearth("--verify", self.out).returncode, 0)
        self.assertEqual(sorted(p.name for p in self.scratch.iterdir()), ["model.hearth", "other.hearth"])

    def test_info_says_what_the_folder_said(self):
        self.assertEqual(hearth(FOLDER, "-o", self.out, "--dtype", "bf16", "--name", "org/mine").returncode, 0)
        info = json.loads(hearth("--info", self.out, "--json").stdout)
        expected = {"name": "org/mine", "architecture": "bert", "hidden_size": 384, "layers": 6, "heads": 12,
                    "vocab_size": 30522, "max_positions": 512, "max_tokens": 256, "pooling": "mean", "normalize": True,
                    "dtype": "bf16"}
        self.assertEqual({key: info[key] for key in expected}, expected)
        self.assertLess(info["file_bytes"], 50_000_000)

    def test_a_flipped_bit_is_found_by_verify(self):
        self.assertEqual(hearth(FOLDER, "-o", self.out).returncode, 0)
        with open(self.out, "r+b") as file:
            file.seek(50_000_000)
            byte = file.read(1)[0]
            file.seek(50_000_000)
            file.write(bytes([byte ^ 1]))
        self.assert_fails(hearth("--verify", self.out), 1, "model.hearth")

    def test_no_modules_json_is_not_guessed(self):
        folder = self.copy()
        (folder / "modules.json").unlink()
        self.assert_fails(hearth(folder, "-o", self.out), 1, "modules.json", "--pooling")
        self.assertFalse(self.out.exists())
        self.assertEqual(hearth(folder, "-o", self.out, "--pooling", "mean", "--normalize").returncode, 0)

    def test_another_architecture_is_named_with_what_is_supported(self):
        folder = self.copy()
        config = json.loads((FOLDER / "config.json").read_text())
        (folder / "config.json").unlink()
        (folder / "config.json").write_text(json.dumps({**config, "architectures": ["LlamaModel"], "model_type": "llama"}))
        self.assert_fails(hearth(folder, "-o", self.out), 1, "llama", "bert")

    def test_a_truncated_safetensors_file_is_refused(self):
        folder = self.copy()
        (folder / "model.safetensors").unlink()
        for size in (0, 7, 1000, 90_000_000):
            with open(FOLDER / "model.safetensors", "rb") as file:
                (folder / "model.safetensors").write_bytes(file.read(size))
            self.assert_fails(hearth(folder, "-o", self.out), 1, "model.safetensors")

    def test_no_space_leaves_nothing_behind_and_the_old_file_whole(self):
        self.out.write_bytes(b"what was there before")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

        self.assert_fails(hearth(FOLDER, "-o", self.out, preexec_fn=limit), 1, "model.hearth")
        self.assertEqual(self.out.read_bytes(), b"what was there before")
        self.assertEqual([p.name for p in self.scratch.iterdir()], ["model.hearth"])

    def test_wrong_usage_is_64(self):
        self.assert_fails(hearth(), 64, "--help")
        self.assert_fails(hearth(FOLDER), 64)
        self.assert_fails(hearth(FOLDER, "-o", self.out, "--dtype", "int8"), 64, "dtype")
        self.assert_fails(hearth("--no-such-flag"), 64, "--no-such-flag")

    def test_what_is_not_there_is_named(self):
        self.assert_fails(hearth(self.scratch / "absent", "-o", self.out), 1, "absent")
        self.assert_fails(hearth("--info", self.scratch / "absent.hearth"), 1, "absent.hearth")
        self.assert_fails(hearth(FOLDER, "-o", self.scratch / "no/such/folder/x.hearth"), 1, "no/such/folder")


if __name__ == "__main__":
    unittest.main()
