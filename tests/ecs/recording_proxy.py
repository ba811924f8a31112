"""AWS on loopback: every request is written down, its signature computed anew, its input held against AWS's model; then a fake
answers it, or moto does behind us. Faults are rules for single calls.

    proxy.requests            what was asked, in order (Request)
    proxy.fault("ecs", "CreateService", throttle, times=2)

A fault is a function (request, carry_out) that ends the request: it calls carry_out() or not, and raises one of what is below
or returns the answer. `carry_out` gives the answer's (status, type, body)."""
import dataclasses
import http.server
import socket
import struct
import threading
import time
import traceback
import urllib.error
import urllib.request
from email.utils import formatdate

import aws_model
import signature
from signature import Refused

READS = ("Describe", "List", "Get", "Filter", "Lookup", "BatchGet")


@dataclasses.dataclass
class Request:
    number: int
    service: str
    action: str
    input: dict
    region: str
    key: str
    problems: list = dataclasses.field(default_factory=list)
    refusals: list = dataclasses.field(default_factory=list)  # what AWS would refuse though its model allows it
    status: int = 0
    body: bytes = b""
    carried_out: bool = False

    @property
    def writes(self):
        return not self.action.startswith(READS) and self.service != "sts"

    @property
    def name(self):
        return f"{self.service}.{self.action}"


class Broken(Exception):
    """No answer: the connection is reset."""


def throttle(request, carry_out):
    code = "ThrottlingException" if request.service in ("ecs", "application-autoscaling", "logs") else "Throttling"
    raise Refused(code, "Rate exceeded", 400)


def server_error(request, carry_out):
    raise Refused("ServerException" if request.service == "ecs" else "InternalFailure", "Service Unavailable. Please try again later.", 500)


def reset_after(request, carry_out):
    carry_out()
    raise Broken


def reset_before(request, carry_out):
    raise Broken


def refuse(code, message, status=400):
    def fault(request, carry_out):
        raise Refused(code, message, status)
    return fault


def slow(seconds):
    def fault(request, carry_out):
        time.sleep(seconds)
        return carry_out()
    return fault


def before(act):
    """`act()` first: another one is faster."""
    def fault(request, carry_out):
        act()
        return carry_out()
    return fault


def after(act):
    """`act()` once it is done, before it is answered."""
    def fault(request, carry_out):
        answer = carry_out()
        act()
        return answer
    return fault


