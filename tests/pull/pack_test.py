#!/usr/bin/env python3
"""`hearth pull … --pack`: from the hub or S3 straight on to the packed file, once."""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fake_server import COMMIT, Hub  # noqa: E402
from pull_case import BINARY, SOURCE, PullCase  # noqa: E402

FOLDER = SOURCE / "models/all-MiniLM-L6-v2"


class Pack(PullCase):
    def setUp(self):
        super().setUp()
        self.assertTrue(FOLDER.is_dir(), f"{FOLDER} is missing: run script/model")
        self.hub = Hub({str(p.relative_to(FOLDER)): p.read_bytes() for p in FOLDER.rglob("*") if p.is_file()})
        self.addCleanup(self.hub.close)
        self.env["HF_ENDPOINT"] = self.hub.hub.url
        self.out = self.scratch / "volume/minilm.hearth"

    def pack(self, *arguments, **options):
        return self.pulls("hf://org/name", "--pack", "-o", self.out, "--log", "json", *arguments, **options)

    def test_the_hub_to_a_packed_file_once(self):
        done = self.pack()
        self.assertEqual(done.stdout.strip(), str(self.out))
        self.assertEqual(self.names(self.out.parent), ["minilm.hearth", "minilm.hearth.source.json"])
        direct = self.scratch / "direct.hearth"
        subprocess.run([BINARY, "pack", FOLDER, "-o", direct, "--name", "org/name"], check=True, capture_output=True)
        self.assertEqual(self.out.read_bytes(), direct.read_bytes(), "the same as `hearth pack` makes")

        before = self.out.stat().st_ino
        self.assertIn("Already there", self.pack().stderr)
        self.assertIn("Already there", self.pack(env={"HF_HUB_OFFLINE": "1"}).stderr)
        self.assertEqual(self.out.stat().st_ino, before)
        self.assertNotIn("Already there", self.pack("--dtype", "bf16").stderr)
        self.assertLess(self.out.stat().st_size, 50_000_000)
        self.assertNotIn("Already there", self.pack().stderr)

        with open(self.out, "r+b") as file:
            file.seek(50_000_000)
            file.write(b"damaged")
        self.pack()
        self.assertEqual(self.out.read_bytes(), direct.read_bytes(), "a damaged file is made again")

        self.hub.commit = "d" * 40
        self.hub.set_files(self.hub.files)
        self.assertNotIn("Already there", self.pack().stderr, "another revision")

    def test_from_s3(self):
        for path in FOLDER.rglob("*"):
            if path.is_file():
                self.hub.hub.files[f"/b/m/{path.relative_to(FOLDER)}"] = path.read_bytes()
        keys = [k for k in self.hub.hub.files if k.startswith("/b/m/")]
        listing = "".join(f"<Contents><Key>{k[3:]}</Key><Size>{len(self.hub.hub.files[k])}</Size></Contents>" for k in keys)
        self.hub.hub.files["/b"] = f"<ListBucketResult>{listing}</ListBucketResult>".encode()
        env = {"AWS_ENDPOINT_URL": self.hub.hub.url}
        arguments = ["s3://b/m", "--no-sign-request", "--pack", "-o", self.out, "--log", "json"]
        self.pulls(*arguments, env=env)
        self.assertEqual(self.names(self.out.parent), ["minilm.hearth", "minilm.hearth.source.json"])
        before = self.hub.hub.body_bytes("/b/m/")
        self.assertIn("Already there", self.pulls(*arguments, env=env).stderr)
        self.assertEqual(self.hub.hub.body_bytes("/b/m/"), before)

    def test_what_cannot_be_packed_leaves_no_file(self):
        self.hub.set_files({"config.json": b'{"model_type":"llama"}', "model.safetensors": b"x"})
        self.fails("hf://org/name", "--pack", "-o", self.out, words=["llama"])
        self.assertEqual(self.names(self.out.parent), [])
        self.assertIn(COMMIT, self.hub.commit)


if __name__ == "__main__":
    unittest.main()
