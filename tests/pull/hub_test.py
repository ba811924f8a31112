#!/usr/bin/env python3
"""`hearth pull hf://…` against a hub on loopback that fails in every way, and beside huggingface_hub on the same cache."""
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fake_server import COMMIT, Hub, Server, git_sha1  # noqa: E402
from pull_case import PullCase, noise  # noqa: E402

MIB = 1 << 20
PYTHON = """
import sys
from huggingface_hub import snapshot_download
print(snapshot_download("org/name", allow_patterns=["*.json", "*.safetensors"], local_files_only=sys.argv[1] == "local"))
"""


class HubCase(PullCase):
    weights = noise(3 * MIB + 17)

    def setUp(self):
        super().setUp()
        self.files = {"config.json": b'{"model_type":"bert"}', "1_Pooling/config.json": b"{}", "README.md": b"# no",
                      "model.safetensors": self.weights, "pytorch_model.bin": noise(2 * MIB, 2)}
        self.hub = Hub(self.files)
        self.addCleanup(self.hub.close)
        self.env["HF_ENDPOINT"] = self.hub.hub.url
        self.snapshot = self.cache / "models--org--name/snapshots" / COMMIT

    def assert_whole(self, folder=None):
        folder = folder or self.snapshot
        wanted = ["1_Pooling/config.json", "config.json", "model.safetensors"]
        self.assertEqual(self.names(folder), wanted)
        for name in wanted:
            self.assertEqual((folder / name).read_bytes(), self.files[name], name)

    def assert_nothing_final(self):
        blobs = self.cache / "models--org--name/blobs"
        final = [p.name for p in blobs.iterdir() if ".partial-" not in p.name] if blobs.exists() else []
        self.assertNotIn(self.sha(), final)
        self.assertFalse((self.snapshot / "model.safetensors").exists())

    def sha(self):
        import hashlib
        return hashlib.sha256(self.weights).hexdigest()

    def partials(self):
        return sorted(self.cache.rglob("*.partial-*"))


