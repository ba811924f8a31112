#!/usr/bin/env python3
"""tools/fetch_model.py against a hub on loopback: the hub's way works, and what is altered, cut short or missing never becomes a
model folder."""
import http.server
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
MODEL = ROOT / "models" / "all-MiniLM-L6-v2"


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers /REPOSITORY/resolve/REVISION/FILE from the real folder; `altered` is the file whose first byte it changes."""
    altered = None
    missing = None

    def do_GET(self):
        name = self.path.split("/resolve/", 1)[1].split("/", 1)[1]
        path = MODEL / name
        if name == self.missing or not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        if name == self.altered:
            body = bytes([body[0] ^ 1]) + body[1:]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class FetchModel(unittest.TestCase):
    def setUp(self):
        self.assertTrue(MODEL.is_dir(), "models/all-MiniLM-L6-v2 is missing: run script/model")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("H", (Hub,), {}))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-fetch-"))

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.scratch)

    def fetch(self):
        environment = dict(os.environ, HF_ENDPOINT=f"http://127.0.0.1:{self.server.server_port}")
        return subprocess.run([sys.executable, str(ROOT / "tools/fetch_model.py"), str(self.scratch / "m"), "--source", "hub"],
                              env=environment, capture_output=True, text=True, timeout=120)

    def assert_nothing_left(self):
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_hub_brings_the_whole_folder_and_a_second_run_downloads_nothing(self):
        self.assertEqual(self.fetch().returncode, 0)
        for path in MODEL.rglob("*"):
            if path.is_file():
                self.assertEqual((self.scratch / "m" / path.relative_to(MODEL)).read_bytes(), path.read_bytes())
        self.server.RequestHandlerClass.missing = "config.json"
        again = self.fetch()
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_an_altered_file_is_refused_by_name(self):
        self.server.RequestHandlerClass.altered = "vocab.txt"
        result = self.fetch()
        self.assertEqual(result.returncode, 1)
        self.assertIn("vocab.txt has sha256", result.stderr)
        self.assert_nothing_left()

    def test_a_missing_file_is_refused(self):
        self.server.RequestHandlerClass.missing = "model.safetensors"
        result = self.fetch()
        self.assertEqual(result.returncode, 1)
        self.assertIn("404", result.stderr)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
