"""Kept-alive clients in one thread, for stubs that sleep: a wave of requests at once, or a closed loop."""

import dataclasses
import select
import socket
import time

TIMEOUT_S = 30


@dataclasses.dataclass
class Record:
    id: str
    sent: float
    seconds: float = 0.0
    status: int = 0
    replica: str = ""


class _Connection:
    def __init__(self, address):
        host, _, port = address.removeprefix("http://").rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.record, self.text = None, b""

    def send(self, number):
        name = f"bench-{number}"
        text = f"POST /predict HTTP/1.1\r\nHost: bench\r\nX-Request-Id: {name}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        self.record, self.text = Record(name, time.monotonic()), b""
        self.socket.sendall(text)

    def receive(self):
        """The record once its answer is whole."""
        now = time.monotonic()
        piece = self.socket.recv(65536)
        if not piece:
            raise RuntimeError(f"the connection was closed under {self.record}")
        self.text += piece
        head, mark, body = self.text.partition(b"\r\n\r\n")
        if not mark:
            return None
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        if len(body) < int(fields[b"content-length"]):
            return None
        self.record.seconds = now - self.record.sent
        self.record.status = int(head.split()[1])
        self.record.replica = body.partition(b'"name": "')[2].partition(b'"')[0].decode()
        return self.record


class Clients:
    """Connections to one address each; made once, used for several waves or loops."""
    _number = 0

    def __init__(self, addresses):
        self._connections = [_Connection(one) for one in addresses]
        self._poll = select.epoll()
        self._by_fd = {one.socket.fileno(): one for one in self._connections}
        for fd in self._by_fd:
            self._poll.register(fd, select.EPOLLIN)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._poll.close()
        for one in self._connections:
            one.socket.close()

    def _send(self, connection):
        Clients._number += 1
        connection.send(Clients._number)

    def wave(self):
        """One request on each connection at once; the records, and first sent to last answered in seconds."""
        for one in self._connections:
            self._send(one)
        records = []
        while len(records) < len(self._connections):
            ready = self._poll.poll(TIMEOUT_S)
            if not ready:
                raise RuntimeError(f"no answer in {TIMEOUT_S} s")
            records += [record for fd, _ in ready if (record := self._by_fd[fd].receive())]
        return records, max(one.sent + one.seconds for one in records) - min(one.sent for one in records)

    def loop(self, seconds, at=None, action=None):
        """Each connection asks again when it is answered; `action` is called once, `at` seconds after the begin."""
        begin = time.monotonic()
        records = []
        for one in self._connections:
            self._send(one)
        open_requests = len(self._connections)
        while open_requests:
            if action and time.monotonic() >= begin + at:
                action, _ = None, action()
            for fd, _ in self._poll.poll(0.005):
                record = self._by_fd[fd].receive()
                if record is None:
                    continue
                records.append(record)
                if time.monotonic() < begin + seconds:
                    self._send(self._by_fd[fd])
                else:
                    open_requests -= 1
        return records