class Cache(HubCase):
    def test_what_is_brought_and_where_it_lies(self):
        done = self.pulls("hf://org/name", "--log", "json")
        self.assertEqual(done.stdout.splitlines()[-1], str(self.snapshot))
        self.assert_whole()
        link = self.snapshot / "1_Pooling/config.json"
        self.assertEqual(os.readlink(link), "../../../blobs/" + git_sha1(b"{}"))
        self.assertEqual(os.readlink(self.snapshot / "model.safetensors"), "../../blobs/" + self.sha())
        self.assertEqual((self.cache / "models--org--name/refs/main").read_text(), COMMIT)
        self.assertEqual(self.partials(), [])
        said = json.loads(done.stderr.splitlines()[-1])
        self.assertEqual((said["message"], said["revision"], said["files"]), ("Pulled", COMMIT, 3))
        self.assertEqual(said["bytes"], said["bytes_arrived"])

    def test_a_second_pull_brings_nothing(self):
        self.pulls("org/name")
        before = len(self.hub.storage.requests)
        self.pulls("hf://org/name")
        self.assertEqual(len(self.hub.storage.requests), before)
        self.assertEqual([r for r in self.hub.hub.requests[-2:] if "/resolve/" in r.path], [])

    def test_a_new_revision_brings_only_what_changed(self):
        self.pulls("hf://org/name")
        self.hub.commit = "d" * 40
        self.files["config.json"] = b'{"model_type":"bert","x":1}'
        self.hub.set_files(self.files)
        before = len(self.hub.storage.requests)
        self.pulls("hf://org/name")
        self.assertEqual(len(self.hub.storage.requests), before)
        self.assertEqual((self.snapshot.parent / ("d" * 40) / "config.json").read_bytes(), self.files["config.json"])

    def test_python_finds_what_hearth_pulled(self):
        self.pulls("hf://org/name")
        found = subprocess.run([sys.executable, "-c", PYTHON, "local"], env=self.env, capture_output=True, text=True, check=False)
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertEqual(found.stdout.strip(), str(self.snapshot))

    def test_hearth_uses_what_python_pulled(self):
        found = subprocess.run([sys.executable, "-c", PYTHON, "online"], env={**self.env, "HF_HUB_DISABLE_XET": "1"},
                               capture_output=True, text=True, check=False)
        self.assertEqual(found.returncode, 0, found.stderr)
        before = len(self.hub.storage.requests), len(self.hub.hub.gets("/resolve/"))
        done = self.pulls("hf://org/name")
        self.assertEqual(done.stdout.strip(), found.stdout.strip())
        self.assertEqual((len(self.hub.storage.requests), len(self.hub.hub.gets("/resolve/"))), before)
        self.pulls("hf://org/name", env={"HF_HUB_OFFLINE": "1"})

    def test_offline_takes_the_cache_or_says_what_is_missing(self):
        offline = {"HF_HUB_OFFLINE": "1"}
        self.fails("hf://org/name", env=offline, words=["offline", "org/name"])
        self.assertEqual(self.hub.hub.requests, [])
        self.pulls("hf://org/name")
        asked = len(self.hub.hub.requests)
        self.assertEqual(self.pulls("hf://org/name", env=offline).stdout.strip(), str(self.snapshot))
        self.pulls("hf://org/name", "--offline", "-o", self.scratch / "plain")
        self.assert_whole(self.scratch / "plain")
        self.assertEqual(len(self.hub.hub.requests), asked)
        (self.snapshot / "config.json").unlink()
        self.fails("hf://org/name", env=offline, words=["config.json"])

    def test_a_plain_folder(self):
        self.pulls("hf://org/name", "-o", self.scratch / "plain")
        self.assert_whole(self.scratch / "plain")
        self.assertFalse(self.cache.exists())
        before = self.hub.storage.body_bytes()
        self.pulls("hf://org/name", "-o", self.scratch / "plain")
        self.assertEqual(self.hub.storage.body_bytes(), before, "the same files are kept")

    def test_include(self):
        self.pulls("hf://org/name", "--include", "*.bin", "--include", "README.md")
        self.assertEqual(self.names(self.snapshot), ["README.md", "pytorch_model.bin"])
        self.fails("hf://org/name", "--include", "*.onnx", words=["none of which is wanted"])

    def test_given_hashes_are_checked_in_the_cache_too(self):
        right, wrong = f"model.safetensors={self.sha()}", "model.safetensors=" + "0" * 64
        self.fails("hf://org/name", "--sha256", wrong, words=["SHA-256"])
        self.assert_nothing_final()
        self.fails("hf://org/name", "--sha256", "0" * 64, code=64, words=["NAME=HEX"])
        self.pulls("hf://org/name", "--sha256", right)
        self.fails("hf://org/name", "--sha256", wrong, words=["SHA-256"])
        self.fails("hf://org/name", "--offline", "--sha256", wrong, words=["SHA-256"])
        self.pulls("hf://org/name", "--sha256", right)

    def test_the_token_goes_to_the_hub_and_not_to_its_storage(self):
        self.hub.hub.rule(lambda r: None if r.headers.get("Authorization") == "Bearer hf_secret" else (401, {}, b""))
        self.fails("hf://org/name", words=["HF_TOKEN"])
        self.pulls("hf://org/name", env={"HF_TOKEN": "hf_secret"})
        self.assertTrue(self.hub.storage.requests)
        self.assertEqual([r for r in self.hub.storage.requests if r.headers.get("Authorization")], [])
        self.assert_whole()

    def test_gated_private_and_absent_are_one_sentence(self):
        gated = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model org/name is restricted"}
        self.hub.hub.rule(lambda r: (403, gated, b"") if "/resolve/" in r.path else None)
        self.fails("hf://org/name", words=["gated", "HF_TOKEN", "restricted"])
        self.fails("hf://org/absent", words=["org/absent", "HF_TOKEN"])
        wrong = {"X-Error-Code": "RevisionNotFound"}
        self.hub.hub.rule(lambda r: (404, wrong, b"") if "/revision/v9" in r.path else None)
        self.fails("hf://org/name@v9", words=["revision"])
        self.assertLess(len(self.hub.hub.requests), 12, "none of them is asked again and again")

    def test_relative_redirects_are_followed_with_the_token(self):
        path = f"/org/name/resolve/{COMMIT}/config.json"
        body = self.hub.hub.files[path]
        self.hub.hub.files["/api/resolve-cache/config.json"] = body
        self.hub.hub.files[path] = (b"", {"status": 307, "Location": "/api/resolve-cache/config.json", "X-Repo-Commit": COMMIT})
        self.pulls("hf://org/name", env={"HF_TOKEN": "hf_secret"})
        self.assert_whole()
        cached = [r for r in self.hub.hub.requests if "resolve-cache" in r.path]
        self.assertTrue(cached)
        self.assertEqual({r.headers.get("Authorization") for r in cached}, {"Bearer hf_secret"})

    def test_redirect_loops_and_other_schemes_end(self):
        self.hub.storage.rules.clear()
        self.hub.storage.rule(lambda r: (302, {"Location": r.path + "x"}, b""))
        self.fails("hf://org/name", words=["redirects more than 5 times"])
        self.hub.storage.rules.clear()
        self.hub.storage.rule(lambda r: (302, {"Location": "file:///etc/passwd"}, b""))
        self.fails("hf://org/name", words=["scheme"])
        self.assert_nothing_final()

    def test_an_expired_address_is_resolved_again(self):
        asked = threading.Event()

        def expire_once(_):
            if not asked.is_set():
                asked.set()
                self.hub.expire()
            return None

        self.hub.storage.rules.insert(0, expire_once)
        self.pulls("hf://org/name")
        self.assert_whole()

    def test_a_storage_that_always_refuses_is_an_error(self):
        self.hub.storage.rules.insert(0, lambda r: (403, {}, b""))
        self.fails("hf://org/name", words=["storage", "403"])
        self.assertLess(len(self.hub.storage.requests), 8)

    def test_listings_that_lead_out_are_refused(self):
        for name in ("../evil.safetensors", "/evil.safetensors", "a/../../evil.safetensors", "a\\evil.safetensors",
                     "evil\u0000.safetensors", "config.json/evil.safetensors"):
            tree = [{"type": "file", "path": n, "size": 1, "oid": "0" * 40} for n in ("config.json", name)]
            self.hub.hub.files[f"/api/models/org/name/tree/{COMMIT}"] = json.dumps(tree).encode()
            self.fails("hf://org/name", words=["the source lists a file"])
            self.fails("hf://org/name", "-o", self.scratch / "out", words=["the source lists a file"])
        self.assertEqual(self.names(self.scratch), [])

    def test_a_commit_that_is_none_is_refused(self):
        self.hub.hub.files["/api/models/org/name/revision/main"] = b'{"sha":"../../../evil"}'
        self.fails("hf://org/name", words=["commit"])
        self.assertEqual(self.names(self.scratch), [])

    def test_a_link_in_the_way_is_not_followed(self):
        (self.scratch / "out").mkdir()
        (self.scratch / "elsewhere").mkdir()
        (self.scratch / "out/1_Pooling").symlink_to(self.scratch / "elsewhere")
        self.fails("hf://org/name", "-o", self.scratch / "out", words=["link"])
        self.assertEqual(self.names(self.scratch / "elsewhere"), [])

    def test_python_holding_the_lock_is_waited_for(self):
        lock = self.cache / ".locks/models--org--name" / f"{self.sha()}.lock"
        lock.parent.mkdir(parents=True)
        with open(lock, "w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            process = self.start("hf://org/name", "--log", "json")
            self.assertIn("Waiting for another process", process.stderr.readline())
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, err)
        self.assert_whole()


