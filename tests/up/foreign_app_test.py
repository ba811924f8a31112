#!/usr/bin/env python3
"""The application that hearth is compared with (bench/peers/seed_app.py: FastAPI, uvicorn) runs in the pool unchanged, by a hearth.toml
alone. Its model is a stub: the real one is for the benches."""
import http.client
import json
import os
import pathlib
import signal
import sys
import threading
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pool_case import SOURCE, PoolCase, ask, await_true, main  # noqa: E402

MODULES = pathlib.Path(__file__).parent / "stub_modules"
UVICORN = [sys.executable, "-m", "uvicorn", "--app-dir", str(SOURCE / "bench/peers"), "seed_app:app", "--host", "127.0.0.1",
           "--port", "{port}"]


class ForeignApp(PoolCase):
    def up_app(self, pool="floor = 2\nspare = 0", load_seconds=0):
        (self.scratch / "hearth.toml").write_text(f"""
[pool]
{pool}
[replica]
command = {json.dumps(UVICORN)}
env = {{ MODEL = "stub", PYTHONPATH = "{MODULES}", STUB_LOAD_SECONDS = "{load_seconds}" }}
start_time = "2s"
retry_safe = ["/embed"]
[gateway]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
""")
        return self.up()

    def embed(self, pool, text):
        reply = ask(pool.gateway, "/embed", method="POST", body=json.dumps({"text": text}), headers={"Content-Type": "application/json"})
        self.assertEqual(reply.status, 200, reply.body)
        crc = zlib.crc32(text.encode())
        self.assertEqual(reply.json(), {"embedding": [((crc >> shift) & 255) / 255 for shift in (0, 8, 16, 24)]})
        return reply

    def test_its_routes_answer_through_the_gateway(self):
        pool = self.up_app(load_seconds=0.5)
        pids = pool.pids()
        self.assertEqual(self.embed(pool, "hello ✓").headers["server"], "uvicorn")
        self.assertEqual(pool.get("/health").json(), {"status": "alive"})
        self.assertEqual(pool.get("/ready").json(), {"status": "ready"})
        self.assertEqual(pool.get("/nowhere").status, 404)
        self.assertEqual(ask(pool.gateway, "/embed", method="POST", body="{}", headers={"Content-Type": "application/json"}).status, 422)
        self.assertEqual(pool.get("/openapi.json").json()["info"]["title"], "FastAPI")
        self.assertTrue(all(r["start_seconds"] >= 0.5 for r in pool.ready()), "no request saw the load")
        self.assertEqual(pool.end(), 0)
        self.assert_gone(pids)

    def test_one_dies_under_load_and_is_replaced(self):
        pool = self.up_app()
        victim = pool.ready()[0]
        failed, answered, over = [], [], threading.Event()

        def client(name):
            while not over.is_set():
                try:
                    self.embed(pool, f"text {name} {len(answered)}")
                    answered.append(name)
                except Exception as error:  # pylint: disable=broad-except
                    failed.append(error)

        threads = [threading.Thread(target=client, args=(name,)) for name in range(3)]
        for thread in threads:
            thread.start()
        await_true("it flows", lambda: len(answered) > 30)
        os.kill(victim["pid"], signal.SIGKILL)
        await_true("it is replaced", lambda: len(pool.ready()) == 2 and victim["id"] not in {r["id"] for r in pool.ready()})
        at = len(answered)
        await_true("it flows on", lambda: len(answered) > at + 30)
        over.set()
        for thread in threads:
            thread.join()
        # uvicorn sends an answer's head first: what has reached a client cannot be taken back, it is cut. Anything else is repeated.
        self.assertLessEqual(len(failed), 1, failed)
        self.assertTrue(all(isinstance(error, http.client.IncompleteRead) for error in failed), failed)
        self.assertEqual(pool.end(), 0)


if __name__ == "__main__":
    main()
