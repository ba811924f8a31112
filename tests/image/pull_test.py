"""`hearth pull` as an init container: hardened, onto a volume that a replica then serves read-only. Both images."""
import sys
import unittest

from container import HARDENED, IMAGE, MINIMAL, SOURCE, Container, docker, main, unique_name

sys.path.insert(0, str(SOURCE / "tests/pull"))
from fake_server import Hub  # noqa: E402

FOLDER = SOURCE / "models/all-MiniLM-L6-v2"


class Image:
    """The tests of every image; the classes at the end name the image."""
    image = None

    def setUp(self):
        self.volume = unique_name("volume")
        docker("volume", "create", self.volume)
        self.addCleanup(docker, "volume", "rm", "-f", self.volume)

    def pull(self, *arguments, flags=()):
        return docker("run", "--rm", "--name", unique_name("pull"), *HARDENED, "--network", "host", "-v", f"{self.volume}:/models",
                      *flags, self.image, "pull", *arguments, check=False)

    def test_a_model_of_the_hub_onto_a_volume(self):
        hub = Hub({str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()})
        self.addCleanup(hub.close)
        flags = ("-e", f"HF_ENDPOINT={hub.hub.url}", "-e", "HF_HOME=/models/.cache")
        for _ in range(2):  # the second time it is there already
            result = self.pull("hf://org/name", "--pack", "-o", "/models/model.hearth", flags=flags)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stdout.strip(), "/models/model.hearth")
        flags = ("-v", f"{self.volume}:/models:ro")
        with Container(image=self.image, flags=flags, env={"HEARTH_MODEL": "/models/model.hearth"}) as server:
            self.assertEqual(len(server.post("/embed", {"text": "a"}).json()["embedding"]), 384)

    def test_the_baked_model_onto_a_volume(self):
        result = self.pull("/app/models", "--pack", "-o", "/models/model.hearth")
        self.assertEqual(result.returncode, 0, result.stderr)
        verified = docker("run", "--rm", "--network", "none", "-v", f"{self.volume}:/models:ro", self.image, "pack", "--verify",
                          "/models/model.hearth")
        self.assertIn("is sound", verified.stdout + verified.stderr)

    def test_nowhere_to_write_is_one_clear_line(self):
        result = self.pull("/app/models", "--pack", "-o", "/app/copy.hearth")
        self.assertNotEqual(result.returncode, 0)
        lines = [line for line in result.stderr.splitlines() if line.startswith("hearth: ")]
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertIn("/app/", lines[0])


class Debian(Image, unittest.TestCase):
    image = IMAGE


class Minimal(Image, unittest.TestCase):
    image = MINIMAL


if __name__ == "__main__":
    main(IMAGE, MINIMAL)
