"""What is in the images and what they declare: user, labels, health check, sizes, nothing that is not needed."""
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import unittest

from container import BAKED_MODEL, DOCKER, IMAGE, MINIMAL, SOURCE, docker, main, unique_name

sys.path.insert(0, str(SOURCE / "tools"))
import image_sizes  # noqa: E402

BASE = "debian:bookworm-slim"
BOTH = (IMAGE, MINIMAL)


def config_of(image):
    return json.loads(docker("image", "inspect", image).stdout)[0]["Config"]


def run(image, *arguments, check=True):
    return docker("run", "--rm", "--name", unique_name(), "--network", "none", "--read-only", image, *arguments, check=check)


def files_of(image):
    """{path: tarfile.TarInfo} of a container that was never started."""
    name = unique_name()
    docker("create", "--name", name, image)
    try:
        listing = docker_bytes("export", name)
    finally:
        docker("rm", name)
    with tarfile.open(fileobj=io.BytesIO(listing)) as tar:
        return {"/" + member.name: member for member in tar}


def docker_bytes(*arguments):
    return subprocess.run([DOCKER, *arguments], check=True, capture_output=True, timeout=120).stdout


class Declares(unittest.TestCase):
    def test_user_port_signal_and_place(self):
        for image in BOTH:
            with self.subTest(image):
                config = config_of(image)
                self.assertEqual(config["User"], "65532:65532")
                self.assertEqual(config["WorkingDir"], "/app")
                self.assertEqual(list(config["ExposedPorts"]), ["8000/tcp"])
                self.assertEqual(config["StopSignal"], "SIGTERM")
                environment = dict(line.split("=", 1) for line in config["Env"])
                self.assertEqual(environment["HF_HOME"], "/app/.cache")
                self.assertEqual(environment["HEARTH_MODEL"], BAKED_MODEL)

    def test_health_check(self):
        second = 1_000_000_000
        for image, program in ((IMAGE, "hearth"), (MINIMAL, "/usr/local/bin/hearth")):
            with self.subTest(image):
                self.assertEqual(config_of(image)["Healthcheck"],
                                 {"Test": ["CMD", program, "probe", "ready"], "Interval": 10 * second, "Timeout": 5 * second,
                                  "StartPeriod": 60 * second, "Retries": 3})

    def test_labels_name_the_version_of_the_binary(self):
        for image in BOTH:
            with self.subTest(image):
                labels = config_of(image)["Labels"]
                prefix = "org.opencontainers.image."
                self.assertEqual(labels[prefix + "title"], "hearth")
                self.assertEqual(labels[prefix + "licenses"], "Apache-2.0")
                self.assertIn(prefix + "description", labels)
                self.assertIn(prefix + "source", labels)
                self.assertEqual("hearth " + labels[prefix + "version"], run(image, "--version").stdout.strip())
                history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout
                self.assertIn("org.opencontainers.image.title", history)


