"""What the tests of `hearth ecs` and `hearth doctor` share: the ground, a hearth.toml, and the command."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import aws_ground  # noqa: E402
import pool_file  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
TIMEOUT_S = 120  # of a command; under a sanitizer on a busy machine things are slow
NAME = "embedding-warm-pool"


class GroundCase(unittest.TestCase):
    """One ground for all tests of a file; a new account for each."""

    ground = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if GroundCase.ground is None:
            GroundCase.ground = aws_ground.Ground()

    def setUp(self):
        self.ground.reset()
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-ecs-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.addCleanup(self.check_ground)

    def check_ground(self):
        proxy = self.ground.proxy
        self.assertEqual((proxy.not_in_moto, proxy.defects), ([], []))


class EcsCase(GroundCase):
    """`hearth ecs` on a hearth.toml in the scratch folder. Whatever it sent, each request was valid."""

    def setUp(self):
        super().setUp()
        self.file = self.scratch / "hearth.toml"
        self.write()

    def check_ground(self):
        super().check_ground()
        for request in self.ground.proxy.requests:
            self.assertEqual(request.problems, [], f"{request.name} {json.dumps(request.input)}")

    def write(self, **changes):
        """hearth.toml: pool_file.POOL with changes, `ecs__image="…"` for [ecs] image; None takes a key out."""
        self.file.write_text(pool_file.text(self.ground, **changes))

    def start(self, *arguments, env=None, **options):
        if arguments[0] in ("apply", "wait", "rollback"):
            arguments = (*arguments, "--poll", "50ms")
        given = self.ground.env(HOME=str(self.scratch / "home"), **(env or {}))
        return subprocess.Popen([BINARY, "ecs", *map(str, arguments), "--config", str(self.file)], env={k: v for k, v in given.items() if v is not None},
                                cwd=self.scratch, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def hearth(self, *arguments, env=None, timeout=TIMEOUT_S):
        process = self.start(*arguments, env=env)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"hearth ecs {arguments} did not end in {timeout} s: {out}{err}")
        for secret in (aws_ground.SECRET, aws_ground.TOKEN):
            self.assertNotIn(secret, out + err)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ends(self, code, *arguments, **options):
        done = self.hearth(*arguments, **options)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def apply(self, *more, **options):
        return self.ends(0, "apply", "--yes", *more, **options)

    def fails(self, *arguments, words=(), code=1, **options):
        """One line that says why; each of `words` is in it."""
        done = self.ends(code, *arguments, **options)
        for word in words:
            self.assertIn(word, done.stdout + done.stderr)
        return done

    def writes(self):
        """The names of the requests that changed something, in order."""
        return [r.name for r in self.ground.proxy.asked(writes=True) if r.carried_out]

    def forget(self):
        self.ground.proxy.requests.clear()

    def wanted(self):
        """What an undisturbed apply leaves; the ground is new afterwards."""
        self.apply()
        exists = self.nothing_twice()
        self.number_of_writes = len(self.writes())
        self.ground.reset()
        self.write()
        return exists

    def service(self):
        return self.ground.ecs.find(aws_ground.CLUSTER, NAME)

    def nothing_twice(self):
        exists = self.ground.exists()
        for kind in ("log groups", "target groups", "services", "scalable targets"):
            self.assertLessEqual(len(exists[kind]), 1, kind)
        self.assertLessEqual(len(exists["rules"]), 1)
        names = [p["PolicyName"] for p in exists["policies"]]
        self.assertEqual(len(names), len(set(names)))
        return exists

    def converged(self, exists):
        """A second apply does nothing, `diff` agrees, and all is as in an undisturbed run."""
        self.forget()
        self.apply()
        self.assertEqual(self.writes(), [])
        self.ends(0, "diff")
        self.assertEqual(self.nothing_twice(), exists)
