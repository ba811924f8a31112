"""A server of files on loopback that can fail in every way that a network can: the hub's API, its storage on a second
server, and S3's path style without lists, with a rule for each fault.

A rule is a function (request) -> None (not this one) or an action: a status with headers and body, or one of the strings
below. `requests` keeps what was asked: method, path, headers, and the range."""
import hashlib
import http.server
import json
import re
import socket
import struct
import threading
import time

COMMIT = "c0ffee" + "0" * 34


class Asked:
    def __init__(self, server, method, path, headers):
        self.server = server
        self.method = method
        self.path = path
        self.headers = headers
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("Range", ""))
        self.range = (int(match.group(1)), int(match.group(2)) + 1) if match else None
        self.sent = 0  # bytes of the body


class Server:
    """`files`: path → bytes, or (bytes, headers). Faults: `rules`, asked in order for each request."""

    def __init__(self, files=None, ranges=True):
        self.files = files or {}
        self.ranges = ranges
        self.rules = []
        self.requests = []
        self.lock = threading.Lock()
        self.delay = 0.0  # seconds before each 64 KiB of a body
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.handle(self)

            do_HEAD = do_GET

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def rule(self, rule, times=None):
        """`times`: how often it may act."""
        left = [times]

        def limited(request):
            with self.lock:
                if left[0] == 0:
                    return None
                action = rule(request)
                if action is not None and left[0] is not None:
                    left[0] -= 1
                return action

        self.rules.append(limited)

    def gets(self, part=""):
        return [r for r in self.requests if r.method == "GET" and part in r.path]

    def body_bytes(self, part=""):
        return sum(r.sent for r in self.gets(part))

    def handle(self, handler):
        asked = Asked(self, handler.command, handler.path, handler.headers)
        with self.lock:
            self.requests.append(asked)
        try:
            for rule in self.rules:
                action = rule(asked)
                if action is not None:
                    return self.act(handler, asked, action)
            return self.serve(handler, asked)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def find(self, path):
        entry = self.files.get(path.split("?")[0])
        if callable(entry):
            entry = entry(path)
        return entry

    def serve(self, handler, asked, *, cut=None, lie=None, whole=False, corrupt=False):
        entry = self.find(asked.path)
        if entry is None:
            return self.send(handler, asked, 404, {}, b"")
        data, headers = entry if isinstance(entry, tuple) else (entry, {})
        headers = dict(headers)
        headers.setdefault("ETag", f'"{hashlib.md5(data).hexdigest()}"')
        if asked.headers.get("If-Match", headers["ETag"]) != headers["ETag"]:
            return self.send(handler, asked, 412, {}, b"")
        status = headers.pop("status", 200)
        if asked.range and self.ranges and not whole and status == 200:
            begin, end = asked.range
            end = min(end, len(data))
            status = 206
            shown = begin + lie if lie else begin
            headers["Content-Range"] = f"bytes {shown}-{end - 1 + (lie or 0)}/{len(data)}"
            data = data[begin:end]
        if corrupt:
            data = bytes([data[0] ^ 1]) + data[1:]
        return self.send(handler, asked, status, headers, data, cut=cut)

    def send(self, handler, asked, status, headers, data, cut=None):
        handler.send_response_only(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in headers:
            handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if asked.method == "HEAD":
            return
        if cut is not None:
            data = data[:cut]
        for at in range(0, len(data), 65536):
            if self.delay:
                time.sleep(self.delay)
            handler.wfile.write(data[at:at + 65536])
            asked.sent += len(data[at:at + 65536])
        if cut is not None:
            handler.wfile.flush()
            handler.close_connection = True

    def act(self, handler, asked, action):
        if isinstance(action, tuple):
            status, headers, body = action
            return self.send(handler, asked, status, headers, body)
        if action == "reset":  # in the middle of the body
            self.serve(handler, asked, cut=100_000)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            return None
        if action == "truncate":
            return self.serve(handler, asked, cut=70_000)
        if action == "stall":
            self.serve(handler, asked, cut=10_000)
            time.sleep(5)
            return None
        if action == "whole":  # 200 in answer to a range
            return self.serve(handler, asked, whole=True)
        if action == "whole cut":
            return self.serve(handler, asked, whole=True, cut=200_000)
        if action == "wrong range":
            return self.serve(handler, asked, lie=1)
        if action == "corrupt":
            return self.serve(handler, asked, corrupt=True)
        raise AssertionError(action)


def git_sha1(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """A hub on one server, its storage of large files on another. `files`: name → bytes; those of at least `large` bytes
    are redirected to, under addresses that expire when `expire()` is called."""

    def __init__(self, files, repository="org/name", large=100_000, commit=COMMIT):
        self.repository = repository
        self.commit = commit
        self.large = large
        self.hub = Server()
        self.storage = Server()
        self.epoch = 0
        self.set_files(files)
        self.storage.rule(lambda r: (403, {}, b"expired") if f"sig={self.epoch}" not in r.path else None)

    def set_files(self, files):
        self.files = dict(files)
        tree = []
        for name, data in self.files.items():
            entry = {"type": "file", "path": name, "size": len(data), "oid": git_sha1(data)}
            resolve = f"/{self.repository}/resolve/{self.commit}/{name}"
            if len(data) >= self.large:
                sha256 = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 134}
                self.storage.files[f"/blobs/{sha256}"] = data
                self.hub.files[resolve] = self.redirect(sha256, data)
            else:
                self.hub.files[resolve] = (data, {"ETag": f'"{git_sha1(data)}"', "X-Repo-Commit": self.commit})
            self.hub.files[resolve.replace(self.commit, "main")] = self.hub.files[resolve]
            tree.append(entry)
        listing = json.dumps(tree).encode()
        self.hub.files[f"/api/models/{self.repository}/tree/{self.commit}"] = listing
        info = {"id": self.repository, "sha": self.commit, "siblings": [], "private": False}
        info = json.dumps(info).encode()
        self.hub.files[f"/api/models/{self.repository}/revision/main"] = info
        self.hub.files[f"/api/models/{self.repository}"] = info

    def redirect(self, sha256, data):
        def answer(_):
            return (b"", {"status": 302, "Location": f"{self.storage.url}/blobs/{sha256}?sig={self.epoch}",
                          "X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data)), "X-Repo-Commit": self.commit,
                          "ETag": '"pointer"'})
        return answer

    def expire(self):
        self.epoch += 1

    def close(self):
        self.hub.close()
        self.storage.close()
