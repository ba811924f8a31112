#!/usr/bin/env python3
"""How a deployment ends: `apply` and `wait` say so, with the reason, and with their exit code; `rollback`, `scale` and `status`."""
import json
import time
import unittest

import ecs_case
import pool_file
from ecs_case import NAME
from fake_service import identity


class Deployments(ecs_case.EcsCase):
    def change(self, end):
        """A new image, whose deployment goes on as `end` says."""
        self.apply()
        self.write(ecs__image=pool_file.IMAGE + ":1.5.0")
        self.ground.ecs.next_end = end
        self.ground.ecs.on_failure = self.task_that_failed
        self.forget()

    def task_that_failed(self, service, deployment):
        """What a failed deployment leaves: a stopped task and its last lines."""
        arn = service.arn.replace(":service/", ":task/").replace(NAME, identity("failed"))
        task = self.ground.ecs.made_up(service, arn, 0)
        now = time.time()
        task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stopCode="EssentialContainerExited", stoppedReason="Essential container in task exited",
                    stoppingAt=now, executionStoppedAt=now, stoppedAt=now, startedBy=deployment["id"],
                    taskDefinitionArn=deployment["task_definition"], healthStatus="UNKNOWN")
        task["containers"][0].update(name="replica", lastStatus="STOPPED", exitCode=3, reason="it fell over")
        self.ground.ecs.stopped.append(task)
        logs, stream = self.ground.behind("logs"), "ecs/replica/" + identity("failed")
        logs.create_log_stream(logGroupName="/ecs/" + NAME, logStreamName=stream)
        logs.put_log_events(logGroupName="/ecs/" + NAME, logStreamName=stream,
                            logEvents=[{"timestamp": int(now * 1000), "message": "cannot open model: no such file"}])

    def test_success_is_waited_for(self):
        self.ground.ecs.next_end = "slow success"
        self.apply()
        self.assertEqual(self.service().deployments[0]["status"], "SUCCESSFUL")
        self.assertGreaterEqual(len(self.ground.proxy.asked("ecs.DescribeServiceDeployments")), 3)

    def test_without_waiting(self):
        self.ground.ecs.next_end = "slow success"
        self.apply("--no-wait")
        self.assertEqual(self.service().deployments[0]["status"], "PENDING")
        self.ends(0, "wait")
        self.assertEqual(self.service().deployments[0]["status"], "SUCCESSFUL")

    def test_the_circuit_breaker(self):
        self.change("circuit breaker")
        done = self.fails("apply", "--yes", words=["rolled back", "circuit breaker", "cannot open model: no such file"])
        self.assertIn("Essential container in task exited", done.stdout + done.stderr)
        self.assertTrue(self.service().task_definition.endswith(":1"))

    def test_an_alarm(self):
        self.change("alarm")
        self.fails("apply", "--yes", words=["rolled back", "p99"])

    def test_a_first_deployment_with_no_way_back(self):
        self.ground.ecs.next_end = "no way back"
        self.fails("apply", "--yes")

    def test_too_long(self):
        self.write(ecs__wait_timeout="1s")
        self.ground.ecs.next_end = "never"
        self.fails("apply", "--yes", words=["1 s"])

    def test_rollback_of_what_is_under_way(self):
        self.change("never")
        self.apply("--no-wait")
        self.ends(0, "rollback", "--yes")
        self.assertEqual(len(self.ground.proxy.asked("ecs.StopServiceDeployment")), 1)
        self.assertTrue(self.service().task_definition.endswith(":1"))

    def test_rollback_to_the_revision_before(self):
        self.change("success")
        self.apply()
        self.assertTrue(self.service().task_definition.endswith(":2"))
        self.ends(0, "rollback", "--yes")
        self.assertTrue(self.service().task_definition.endswith(":1"))
        self.assertEqual(self.ground.proxy.asked("ecs.StopServiceDeployment"), [])

    def test_scale(self):
        self.apply()
        self.forget()
        self.ends(0, "scale", "--floor", "6", "--max", "20")
        self.assertEqual([(t["MinCapacity"], t["MaxCapacity"]) for t in self.ground.exists()["scalable targets"]], [(6, 20)])

    def test_scale_spare(self):
        """Another number in the policy's expression, and no other change."""
        self.apply()
        before = {p["PolicyName"]: p for p in self.ground.exists()["policies"]}
        self.forget()
        self.ends(0, "scale", "--spare", "3")
        self.assertEqual(self.writes(), ["application-autoscaling.PutScalingPolicy"])
        after = {p["PolicyName"]: p for p in self.ground.exists()["policies"]}
        self.assertEqual([name for name in before if before[name] != after[name]], [self.ground.proxy.asked(writes=True)[0].input["PolicyName"]])
        self.assertIn("+ 3", json.dumps(after))

    def test_status(self):
        self.apply()
        text = self.ends(0, "status").stdout
        for words in (NAME, "4"):
            self.assertIn(words, text)
        report = json.loads(self.ends(0, "status", "--json").stdout)
        self.assertIsInstance(report, dict)

    def test_render_is_json_in_the_apis_shape(self):
        rendered = json.loads(self.ends(0, "render").stdout)
        self.assertEqual(rendered["service"]["serviceName"], NAME)
        self.assertEqual(self.ground.proxy.requests, [])


if __name__ == "__main__":
    unittest.main()
