#!/usr/bin/env python3
"""`hearth pull` cut off, beside another one, and on disks that do not take what it brings; with a large object in pieces, as
from S3's path style."""
import hashlib
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fake_server import Server  # noqa: E402
from pull_case import PullCase, noise  # noqa: E402

MIB = 1 << 20
PIECE = 16 * MIB


class ObjectCase(PullCase):
    body = noise(50 * MIB + 3)

    def setUp(self):
        super().setUp()
        self.server = Server({"/bucket/big.safetensors": self.body})
        self.addCleanup(self.server.close)
        self.env["AWS_ENDPOINT_URL"] = self.server.url
        self.env["AWS_EC2_METADATA_DISABLED"] = "true"
        self.out = self.scratch / "out/big.safetensors"
        self.source = ["s3://bucket/big.safetensors", "--no-sign-request", "-o", self.out]

    def once(self, action, condition=lambda r: r.method == "GET"):
        self.server.rule(lambda r: action if condition(r) else None, times=1)

    def assert_whole(self):
        self.assertEqual(hashlib.sha256(self.out.read_bytes()).digest(), hashlib.sha256(self.body).digest())
        self.assertEqual(self.names(self.out.parent), ["big.safetensors"])

    def partials(self):
        return sorted(self.out.parent.glob("*.partial-*"))


class Pieces(ObjectCase):
    def test_ranges_in_parallel(self):
        self.pulls(*self.source)
        self.assert_whole()
        self.assertEqual(sorted(r.range for r in self.server.gets()),
                         [(at, min(at + PIECE, len(self.body))) for at in range(0, len(self.body), PIECE)])
        self.assertTrue(all(r.headers.get("If-Match") for r in self.server.gets()))

    def test_each_fault_in_the_middle(self):
        for action in ("reset", "truncate", "wrong range", "stall"):
            self.once(action, lambda r: r.range and r.range[0] >= PIECE)
        self.pulls(*self.source, "--idle-timeout", "500ms")
        self.assert_whole()
        self.assertLessEqual(self.server.body_bytes(), len(self.body) + 16 * MIB)

    def test_a_server_without_ranges(self):
        self.server.ranges = False
        self.once("whole cut", lambda r: r.method == "GET" and not r.range)
        self.pulls(*self.source)
        self.assert_whole()

    def test_a_server_without_ranges_that_always_breaks_off(self):
        self.server.ranges = False
        self.server.rule(lambda r: "whole cut" if r.method == "GET" else None)
        self.fails(*self.source, words=["no ranges"])
        self.assertEqual(self.names(self.out.parent), [])

    def test_an_object_that_changes_while_it_is_read(self):
        first = self.server.files["/bucket/big.safetensors"]

        def change(request):
            if request.range and request.range[0] > 0:
                self.server.files["/bucket/big.safetensors"] = first[::-1]
            return None

        self.server.rule(change)
        self.fails(*self.source, words=["changed"])
        self.assertFalse(self.out.exists())

    def test_a_wrong_hash(self):
        self.once("corrupt")
        self.fails(*self.source, words=["MD5"])
        self.assertEqual(self.names(self.out.parent), [])
        self.fails(*self.source, "--sha256", "0" * 64, words=["SHA-256"])
        self.pulls(*self.source, "--sha256", hashlib.sha256(self.body).hexdigest())
        self.assert_whole()

    def test_403_and_404_are_not_asked_again(self):
        self.server.rule(lambda r: (403, {}, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
                         if r.method == "GET" else None)
        self.fails(*self.source, words=["big.safetensors", "AccessDenied"])
        self.assertLess(len(self.server.requests), 12)

    def test_memory_stays_small(self):
        log = self.scratch / "rss"
        script = ("import os, resource, subprocess, sys; subprocess.run(sys.argv[2:], check=True);"
                  "open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))")
        from pull_case import BINARY
        subprocess.run([sys.executable, "-c", script, str(log), BINARY, "pull", *map(str, self.source), "--connections", "64"],
                       env=self.env, check=True, capture_output=True)
        self.assertLess(int(log.read_text()), 64 * 1024)
        self.assert_whole()


class CutOff(ObjectCase):
    def cut(self, number, after=20 * MIB):
        self.server.delay = 0.004
        process = self.start(*self.source, "--connections", "4")
        self.eventually(lambda: self.server.body_bytes() > after, "half of it arrives")
        began = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        return process.returncode, err, time.monotonic() - began

    def resume(self):
        self.server.requests.clear()  # what was asked before counts no more, also what is still being sent
        self.server.delay = 0
        self.pulls(*self.source)
        self.assert_whole()
        return self.server.body_bytes()

    def test_kill_9_and_resume(self):
        code, _, _ = self.cut(signal.SIGKILL)
        self.assertEqual(code, -9)
        self.assertFalse(self.out.exists())
        self.assertLess(self.resume(), len(self.body) - 2 * MIB, "what was there is not asked for again")

    def test_sigterm_and_resume(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                self.server.requests.clear()
                code, err, seconds = self.cut(number)
                self.assertEqual(code, 128 + number)
                self.assertIn("run again to resume", err)
                self.assertLess(seconds, 5)
                self.assertFalse(self.out.exists())
                self.assertLess(self.resume(), len(self.body) - 10 * MIB)
                self.out.unlink()

    def test_another_version_is_not_mixed_in(self):
        self.cut(signal.SIGKILL)
        self.body = self.body[::-1]
        self.server.files["/bucket/big.safetensors"] = self.body
        self.assertEqual(self.resume(), len(self.body))

    def test_a_journal_that_lies_is_found_out(self):
        self.cut(signal.SIGKILL)
        journal = next(p for p in self.partials() if p.name.endswith(".journal"))
        with open(journal, "a") as file:
            file.write(f"0 {len(self.body)}\n")
        self.fails(*self.source, words=["MD5"])
        self.assertEqual(self.names(self.out.parent), [])
        self.resume()

    def test_two_at_once_do_the_work_once(self):
        self.server.delay = 0.001
        first = self.start(*self.source)
        self.eventually(lambda: self.server.body_bytes() > MIB, "the first begins")
        second = self.start(*self.source, "--log", "json")
        self.assertIn("Waiting for another process", second.stderr.readline())
        for process in (first, second):
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, err)
        self.assert_whole()
        self.assertEqual(self.server.body_bytes(), len(self.body))

    def test_a_waiter_goes_on_when_the_holder_dies(self):
        self.server.delay = 0.004
        first = self.start(*self.source)
        self.eventually(lambda: self.server.body_bytes() > 20 * MIB, "the first begins")
        second = self.start(*self.source, "--log", "json")
        self.assertIn("Waiting for another process", second.stderr.readline())
        first.kill()
        first.communicate()
        self.server.delay = 0
        _, err = second.communicate(timeout=60)
        self.assertEqual(second.returncode, 0, err)
        self.assert_whole()


class Disks(ObjectCase):
    def test_a_full_disk(self):
        disk = self.scratch / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.limited()  # not root: another limit, the same promise
            return
        self.addCleanup(subprocess.run, ["umount", str(disk)], check=True)
        self.fails(*self.source[:-1], disk / "big.safetensors", words=["no space left", "big.safetensors"])
        self.assertEqual(self.names(disk), [])

    def test_a_file_over_the_limit(self):
        self.limited()

    def limited(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8 * MIB, 8 * MIB))

        self.fails(*self.source, words=["ulimit", "big.safetensors"], preexec_fn=limit)
        self.assertEqual(self.names(self.out.parent), [])

    def test_a_read_only_place(self):
        if os.geteuid() == 0:
            disk = self.scratch / "disk"
            disk.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(disk)], check=True, capture_output=True)
            self.addCleanup(subprocess.run, ["umount", str(disk)], check=True)
            self.fails(*self.source[:-1], disk / "big.safetensors", words=["read-only"])
            self.assertEqual(self.names(disk), [])
        else:
            self.out.parent.mkdir(mode=0o555)
            self.fails(*self.source, words=["permission denied"])