class Contains(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {image: files_of(image) for image in BOTH}

    def test_model_and_binary_belong_to_root_and_the_cache_to_the_user(self):
        for image, files in self.files.items():
            with self.subTest(image):
                for path in (BAKED_MODEL, "/app/models", "/app", "/usr/local/bin/hearth"):
                    self.assertEqual(files[path].uid, 0, path)
                    self.assertFalse(files[path].mode & 0o022, path)
                for path in ("/app/.cache", "/models"):
                    self.assertTrue(files[path].isdir(), path)
                    self.assertEqual((files[path].uid, files[path].gid), (65532, 65532), path)

    def test_notices_and_licences_are_inside(self):
        for image, files in self.files.items():
            with self.subTest(image):
                names = {pathlib.PurePath(path).name for path in files if path.startswith("/usr/share/doc/hearth/")}
                self.assertLessEqual({"LICENSE", "THIRD_PARTY_NOTICES.md", "libfmt-dev", "libssl-dev", "libhwy-dev"}, names)
                self.assertGreater(files["/etc/ssl/certs/ca-certificates.crt"].size, 100_000)

    def test_no_trace_of_the_build(self):
        wanted = re.compile(r"^/(src|context|out|root-minimal|empty|model)(/|$)|\.(cc|o|a)$|/clang|/ccache|boost")
        for image, files in self.files.items():
            with self.subTest(image):
                self.assertEqual([path for path in files if wanted.search(path)], [])

    def test_the_binary_is_stripped(self):
        # The symbol table alone of the build's file would be megabytes.
        for image, files in self.files.items():
            self.assertLess(files["/usr/local/bin/hearth"].size, 12_000_000, image)

    def test_minimal_has_no_shell_and_one_program(self):
        files = self.files[MINIMAL]
        regular = {path for path, member in files.items() if member.isfile() and member.mode & 0o111}
        libraries = {path for path in regular if re.search(r"/(ld-linux|lib)[^/]*\.so", path)}
        of_docker = {"/.dockerenv", "/dev/console", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}
        self.assertEqual(regular - libraries - of_docker, {"/usr/local/bin/hearth"})
        result = docker("run", "--rm", "--name", unique_name(), "--entrypoint", "/bin/sh", MINIMAL, "-c", "true", check=False)
        self.assertEqual(result.returncode, 127, result.stderr)


class Runs(unittest.TestCase):
    def test_arguments_are_hearths(self):
        for image in BOTH:
            with self.subTest(image):
                self.assertIn("--max-batch-tokens", run(image, "serve", "--help").stdout)
                self.assertIn("hf://", run(image, "pull", "--help").stdout)
                self.assertIn('"hidden_size":384', run(image, "pack", "--info", BAKED_MODEL, "--json").stdout.replace(" ", ""))


class Sizes(unittest.TestCase):
    def test_debian_image(self):
        found = image_sizes.sizes(IMAGE, BASE)
        self.assertLessEqual(found["rest"], image_sizes.BUDGET)
        self.assertGreater(found["rest"], 1_000_000)
        self.assertGreater(found["model"], 80_000_000)

    def test_minimal_image(self):
        found = image_sizes.sizes(MINIMAL)
        self.assertLessEqual(found["rest"], image_sizes.MINIMAL_BUDGET)
        self.assertGreater(found["rest"], 1_000_000)
        self.assertGreater(found["model"], 80_000_000)

    def test_a_wrong_base_is_an_error_not_a_small_size(self):
        with self.assertRaises(ValueError):
            image_sizes.sizes(MINIMAL, BASE)

    def test_the_model_lies_under_the_binary(self):
        """So that a change of the sources leaves the model's layer where it is, at registries and on hosts."""
        made = [made for size, made in image_sizes.history_of(IMAGE) if size > 1_000_000]
        self.assertRegex(made[1], image_sizes.MODEL_LAYER)


class Dockerfile(unittest.TestCase):
    def test_nothing_that_a_builder_refuses(self):
        """The classic builder parses neither heredocs nor flags of RUN; BuildKit without a registry cannot bring a frontend."""
        text = (SOURCE / "Dockerfile").read_text()
        self.assertFalse(text.startswith("# syntax") or text.startswith("#syntax"))
        for word in ("<<", "--mount", "--link", "--chmod", "--start-interval", "--security", "--parents /"):
            lines = [line for line in text.splitlines() if word in line and not line.startswith(("#", " &&", "   "))]
            self.assertEqual(lines, [], word)

    def test_both_targets_declare_the_same(self):
        configs = [config_of(image) for image in BOTH]
        for key in ("Env", "Cmd", "WorkingDir", "User", "ExposedPorts", "StopSignal"):
            mine, other = (config[key] for config in configs)
            if key == "Env":
                mine, other = ({line for line in lines if not line.startswith("PATH=")} for lines in (mine, other))
            self.assertEqual(mine, other, key)


if __name__ == "__main__":
    main(IMAGE, MINIMAL)
