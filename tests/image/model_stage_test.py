"""The Dockerfile's model stage by itself: which packed file it takes, when it pulls, and that a wrong name never bakes a wrong model.

Everything else of the Dockerfile is replaced by the image that is built already, so nothing is compiled here.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from container import DOCKER, IMAGE, SOURCE, docker, main, unique_name

sys.path.insert(0, str(SOURCE / "tests/pull"))
from fake_server import Hub  # noqa: E402

MODEL = SOURCE / "models/all-MiniLM-L6-v2.hearth"


def dockerfile(label):
    """The real text of the stage `model`, on a stage `build` that only hands over the image's binary and certificates. Everything
    that is built carries the label, to be found again."""
    text = (SOURCE / "Dockerfile").read_text()
    stage = text[text.index("FROM ${BASE} AS model"):text.index("FROM scratch AS minimal")]
    stage = stage.replace("\n", f"\nLABEL hearth.test={label}\n", 1)
    return (f"ARG BASE=debian:bookworm-slim\nFROM {IMAGE} AS there\nFROM scratch AS build\nLABEL hearth.test={label}\n"
            "COPY --from=there /usr/local/bin/hearth /out/usr/local/bin/hearth\n"
            "COPY --from=there /etc/ssl/certs/ca-certificates.crt /root-minimal/etc/ssl/certs/ca-certificates.crt\n" + stage)


def find_builder():
    """(client, environment): BuildKit where a client on PATH can do it, as script/image looks for it; it is much the quicker one."""
    buildkit = {**os.environ, "DOCKER_BUILDKIT": "1"}
    for folder in os.get_exec_path():
        client = os.path.join(folder, "docker")
        if os.access(client, os.X_OK) and subprocess.run(
                [client, "build", "-q", "-"], input=b"FROM scratch\nLABEL hearth.probe=1\n", env=buildkit, capture_output=True,
                timeout=60, check=False).returncode == 0:
            return client, buildkit
    return DOCKER, dict(os.environ)


class ModelStage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client, cls.environment = find_builder()

    def setUp(self):
        self.context = pathlib.Path(tempfile.mkdtemp(prefix="hearth-context-"))
        (self.context / "models").mkdir()
        shutil.copy(SOURCE / "LICENSE", self.context)
        self.tag = unique_name("stage")
        (self.context / "Dockerfile").write_text(dockerfile(self.tag))

    def tearDown(self):
        docker("rmi", "-f", self.tag, check=False)
        docker("image", "prune", "-f", "--filter", f"label=hearth.test={self.tag}")
        shutil.rmtree(self.context)

    def build(self, *arguments):
        """(exit code, what the build said)."""
        # --no-cache: a step that comes from the cache says nothing.
        result = subprocess.run([self.client, "build", "--no-cache", "--force-rm", "-t", self.tag, *arguments, str(self.context)],
                                env=self.environment, capture_output=True, text=True, timeout=300, check=False)
        return result.returncode, result.stdout + result.stderr

    def put(self, name):
        os.link(MODEL, self.context / "models" / name) if os.stat(MODEL).st_dev == os.stat(self.context).st_dev else \
            shutil.copy(MODEL, self.context / "models" / name)

    def test_the_packed_file_of_the_context_is_taken(self):
        self.put("all-MiniLM-L6-v2.hearth")
        code, said = self.build()
        self.assertEqual(code, 0, said)
        self.assertIn("model: models/all-MiniLM-L6-v2.hearth of the build context", said)
        listing = docker("run", "--rm", self.tag, "stat", "-c", "%s %a %u", "/model/model.hearth").stdout.split()
        self.assertEqual(listing, [str(MODEL.stat().st_size), "444", "0"])

    def test_another_models_file_is_not_taken(self):
        """models/ has MiniLM, another is asked for: it is pulled (and here, where nobody answers, the build fails)."""
        self.put("all-MiniLM-L6-v2.hearth")
        code, said = self.build("--network", "none", "--build-arg", "MODEL=hf://org/another", "--build-arg",
                                "HF_ENDPOINT=ftp://nowhere")
        self.assertNotEqual(code, 0, said)
        self.assertIn("model: pulling hf://org/another", said)

    def test_without_any_packed_file_it_pulls(self):
        (self.context / "models").rmdir()
        code, said = self.build("--network", "none", "--build-arg", "HF_ENDPOINT=ftp://nowhere")
        self.assertNotEqual(code, 0, said)
        self.assertIn("model: pulling hf://sentence-transformers/all-MiniLM-L6-v2", said)

    def test_a_model_of_the_hub_is_pulled_and_packed(self):
        """From a hub on loopback: the packed file lies there, and nothing beside it."""
        folder = SOURCE / "models/all-MiniLM-L6-v2"
        hub = Hub({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()},
                  repository="sentence-transformers/all-MiniLM-L6-v2")
        self.addCleanup(hub.close)
        code, said = self.build("--network", "host", "--build-arg", f"HF_ENDPOINT={hub.hub.url}")
        self.assertEqual(code, 0, said)
        self.assertEqual(docker("run", "--rm", self.tag, "ls", "-A", "/model").stdout.split(), ["model.hearth"])
        info = json.loads(docker("run", "--rm", self.tag, "hearth", "pack", "--info", "/model/model.hearth", "--json").stdout)
        self.assertEqual((info["hidden_size"], info["layers"], info["vocab_size"]), (384, 6, 30522))

    def test_a_revision_is_part_of_the_name(self):
        self.put("all-MiniLM-L6-v2.hearth")
        code, said = self.build("--network", "none", "--build-arg", "HF_ENDPOINT=ftp://nowhere", "--build-arg",
                                "MODEL=hf://sentence-transformers/all-MiniLM-L6-v2@v1")
        self.assertNotEqual(code, 0, said)
        self.assertIn("pulling", said)

    def test_a_file_by_its_name(self):
        self.put("mine.hearth")
        code, said = self.build("--build-arg", "MODEL=mine")
        self.assertEqual(code, 0, said)
        self.assertIn("model: models/mine.hearth of the build context", said)

    def test_a_damaged_file_fails_the_build(self):
        (self.context / "models/all-MiniLM-L6-v2.hearth").write_bytes(MODEL.read_bytes()[:-4096])
        code, said = self.build()
        self.assertNotEqual(code, 0, said)
        self.assertIn("/model/model.hearth", said)


if __name__ == "__main__":
    main(IMAGE)
