"""What a task or an instance finds beside it, all on one loopback port: task metadata v4, container credentials, the instance's
metadata (version 2 only), and the agent's endpoint of scale-in protection, as strict as the agent is."""
import datetime
import http.server
import json
import threading

TASK = "arn:aws:ecs:us-east-1:123456789012:task/ml-inference/0123456789abcdef0123456789abcdef"


class FakeLocal:
    def __init__(self):
        self.reset()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = outer.answer(self.command, self.path, self.headers, body)
                text = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response_only(status)
                self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_PUT = do_POST = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def reset(self):
        self.asked = []                  # (method, path, body)
        self.credentials = []            # of the container and the instance; the last one stays: (key, secret, token, seconds left)
        self.authorization = None        # what the container's endpoint wants
        self.region = "us-east-1"
        self.protected_until = None
        self.protection_answers = []     # (status, body) laid down, one for each time; then the agent's own
        self.cluster, self.service = "ml-inference", "embedding-warm-pool"
        self.metadata_status = 200

    # ---- where a process finds it

    def in_task(self):
        return {"ECS_CONTAINER_METADATA_URI_V4": self.url + "/v4/container", "ECS_AGENT_URI": self.url + "/api/container"}

    def container_credentials(self):
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + "/credentials"}

    def instance(self):
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url}

    # ---- answers

    def answer(self, method, path, headers, body):
        self.asked.append((method, path, body))
        if path.startswith("/v4/container"):
            return self.metadata(path)
        if path == "/credentials":
            if self.authorization is not None and headers.get("Authorization") != self.authorization:
                return 401, {"code": "AccessDenied", "message": "wrong Authorization"}
            return self.give_credentials()
        if path.startswith("/latest/"):
            return self.instance_metadata(method, path, headers)
        if path == "/api/container/task-protection/v1/state":
            return self.protection(method, body)
        return 404, {"message": "no such path " + path}

    def give_credentials(self, **more):
        key, secret, token, left = self.credentials.pop(0) if len(self.credentials) > 1 else self.credentials[0]
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=left)
        return 200, {"AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"), **more}

    def instance_metadata(self, method, path, headers):
        if path == "/latest/api/token":
            if method != "PUT" or "X-aws-ec2-metadata-token-ttl-seconds" not in headers:
                return 400, "no time to live"
            return 200, "token-of-the-instance"
        if headers.get("X-aws-ec2-metadata-token") != "token-of-the-instance":
            return 401, "version 1 is switched off"
        if path.rstrip("/") == "/latest/meta-data/iam/security-credentials":
            return 200, "role-of-the-instance"
        if path == "/latest/meta-data/iam/security-credentials/role-of-the-instance":
            return self.give_credentials(Code="Success", Type="AWS-HMAC")
        if path == "/latest/meta-data/placement/region":
            return 200, self.region
        return 404, "not found"

    def metadata(self, path):
        if self.metadata_status != 200:
            return self.metadata_status, "metadata is unwell"
        container = {"DockerId": "c", "Name": "replica", "Image": "image", "KnownStatus": "RUNNING", "DesiredStatus": "RUNNING",
                     "Limits": {"CPU": 2}, "ContainerARN": TASK + "/c", "LogDriver": "awslogs", "Type": "NORMAL", "Snapshotter": "overlayfs"}
        if path == "/v4/container":
            return 200, container
        if path == "/v4/container/task":
            return 200, {"Cluster": f"arn:aws:ecs:{self.region}:123456789012:cluster/{self.cluster}", "TaskARN": TASK, "ServiceName": self.service,
                         "Family": "embedding-service", "Revision": "3", "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING",
                         "Limits": {"CPU": 1, "Memory": 4096}, "PullStartedAt": "2026-01-01T00:00:00.1Z", "PullStoppedAt": "2026-01-01T00:00:09.2Z",
                         "AvailabilityZone": self.region + "a", "LaunchType": "FARGATE", "Containers": [container],
                         "EphemeralStorageMetrics": {"Utilized": 300, "Reserved": 20496}}
        return 404, "not found"

    def protection(self, method, body):
        if self.protection_answers:
            return self.protection_answers.pop(0)
        if method == "GET":
            return 200, {"protection": self.protection_state()}
        try:
            given = json.loads(body)
            minutes = given.get("ExpiresInMinutes", 120)
            fine = set(given) <= {"ProtectionEnabled", "ExpiresInMinutes"} and isinstance(given["ProtectionEnabled"], bool)
            fine = fine and isinstance(minutes, int) and 1 <= minutes <= 2880
        except (ValueError, KeyError, AttributeError):
            fine = False
        if not fine:
            return 400, {"error": {"Arn": TASK, "Code": "InvalidParameterException", "Message": "UpdateTaskProtection: failed to decode request"}}
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        self.protected_until = until if given["ProtectionEnabled"] else None
        return 200, {"protection": self.protection_state()}

    def protection_state(self):
        if self.protected_until is None:
            return {"ProtectionEnabled": False, "TaskArn": TASK}
        return {"ProtectionEnabled": True, "TaskArn": TASK, "ExpirationDate": self.protected_until.strftime("%Y-%m-%dT%H:%M:%SZ")}


def blocked():
    """An ECS-level refusal: 200 all the same."""
    return 200, {"failure": {"Arn": TASK, "Reason": "DEPLOYMENT_BLOCKED", "Detail": "Deployment is blocked by too many protected tasks."}}


def not_allowed():
    return 403, {"error": {"Arn": TASK, "Code": "AccessDeniedException", "Message": "not authorized to perform ecs:UpdateTaskProtection"}}


def throttled():
    return 400, {"requestID": "r", "error": {"Arn": TASK, "Code": "ThrottlingException", "Message": "Rate exceeded"}}


def timed_out():
    return 504, {"error": {"Arn": TASK, "Code": "RequestCanceled", "Message": "Timed out calling ECS Task Protection API"}}