class Usage(PullCase):
    def test_wrong_usage_is_64(self):
        self.fails("gs://bucket/x", code=64, words=["hf://"])
        self.fails("s3://bucket/x", code=64, words=["-o"])
        self.fails("hf://a/b", "--pack", code=64, words=["-o FILE.hearth"])
        self.fails("hf://a/b", "--deadline", "soon", code=64, words=["--deadline", "soon"])
        self.fails("hf://a/b", "--sha256", "xyz", code=64, words=["64 hexadecimal digits"])
        self.fails("hf://a/b", "--connections", "65", code=64)
        self.fails("hf://a/b", "--dtype", "bf16", code=64, words=["--pack"])
        self.fails(code=64)

    def test_help_is_for_newcomers(self):
        text = self.pull("--help").stdout
        for word in ("hf://sentence-transformers/all-MiniLM-L6-v2", "--pack", "HF_TOKEN", "running it again"):
            self.assertIn(word, text)

    def test_a_folder_is_copied(self):
        source = self.scratch / "model"
        (source / "1_Pooling").mkdir(parents=True)
        for name in ("config.json", "1_Pooling/config.json", "model.safetensors", "README.md"):
            (source / name).write_text(name)
        self.pulls(source, "-o", self.scratch / "copy")
        self.assertEqual(self.names(self.scratch / "copy"), ["1_Pooling/config.json", "config.json", "model.safetensors"])
        self.fails(source, "-o", source, code=64, words=["source itself"])
        self.fails(self.scratch / "absent", "-o", self.scratch / "copy", words=["absent"])


if __name__ == "__main__":
    unittest.main()
