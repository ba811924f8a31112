#!/usr/bin/env python3
"""A small foreign server for the pool's tests: replica.py PORT [WORD…]

GET /ready and /health say 200 (/ready never, with the word `never`); /who says its pid and words; /slow answers when the
file that its query names exists. With the word `exit` it ends at once with code 3."""
import http.server
import json
import os
import pathlib
import sys
import time
import urllib.parse

WORDS = sys.argv[2:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/ready" and "never" in WORDS:
            return self.answer(503, {"status": "loading"})
        if url.path == "/slow":
            file = pathlib.Path(urllib.parse.unquote(url.query))
            while not file.exists():
                time.sleep(0.01)
        self.answer(200, {"pid": os.getpid(), "words": WORDS})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if "exit" in WORDS:
    print("cannot find the model", file=sys.stderr)
    sys.exit(3)
http.server.ThreadingHTTPServer.daemon_threads = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
