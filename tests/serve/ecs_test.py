"""What a replica does for ECS besides serving: CloudWatch's lines on stdout, and the task's scale-in protection."""

import http.server
import json
import threading
import unittest

from hearth_process import DEADLINE, Hearth, await_true, main

METRIC = {"HEARTH_METRIC_NAMESPACE": "hearth", "HEARTH_METRIC_CLUSTER": "prod", "HEARTH_METRIC_SERVICE": "embed"}
LONG = " ".join(["word"] * 400)


class Agent(http.server.BaseHTTPRequestHandler):
    """ECS's agent: PUT /api/1/task-protection/v1/state."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, self.headers["Content-Type"], json.loads(body)))
        answer = json.dumps({"protection": {"ProtectionEnabled": json.loads(body)["ProtectionEnabled"], "TaskArn": "t"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class LoadLines(unittest.TestCase):
    def test_each_line_on_stdout_is_one_sample_and_the_log_is_not_there(self):
        with Hearth(env=METRIC) as server:
            for _ in range(20):
                self.assertEqual(server.post("/embed", {"text": "a warm pool"}).status, 200)
            lines = [json.loads(server.process.stdout.readline()) for _ in range(2)]
            self.assertEqual(server.end(), 0)
            self.assertEqual([line for line in server.process.stdout.read().splitlines() if not line.startswith(b'{"_aws":')], [])
        for line in lines:
            self.assertEqual(line["_aws"]["CloudWatchMetrics"],
                             [{"Namespace": "hearth", "Dimensions": [["Cluster", "Service"]], "Metrics": [{"Name": "OfferedLoad"}]}])
            self.assertEqual({name: value for name, value in line.items() if name not in ("_aws", "OfferedLoad")},
                             {"Cluster": "prod", "Service": "embed"})
        at = [line["_aws"]["Timestamp"] for line in lines]
        self.assertEqual(at[0] % 10_000, 0)
        self.assertEqual(at[1] - at[0], 10_000)
        # Twenty short requests are far from a slot's worth of 10 s, and not nothing.
        self.assertGreater(sum(line["OfferedLoad"] for line in lines), 0)
        self.assertLess(sum(line["OfferedLoad"] for line in lines), 0.5)

    def test_nothing_is_printed_unless_asked_for(self):
        with Hearth() as server:
            self.assertEqual(server.end(), 0)
            self.assertEqual(server.process.stdout.read(), b"")

    def test_the_three_names_go_together(self):
        with Hearth(env={"HEARTH_METRIC_NAMESPACE": "hearth", "HEARTH_METRIC_CLUSTER": "prod"}) as server:
            self.assertEqual(server.process.wait(DEADLINE), 64)
            self.assertIn("--metric-service is missing", server.stderr())


class Protection(unittest.TestCase):
    def setUp(self):
        self.agent = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
        self.agent.calls = []
        thread = threading.Thread(target=self.agent.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.agent.server_close)
        self.addCleanup(self.agent.shutdown)
        self.uri = f"http://127.0.0.1:{self.agent.server_port}/api/1"

    def test_a_task_is_protected_while_a_request_runs_for_long(self):
        with Hearth("--protect-after", "50ms", "--request-timeout", "100s", env={"ECS_AGENT_URI": self.uri}) as server:
            self.assertEqual(server.post("/embed", {"text": "short"}).status, 200)
            reply = server.post("/embed", {"inputs": [LONG] * 200})
            self.assertEqual(reply.status, 200)
            await_true("protected and let go", lambda: len(self.agent.calls) >= 2)
            self.assertEqual(server.end(), 0)
        form = ("/api/1/task-protection/v1/state", "application/json")
        self.assertEqual(self.agent.calls, [(*form, {"ProtectionEnabled": True, "ExpiresInMinutes": 2}),
                                            (*form, {"ProtectionEnabled": False})])

    def test_outside_of_ecs_it_is_a_warning(self):
        with Hearth("--protect-after", "60s") as server:
            self.assertIn("ECS_AGENT_URI is not set", server.stderr())
            self.assertEqual(server.end(), 0)

    def test_a_time_that_no_request_reaches_is_a_warning(self):
        with Hearth("--protect-after", "60s", "--request-timeout", "30s", env={"ECS_AGENT_URI": self.uri}) as server:
            self.assertIn("protects nothing", server.stderr())
            self.assertEqual(server.end(), 0)

    def test_it_can_be_said_that_it_is_off(self):
        with Hearth(env={"HEARTH_PROTECT_AFTER": "0s"}) as server:
            self.assertNotIn("protect", server.stderr())


if __name__ == "__main__":
    main()
