#!/usr/bin/env python3
"""`hearth pull s3://…` against moto's S3, signed and anonymous; what moto does not do comes from a server of our own."""
import base64
import hashlib
import pathlib
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import boto3  # noqa: E402
from fake_server import Server  # noqa: E402
from pull_case import PullCase, noise  # noqa: E402

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true"}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Moto(PullCase):
    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.url = f"http://127.0.0.1:{port}"
        cls.process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(cls.url + "/moto-api/", timeout=5).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    cls.process.kill()
                    raise
                time.sleep(0.05)
        cls.s3 = boto3.client("s3", endpoint_url=cls.url, aws_access_key_id="test", aws_secret_access_key="secret",
                              region_name="eu-central-1")
        cls.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait(20)

    def setUp(self):
        super().setUp()
        self.env.update(KEYS, AWS_ENDPOINT_URL_S3=self.url)
        self.out = self.scratch / "out"

    def put(self, key, body, **options):
        self.s3.put_object(Bucket="models", Key=key, Body=body, **options)

    def test_a_folder(self):
        files = {"config.json": b"{}", "1_Pooling/config.json": b'{"a":1}', "model.safetensors": noise(20_000_000),
                 "vocab.txt": b""}
        for name, body in files.items():
            self.put("minilm/" + name, body)
        self.put("minilm/README.md", b"not wanted")
        self.put("minilm/", b"")
        self.put("minilm-v2/config.json", b"another folder")
        for source in ("s3://models/minilm", "s3://models/minilm/"):
            done = self.pulls(source, "-o", self.out)
            self.assertEqual(done.stdout.strip(), str(self.out))
            self.assertEqual(self.names(self.out), sorted(files))
            for name, body in files.items():
                self.assertEqual((self.out / name).read_bytes(), body, name)

    def test_one_object_and_names_that_need_encoding(self):
        for name in ("weights.safetensors", "a b+c=d&e.safetensors", "ünï%41.safetensors"):
            with self.subTest(name):
                self.put("odd/" + name, b"body of " + name.encode())
                target = self.scratch / "file"
                self.pulls(f"s3://models/odd/{name}", "-o", target)
                self.assertEqual(target.read_bytes(), b"body of " + name.encode())
        self.pulls("s3://models/odd", "-o", self.out)
        self.assertEqual(len(self.names(self.out)), 3)

    def test_a_listing_in_pages(self):
        for i in range(1005):
            self.put(f"many/{i:04}.safetensors", b"x")
        self.pulls("s3://models/many", "-o", self.out, "--connections", "16")
        self.assertEqual(len(self.names(self.out)), 1005)

    def test_checksums_that_s3_keeps(self):
        for kind in ("SHA256", "CRC32"):
            with self.subTest(kind):
                self.put(f"sums/{kind}.safetensors", noise(100_000), ChecksumAlgorithm=kind)
                self.pulls(f"s3://models/sums/{kind}.safetensors", "-o", self.scratch / kind)
                self.assertEqual((self.scratch / kind).read_bytes(), noise(100_000))

    def test_what_is_not_there(self):
        self.fails("s3://models/absent", "-o", self.out, words=["s3://models/absent"])
        self.fails("s3://no-such-bucket/x", "-o", self.out, words=["no-such-bucket"])
        self.assertFalse(self.out.exists())

    def test_without_credentials_it_says_where_it_looked(self):
        env = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        self.put("public.safetensors", b"x", ACL="public-read")
        self.put("private.safetensors", b"x")
        self.fails("s3://models/public.safetensors", "-o", self.out, env=env, words=["--no-sign-request"])
        self.pulls("s3://models/public.safetensors", "-o", self.out, "--no-sign-request", env=env)
        self.fails("s3://models/private.safetensors", "-o", self.out, "--no-sign-request", env=env, words=["403"])


class Own(PullCase):
    """What moto does not do."""

    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.close)
        self.env.update(KEYS, AWS_ENDPOINT_URL=self.server.url)
        self.out = self.scratch / "out"

    def test_requests_are_signed_and_anonymous_ones_are_not(self):
        self.server.files["/b/x.safetensors"] = b"x"
        self.pulls("s3://b/x.safetensors", "-o", self.out)
        for request in self.server.requests:
            self.assertIn("AWS4-HMAC-SHA256 Credential=test/", request.headers["Authorization"])
            self.assertIn("/eu-central-1/s3/aws4_request", request.headers["Authorization"])
        self.server.requests.clear()
        self.out.unlink()
        self.pulls("s3://b/x.safetensors", "-o", self.out, "--no-sign-request")
        self.assertEqual([r for r in self.server.requests if r.headers.get("Authorization")], [])

    def test_the_region_is_learned_from_the_bucket(self):
        self.server.files["/b/x.safetensors"] = b"x"
        moved = (301, {"x-amz-bucket-region": "us-west-2"}, b"")
        self.server.rule(lambda r: None if "/us-west-2/" in r.headers["Authorization"] else moved)
        self.pulls("s3://b/x.safetensors", "-o", self.out)
        self.assertEqual(self.out.read_bytes(), b"x")

    def test_checksums_of_whole_objects_are_checked(self):
        body = noise(1000)
        for name, value in {"sha256": hashlib.sha256(body).digest(), "crc64nvme": None}.items():
            wrong = base64.b64encode(bytes(32 if value else 8)).decode()
            headers = {f"x-amz-checksum-{name}": wrong, "x-amz-checksum-type": "FULL_OBJECT"}
            self.server.files["/b/x.safetensors"] = (body, headers)
            self.fails("s3://b/x.safetensors", "-o", self.out, words=["it should be"])
            self.assertFalse(self.out.exists())
            if value:
                headers[f"x-amz-checksum-{name}"] = base64.b64encode(value).decode()
                self.pulls("s3://b/x.safetensors", "-o", self.out)
                self.out.unlink()

    def test_kms_objects_have_no_md5_to_fail_on(self):
        self.server.files["/b/x.safetensors"] = (b"x", {"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms"})
        self.pulls("s3://b/x.safetensors", "-o", self.out)

    def test_listings_that_lead_out_are_refused(self):
        for key in ("m/../../evil.safetensors", "elsewhere/evil.safetensors", "m/%5C..%5Cevil.safetensors", "m/%00.safetensors"):
            listing = ("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>m/config.json</Key><Size>1</Size>"
                       f"</Contents><Contents><Key>{key}</Key><Size>1</Size></Contents></ListBucketResult>")
            self.server.files["/b"] = listing.encode()
            self.fails("s3://b/m/", "-o", self.out, words=["list"])
            self.assertFalse(self.out.exists())

    def test_a_denied_bucket(self):
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.server.rule(lambda r: (403, {}, body))
        self.fails("s3://b/m", "-o", self.out, words=["AccessDenied", "s3:ListBucket"])
        self.assertLess(len(self.server.requests), 4)

    def test_slow_down_is_waited_for(self):
        self.server.files["/b/x.safetensors"] = b"x"
        self.server.rule(lambda r: (503, {}, b"<Error><Code>SlowDown</Code></Error>"), times=2)
        self.pulls("s3://b/x.safetensors", "-o", self.out)


if __name__ == "__main__":
    unittest.main()
