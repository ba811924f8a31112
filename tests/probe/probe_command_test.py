#!/usr/bin/env python3
"""`hearth probe` as a health check runs it: what counts as yes, what it says otherwise, and that it always ends."""
import contextlib
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))
MODEL = SOURCE / "models/all-MiniLM-L6-v2.hearth"
LEFT_OUT = ("HEARTH_PROBE_URL", "HEARTH_HOST", "HOSTNAME", "PORT", "UDS_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy",
            "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
PATIENCE = 30


def environment(**variables):
    return {name: value for name, value in os.environ.items() if name not in LEFT_OUT} | variables


def probe(*arguments, **variables):
    return subprocess.run([BINARY, "probe", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False,
                          env=environment(**variables))


class Scripted:
    """Answers every connection with `script(socket)` on a thread of its own; remembers the request lines."""

    def __init__(self, script, listener=None):
        self.script, self.asked, self.held = script, [], []
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1] if listener is None else None
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                self.script(self, client)

    def read_head(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = client.recv(1)
            if not piece:
                return
            head += piece
        self.asked.append(head.split(b"\r\n")[0].decode())

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)
        for client in self.held:
            client.close()


def says(text):
    def script(server, client):
        server.read_head(client)
        client.sendall(text.encode())
        client.close()
    return script


def answers(status, body=""):
    return says(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}")


def silent(server, client):
    server.held.append(client)


def drips(server, client):
    server.held.append(client)
    server.read_head(client)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000:
        client.sendall(bytes([byte]))
        time.sleep(0.02)


class ProbeCommand(unittest.TestCase):
    def serve(self, script, listener=None):
        server = Scripted(script, listener)
        self.addCleanup(server.close)
        return server

    def assert_no(self, result, *words, code=1):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("hearth: "), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def assert_yes(self, result):
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_only_200_is_yes(self):
        self.assert_yes(probe("ready", "--url", self.serve(answers(200)).url))
        for status in (204, 301, 404, 500):
            self.assert_no(probe("ready", "--url", self.serve(answers(status)).url), f"answers {status}", "/ready")

    def test_a_200_is_yes_though_its_body_never_comes(self):
        def script(server, client):
            server.held.append(client)
            server.read_head(client)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        self.assert_yes(probe("health", "--url", self.serve(script).url))

    def test_a_503_says_how_far_it_is(self):
        body = '{"status":"loading","step":"read_weights","progress":0.40}'
        self.assert_no(probe("ready", "--url", self.serve(answers(503, body)).url), "not ready", "503", "read_weights", "0.40")

    def test_a_hostile_body_stays_one_short_line(self):
        body = "a\nhearth: all is well\r\n\x1b[2J" + "x" * 100_000
        result = probe("ready", "--url", self.serve(answers(503, body)).url)
        self.assert_no(result, "503")
        self.assertLess(len(result.stderr), 600)
        self.assertNotIn("\x1b", result.stderr)

    def test_the_path_is_the_questions_unless_the_url_has_one(self):
        server = self.serve(answers(200))
        for what, path, asked in (("health", "", "/health"), ("ready", "/", "/ready"), ("ready", "/a/b?c", "/a/b?c")):
            self.assert_yes(probe(what, "--url", server.url + path))
            self.assertEqual(server.asked[-1], f"GET {asked} HTTP/1.1")

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        self.assert_no(probe("ready", "--url", f"http://127.0.0.1:{port}"), "Connection refused", str(port))
        self.assert_no(probe("ready", "--url", "unix:/nowhere/x.sock"), "No such file", "/nowhere/x.sock")
        self.assert_no(probe("ready", "--url", "http://no-such-host.invalid:1", "--timeout", "2s"), "no-such-host.invalid")

    def test_what_is_no_http(self):
        self.assert_no(probe("ready", "--url", self.serve(says("220 mail.example\r\n")).url), "not HTTP")
        self.assert_no(probe("ready", "--url", self.serve(says("")).url), "closed")

    def test_it_ends_in_time_whatever_the_server_does(self):
        for script in (silent, drips):
            began = time.monotonic()
            self.assert_no(probe("ready", "--url", self.serve(script).url, "--timeout", "300ms"), "in time", "300ms")
            self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_the_environment_says_where(self):
        server = self.serve(answers(200))
        port = str(server.port)
        self.assert_yes(probe("ready", PORT=port))
        self.assert_yes(probe("ready", PORT=port, HEARTH_HOST="0.0.0.0"))
        self.assert_yes(probe("ready", PORT=port, HOSTNAME="0.0.0.0"))
        self.assert_yes(probe("ready", PORT=port, HOSTNAME="3f2a9c"))  # a container's name is not an address
        self.assert_yes(probe("ready", PORT="1", HEARTH_PROBE_URL=server.url))
        self.assert_yes(probe("ready", "--url", server.url, HEARTH_PROBE_URL="http://127.0.0.1:1"))
        self.assert_yes(probe("ready", "--url", f"http://0.0.0.0:{port}"))
        self.assert_no(probe("ready", PORT="1"), "127.0.0.1:1/ready")

    def test_all_addresses_of_ipv6_mean_its_loopback(self):
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            result = probe("ready", PORT="1", HEARTH_HOST="::")
            self.assert_no(result, "[::1]:1")
            return
        self.serve(answers(200), listener)
        self.assert_yes(probe("ready", PORT=str(listener.getsockname()[1]), HEARTH_HOST="::"))

    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/x.sock"
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen()
            server = self.serve(answers(200), listener)
            self.assert_yes(probe("health", "--url", f"unix:{path}"))
            self.assert_yes(probe("ready", UDS_PATH=path, PORT="1"))
            self.assertEqual(server.asked, ["GET /health HTTP/1.1", "GET /ready HTTP/1.1"])

    def test_no_proxy_stands_in_between(self):
        server = self.serve(answers(200))
        self.assert_yes(probe("ready", "--url", server.url, http_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1"))

    def test_https(self):
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "1",
                                   "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key", "-out",
                                   f"{folder}/cert"], capture_output=True, check=False)
            self.assertEqual(made.returncode, 0, made.stderr)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{folder}/cert", f"{folder}/key")

            def script(server, client):
                with context.wrap_socket(client, server_side=True) as secure:
                    server.read_head(secure)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            url = f"https://localhost:{self.serve(script).port}"
            self.assert_yes(probe("ready", "--url", url, SSL_CERT_FILE=f"{folder}/cert"))
            self.assert_no(probe("ready", "--url", url), "certificate verify failed", "SSL_CERT_FILE")
            silent_url = f"https://localhost:{self.serve(silent).port}"
            self.assert_no(probe("ready", "--url", silent_url, "--timeout", "200ms"), "in time")

    def test_wrong_usage(self):
        self.assert_no(probe(), "WHAT", code=64)
        self.assert_no(probe("alive"), "alive", code=64)
        self.assert_no(probe("ready", "--timeout", "soon"), "--timeout", "soon", code=64)
        self.assert_no(probe("ready", "--timeout", "0"), "--timeout", code=64)
        self.assert_no(probe("ready", "--url", "ftp://x"), "ftp", code=64)
        self.assert_no(probe("ready", "--url", "http://"), "http://", code=64)
        self.assert_no(probe("ready", PORT="http"), "PORT", code=64)
        self.assert_no(probe("ready", PORT="0"), "PORT", code=64)

    def test_beside_hearth_serve(self):
        """With a key set: neither page asks for it."""
        self.assertTrue(MODEL.is_file(), f"{MODEL} is missing: run script/model")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        variables = {"PORT": port, "API_KEY": "secret"}
        with subprocess.Popen([BINARY, "serve", "--model", str(MODEL), "--log-level", "error"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, env=environment(**variables)) as server:
            self.addCleanup(server.kill)
            server.stdout.readline()  # listening
            self.assert_yes(probe("health", **variables))
            deadline = time.monotonic() + PATIENCE
            while (result := probe("ready", **variables)).returncode != 0:
                self.assert_no(result, "not ready", "503", "loading")
                self.assertLess(time.monotonic(), deadline)
            server.terminate()
            self.assertEqual(server.wait(PATIENCE), 0)
        self.assert_no(probe("health", **variables), "refused")


if __name__ == "__main__":
    unittest.main()