class Proxy:
    def __init__(self, moto_url):
        self.moto_url = moto_url
        self.lock = threading.RLock()
        self.keys = signature.Keys()
        self.handlers = {}
        self.reset()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler_class())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def reset(self):
        with self.lock:
            self.requests = []
            self.refused = []         # (code, message) of what did not come as far as its input
            self.not_in_moto = []     # actions that neither the fake nor moto knows
            self.defects = []         # of the ground itself
            self.rules = []
            self.aliases = {}         # a name that the caller uses → moto's id
            self.clock_offset_s = 0   # the server's clock against this machine's
            self.enforce = True       # refuse what AWS refuses beyond its model; else only write it down

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def fault(self, service, action, fault, times=1, skip=0, when=None):
        """`action` "*": any; "writes": any that changes something. The first `skip` such calls pass."""
        left = {"skip": skip, "times": times}

        def rule(request):
            matches = request.service == service or service == "*"
            matches = matches and (action in ("*", request.action) or (action == "writes" and request.writes))
            if not matches or (when is not None and not when(request)):
                return None
            if left["skip"] > 0:
                left["skip"] -= 1
                return None
            if left["times"] == 0:
                return None
            left["times"] -= 1
            return fault

        with self.lock:
            self.rules.append(rule)
        return left

    def asked(self, name=None, writes=None):
        """Requests by "service.Action", or all that write."""
        with self.lock:
            return [r for r in self.requests if (name is None or r.name == name) and (writes is None or r.writes == writes)]

    def now(self):
        return time.time() + self.clock_offset_s

    # ---- one request

    def answer(self, method, path, headers, body):
        """(status, content type, body)."""
        model = None
        try:
            key, region, signing = signature.scope_of(headers)
            if signing not in aws_model.SERVICES:
                raise Refused("UnknownService", f"no service signs as {signing}", 400)
            model = aws_model.service_model(aws_model.SERVICES[signing])
            signature.check(self.keys, method, self.url + path, headers, body, self.now())
            request, operation = self.read(model, region, key, method, path, headers, body)
        except Refused as refused:
            with self.lock:
                self.refused.append((refused.code, refused.message))
            kind, text = aws_model.write_error(model, headers, refused.code, refused.message)
            return refused.status, kind, text
        try:
            status, kind, text = self.carry_out(model, operation, request, headers, body)
        except Refused as refused:
            status = refused.status
            kind, text = aws_model.write_error(model, headers, refused.code, refused.message)
        request.status, request.body = status, text
        return status, kind, text

    def read(self, model, region, key, method, path, headers, body):
        try:
            operation, given, problems = aws_model.read_request(model, headers, body)
        except (aws_model.Unreadable, UnicodeDecodeError, ValueError) as wrong:
            raise Refused("UnknownOperationException", str(wrong), 400) from wrong
        if (method, path) != ("POST", "/"):
            problems.append(f"{method} {path} instead of POST /")
        problems += aws_model.problems_of(given, operation.input_shape)
        with self.lock:
            request = Request(len(self.requests), model.service_name, operation.name, given, region, key, problems)
            self.requests.append(request)
        return request, operation

    def carry_out(self, model, operation, request, headers, body):
        if request.problems:
            raise Refused("ValidationException", "; ".join(request.problems), 400)

        def forward():
            return aws_model.read_answer(model, operation, headers, self.forward(request, headers, body)[2])

        def carry_out():
            with self.lock:  # one at a time, as a state must be changed
                request.carried_out = True
                handler = self.handlers.get((request.service, request.action))
                if handler is None:
                    return self.forward(request, headers, body)
                answer = handler(request, forward)
            return (200, *aws_model.write_answer(model, operation, headers, answer))

        with self.lock:
            fault = next((f for f in (rule(request) for rule in self.rules) if f is not None), None)
        return fault(request, carry_out) if fault else carry_out()

    def forward(self, request, headers, body):
        """moto's answer; Refused where it is an error."""
        for name, real in self.aliases.items():
            body = body.replace(name.encode(), real.encode())
        kept = {name: value for name, value in headers.items() if name.lower() not in ("content-length", "host", "connection")}
        asked = urllib.request.Request(self.moto_url + "/", data=body, headers=kept, method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                text = self.named_as_asked(answer.read())
                return answer.status, answer.headers.get("Content-Type", ""), text
        except urllib.error.HTTPError as error:
            text = self.named_as_asked(error.read())
            if error.code >= 500:
                with self.lock:
                    self.not_in_moto.append(request.name)
            raise self.refusal(error, text) from error

    def named_as_asked(self, body):
        for name, real in self.aliases.items():
            body = body.replace(real.encode(), name.encode())
        return body

    @staticmethod
    def refusal(error, body):
        import botocore.parsers
        kind = "json" if body.lstrip()[:1] == b"{" else "query" if b"<ErrorResponse" in body else "ec2"
        if error.code >= 500:
            return Refused("InternalFailure", body[:200].decode(errors="replace"), 500)
        said = botocore.parsers.create_parser(kind).parse({"status_code": error.code, "headers": dict(error.headers), "body": body}, None)
        said = said.get("Error", {})
        return Refused(said.get("Code", "Unknown"), said.get("Message", ""), error.code)

    def handler_class(proxy):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 65536

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    status, kind, text = proxy.answer(self.command, self.path, self.headers, body)
                except Exception as wrong:
                    if not isinstance(wrong, Broken):  # a defect of the ground's own
                        proxy.defects.append(traceback.format_exc(limit=-4))
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                self.send_response_only(status)
                self.send_header("Date", formatdate(proxy.now(), usegmt=True))
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                self.wfile.flush()

            do_GET = do_PUT = do_POST

            def handle(self):
                try:
                    super().handle()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the asker is gone

        return Handler