class Faults(HubCase):
    def test_each_fault_is_survived(self):
        faults = {"500": [(500, {}, b"oops")], "429": [(429, {"Retry-After": "1"}, b"")], "reset": ["reset"],
                  "truncate": ["truncate"], "wrong range": ["truncate", "wrong range"], "no range": ["truncate", "whole"]}
        for name, actions in faults.items():
            with self.subTest(name):
                self.hub.storage.rules[:0] = [self.once(action) for action in actions]
                folder = self.scratch / name
                done = self.pulls("hf://org/name", "-o", folder, "--log", "json")
                self.assert_whole(folder)
                self.assertIn("Trying again", done.stderr)

    def once(self, action):
        used = []

        def rule(_):
            if used:
                return None
            used.append(1)
            return action
        return rule

    def test_retry_after_is_honoured(self):
        began = time.monotonic()
        self.hub.storage.rules.insert(0, self.once((429, {"Retry-After": "1"}, b"")))
        self.pulls("hf://org/name")
        self.assertGreaterEqual(time.monotonic() - began, 1)

    def test_a_broken_body_is_gone_on_with_where_it_ended(self):
        self.hub.storage.rules.insert(0, self.once("truncate"))
        self.pulls("hf://org/name")
        self.assert_whole()
        self.assertEqual(self.hub.storage.gets()[1].range, (70_000, len(self.weights)))
        self.assertEqual(self.hub.storage.body_bytes(), len(self.weights), "no byte came twice")

    def test_a_stall_is_given_up_on(self):
        self.hub.storage.rules.insert(0, self.once("stall"))
        self.pulls("hf://org/name", "--idle-timeout", "300ms")
        self.assert_whole()

    def test_a_slow_drip_ends_at_the_deadline(self):
        self.hub.storage.delay = 0.5
        self.fails("hf://org/name", "--deadline", "2s", words=["model.safetensors"])
        self.assert_nothing_final()

    def test_a_server_that_never_recovers_is_given_up_on(self):
        self.hub.storage.rules.insert(0, lambda r: (503, {}, b""))
        self.fails("hf://org/name", "--deadline", "1500ms", words=["503", "gave up"])
        self.assertLess(len(self.hub.storage.requests), 20, "with waits between")
        self.assert_nothing_final()
        self.assertEqual(self.partials(), [])

    def test_a_wrong_hash_is_never_final(self):
        self.hub.storage.rules.insert(0, lambda r: "corrupt")
        self.fails("hf://org/name", words=["SHA-256", "model.safetensors"])
        self.assert_nothing_final()
        self.assertEqual(self.partials(), [])

    def test_wrong_ranges_again_and_again_are_an_error(self):
        self.hub.storage.rules.insert(0, lambda r: "wrong range" if r.range else "truncate")
        self.fails("hf://org/name", words=["Content-Range", "gave up after 3 tries"])
        self.assert_nothing_final()

    def test_a_small_file_that_breaks_off(self):
        self.hub.hub.rule(lambda r: "truncate" if r.method == "GET" and r.path.endswith("config.json") and not r.range else None,
                          times=1)
        self.pulls("hf://org/name")
        self.assert_whole()

    def test_the_hub_itself_stumbles(self):
        for part in ("/revision/", "/tree/", "/resolve/"):
            self.hub.hub.rule(lambda r, part=part: (502, {}, b"") if part in r.path else None, times=1)
        self.pulls("hf://org/name")
        self.assert_whole()

    def test_a_listing_in_pages(self):
        tree = json.loads(self.hub.hub.files[f"/api/models/org/name/tree/{COMMIT}"])
        path = f"/api/models/org/name/tree/{COMMIT}"

        def page(asked):
            if "cursor=2" in asked:
                return (json.dumps(tree[2:]).encode(), {})
            return (json.dumps(tree[:2]).encode(), {"Link": f'<{self.hub.hub.url}{path}?recursive=true&cursor=2>; rel="next"'})

        self.hub.hub.files[path] = page
        self.pulls("hf://org/name")
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()
