"""What the fault tests share: a pool of stub replicas that fail on demand, clients that ask meanwhile, and the judgement of what
clients, gateway and replicas have written down. A run is replayed with HEARTH_SEED."""
import collections
import json
import os
import pathlib
import random
import signal
import subprocess

import history
from load import SAFE, Load
from pool_case import BINARY, PoolCase, alive, ask, await_true, main  # noqa: F401

BUILD = pathlib.Path(BINARY).resolve().parent
STUB, CHECKER = BUILD / "tests/up/stub_replica", BUILD / "src/pool/history_check"
SLOTS = 4
AT_ONCE = 2 * SLOTS  # what a sudden end can fail: all slots, and as many connections whose end the gateway has not seen yet


class FaultCase(PoolCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("HEARTH_SEED", random.SystemRandom().randrange(10**6)))
        self.chance = random.Random(self.seed)
        print(f"{self.id()}: seed {self.seed}", flush=True)
        self.faults = self.scratch / "faults"
        self.faults.mkdir()
        self.loads, self.histories, self.cut_off = [], [], set()

    # --- the pool

    def stubs(self, *flags, pool="floor = 3\nspare = 0\nmax = 3", replica="", gateway="", slots=SLOTS, service=3):
        """A hearth.toml whose replicas are stubs."""
        self.slots = slots
        defaults = {"start_time": "200ms", "health_interval": "300ms"}
        replica += "".join(f'\n{key} = "{value}"' for key, value in defaults.items() if f"{key} =" not in replica)
        (self.scratch / "hearth.toml").write_text(f"""
[pool]
{pool}
[replica]
command = {json.dumps(self.command(*flags, service=service))}
retry_safe = ["{SAFE}"]
{replica}
[gateway]
listen = "127.0.0.1:0"
{gateway}
[admin]
listen = "127.0.0.1:0"
""")

    def command(self, *flags, service=3):
        return [str(STUB), str(self.faults), "--port", "{port}", "--slots", str(self.slots), "--service", str(service),
                *map(str, flags)]

    def start(self, *flags, **options):
        file = self.scratch / f"history-{self.pools + 1}.tsv"
        self.histories.append(file)
        pool = super().start("--history", file, *flags, **options)
        pool.history = file
        return pool

    def fault(self, where, *words):
        """From now on; without words: no longer. `where`: a replica's name, `all`, or `born` for those that start."""
        file = self.faults / where
        file.with_suffix(".new").write_text(" ".join(words))
        file.with_suffix(".new").rename(file)

    def load(self, pool, **options):
        self.loads.append(Load(pool.gateway, seed=self.seed, **options))
        return self.loads[-1]

    def some(self, pool, busy=None):
        """A ready replica; with `busy`, one that has or has no request."""
        def choose():
            fit = [r for r in pool.ready() if busy is None or (r["busy"] > 0) == busy]
            return self.chance.choice(fit) if fit else None
        return await_true("a fit replica", choose)

    def kill(self, replica, number=signal.SIGKILL):
        os.kill(replica["pid"], number)
        if number == signal.SIGKILL:
            await_true("it ends", lambda: not alive(replica["pid"]))

    def await_ready(self, pool, count, without=()):
        """Until `count` are ready and in use, none of them one of `without`."""
        def look():
            ready = pool.ready()
            fit = len(ready) == count and not any(r["ejected"] for r in ready)
            return ready if fit and not {r["id"] for r in ready} & set(without) else None
        return await_true(f"{count} replicas without {list(without)} are ready", look)

    def gone(self, pool, replica):
        return next(r for r in pool.status()["replicas"] if r["id"] == replica["id"])

    def running(self):
        """Pids of all stubs of this test, zombies left out."""
        pids = []
        for process in pathlib.Path("/proc").iterdir():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
            except OSError:
                continue
            if words[:2] == [str(STUB).encode(), str(self.faults).encode()] and alive(int(process.name)):
                pids.append(int(process.name))
        return sorted(pids)

    def forget(self):
        """What has been judged, so that another pool can be."""
        self.loads.clear()
        self.histories.clear()
        (self.faults / "executed").unlink(missing_ok=True)

    def end_for_memory(self, pool, victim):
        """It takes more than it may: replaced, told as that, and only what it worked on fails."""
        with self.load(pool) as load:
            self.fault(victim["id"], "oom")
            self.await_ready(pool, 3, without=[victim["id"]])
            load.more(40)
        self.assertIn("memory", self.gone(pool, victim)["end_reason"])
        self.judge(pool, victims=[victim["id"]], errors={502}, per_victim=AT_ONCE)

    # --- the judgement

    def records(self):
        return [record for load in self.loads for record in load.records]

    def errors(self):
        return [record for record in self.records() if record.status != 200]

    def judge(self, pool, victims=(), errors=(), cuts=False, per_victim=None, untaken=False):
        """Ends the pool. Nothing lost, nothing doubled; failures only of requests whose last attempt was at a victim (with
        per_victim: no more at each), with a status of `errors`, or with `cuts` in the middle of an answer. `errors` may have 503, of
        the gateway alone. `untaken`: a connection may end before the gateway has taken a request from it."""
        self.unrepeated = self.refused_repeats(pool)
        if pool.process.poll() is None:
            pids = pool.pids()
            self.assertEqual(pool.end(), 0, pool.log())
            self.assert_gone(pids)
        told = {}
        for file in self.told():
            told.update(history.read(file.read_text()))
            self.check_history(file)
        failed = collections.Counter()
        for record in self.records():
            request = told.get(record.id)
            if request is None:
                self.assertTrue(untaken and record.status == 0, f"the gateway does not know {record}")
                continue
            self.assertFalse(record.wrong, record)
            self.judge_one(record, request, victims, errors, cuts)
            if record.status not in (200, 503):
                failed[request.last_sent()] += 1
        self.judge_executed(told)
        if per_victim is not None:
            self.assertLessEqual(max(failed.values(), default=0), per_victim, failed)
        counts = collections.Counter(record.status for record in self.records())
        print(f"  {sum(counts.values())} requests, by status: {dict(counts)}; failed by replica: {dict(failed)}", flush=True)
        self.assertGreater(counts[200], 0)

    def judge_one(self, record, request, victims, errors, cuts):
        story = f"{record}\n{request}"
        if record.status == 200:
            self.assertEqual((request.outcome, request.status, request.replica), ("answered", 200, record.replica), story)
        elif record.status == 503:
            self.assertIn(503, errors, story)
            self.assertEqual((request.status, request.replica), (503, "-"), story)
            self.assertTrue(record.retry_after, story)
        elif record.status:
            self.assertIn(record.status, errors, story)
            self.assertEqual((request.outcome, request.status, request.replica), ("answered", record.status, "-"), story)
            self.assertIn(request.last_sent(), victims, story)
            self.judge_repeats(record, request, story)
        elif request.outcome:
            self.assertEqual((request.outcome, cuts), ("cut", True), story)
            self.assertIn(request.last_sent(), victims, story)

    def judge_repeats(self, record, request, story):
        """What is safe fails only when it was sent three times, or the retry budget was used up at that moment."""
        if record.id.startswith("safe-") and request.sends < 3:
            self.unrepeated -= 1
            self.assertGreaterEqual(self.unrepeated, 0, f"it could have been repeated: {story}")

    def refused_repeats(self, pool):
        if pool.process.poll() is not None:
            return 0
        page = ask(pool.page, "/metrics").body.decode()
        return sum(int(float(line.split()[1])) for line in page.splitlines() if line.startswith("hearth_gateway_retries_refused_total "))

    def told(self):
        """The histories; of a controller that was killed at once there is none."""
        return [file for file in self.histories if file.exists() or file not in self.cut_off]

    def check_history(self, file):
        judged = subprocess.run([CHECKER, file, "--may-repeat-prefix", "safe-", *(["--cut-off"] if file in self.cut_off else [])],
                                capture_output=True, text=True, check=False)
        self.assertEqual(judged.returncode, 0, (judged.stdout + judged.stderr)[-4000:])

    def executed(self):
        """Request id → the pids that have begun to work on it."""
        file = self.faults / "executed"
        done = collections.defaultdict(list)
        for line in file.read_text().splitlines() if file.exists() else []:
            request, name, pid, at_work, _ = line.split("\t")
            self.assertLessEqual(int(at_work), self.slots, f"{name} works on more than its slots: {line}")
            done[request].append(int(pid))
        return done

    def judge_executed(self, told):
        done = self.executed()
        for request, pids in done.items():
            sends = told[request].sends if request in told else 0
            self.assertLessEqual(len(pids), sends, f"{request} was executed by {pids}: {told.get(request)}")
            self.assertTrue(len(pids) == 1 or request.startswith("safe-"), f"doubled: {request} by {pids}: {told.get(request)}")
        for record in self.records():
            if record.status == 200:
                self.assertIn(record.id, done, record)
