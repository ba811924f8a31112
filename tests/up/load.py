"""Clients that ask without pause over kept-alive connections, and write down what became of every request."""
import dataclasses
import http.client
import json
import random
import socket
import threading
import time
import zlib

SAFE, ONCE = "/predict", "/work"  # retry_safe has the first; ids begin with "safe-" and "once-"


@dataclasses.dataclass
class Record:
    id: str
    sent: float
    end: float = 0.0
    status: int = 0  # 0: no whole answer came
    error: str = ""
    wrong: str = ""  # what is wrong with an answer of status 200
    replica: str = "-"
    version: str = ""
    retry_after: str = ""


class Load:
    """`clients` threads; each pauses `pause` seconds after an answer, at random up to twice that. `share`: of requests to SAFE."""
    count = 0

    def __init__(self, address, clients=6, pause=0.0, seed=0, share=0.5, timeout=60.0):
        Load.count += 1
        self.address, self.pause, self.share, self.timeout = address.removeprefix("http://"), pause, share, timeout
        self.records, self.over = [], threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(f"{Load.count}-{client}", random.Random(f"{seed}-{client}")))
                        for client in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self, name, chance):
        connection = None
        number = 0
        while not self.over.is_set():
            number += 1
            path = SAFE if chance.random() < self.share else ONCE
            record = Record(f"{'safe' if path == SAFE else 'once'}-{name}-{number}", time.monotonic())
            body = chance.randbytes(chance.choice((0, 20, 2_000)))
            connection = connection or http.client.HTTPConnection(self.address, timeout=self.timeout)
            try:
                if connection.sock is None:
                    connection.connect()
                    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.ask(connection, record, path, body)
            except (OSError, http.client.HTTPException) as error:
                record.error = repr(error)
                connection.close()
                connection = None
            record.end = time.monotonic()
            self.records.append(record)
            if record.error:
                self.over.wait(0.02)
            elif self.pause > 0:
                self.over.wait(self.pause * 2 * chance.random())
        if connection is not None:
            connection.close()

    def ask(self, connection, record, path, body):
        connection.request("POST", path, body, {"X-Request-Id": record.id})
        response = connection.getresponse()
        text = response.read()
        record.retry_after = response.getheader("Retry-After", "")
        record.status = response.status
        if response.getheader("X-Request-Id") != record.id:
            record.wrong = f"X-Request-Id: {response.getheader('X-Request-Id')}"
        if response.status == 200:
            answer = json.loads(text)
            record.replica, record.version = answer["name"], answer["version"]
            if (answer["id"], answer["crc"]) != (record.id, zlib.crc32(body)):
                record.wrong = f"the answer to another request: {text[:200]}"

    def good(self):
        return sum(record.status == 200 for record in self.records)

    def more(self, count, deadline=60.0):
        """Waits until so many more requests have been answered well."""
        until, end = self.good() + count, time.monotonic() + deadline
        while self.good() < until:
            if time.monotonic() > end:
                raise AssertionError(f"{count} more answers never came: {[r for r in self.records if r.status != 200][-3:]}")
            time.sleep(0.01)

    def last(self, seconds):
        """Goes on for so long."""
        time.sleep(seconds)
