#!/usr/bin/env python3
"""`hearth ecs apply`, `diff`, `destroy`: from nothing, again, after a change; what is missing, and what is not hearth's."""
import json
import unittest

import ecs_case
import pool_file
import recording_proxy as faults
from aws_ground import CLUSTER, DIMENSION, SUBNETS
from ecs_case import NAME


class Apply(ecs_case.EcsCase):
    # ---- nothing, again, changed

    def test_from_nothing_then_nothing_to_do(self):
        self.ends(2, "diff")
        self.apply()
        exists = self.nothing_twice()
        self.assertEqual({kind: len(found) for kind, found in exists.items()},
                         {"log groups": 1, "task definitions": 1, "target groups": 1, "rules": 1, "services": 1,
                          "scalable targets": 1, "policies": 2, "scheduled actions": 0})
        self.converged(exists)

    def test_everything_has_the_pools_tag(self):
        self.apply()
        tag = f"{CLUSTER}/{NAME}"
        exists = self.ground.exists()
        self.assertEqual(exists["log groups"]["/ecs/" + NAME]["tags"]["hearth:pool"], tag)
        self.assertIn({"Key": "hearth:pool", "Value": tag}, next(iter(exists["target groups"].values()))["tags"])
        self.assertIn({"key": "hearth:pool", "value": tag}, exists["services"][NAME]["tags"])
        self.assertEqual([tags["hearth:pool"] for tags in self.ground.others.tags.values()], [tag])
        for name in ("elbv2.CreateRule", "ecs.RegisterTaskDefinition"):
            self.assertIn(tag, json.dumps(self.ground.proxy.asked(name)[0].input))

    def test_a_new_image_is_a_new_revision_and_an_update(self):
        self.apply()
        self.write(ecs__image=pool_file.IMAGE + ":1.5.0")
        self.ends(2, "diff")
        self.forget()
        self.apply()
        self.assertEqual(self.writes(), ["ecs.RegisterTaskDefinition", "ecs.UpdateService"])
        update = self.ground.proxy.asked("ecs.UpdateService")[0].input
        self.assertNotIn("desiredCount", update)
        self.assertTrue(self.service().task_definition.endswith(":2"))
        self.converged(self.ground.exists())

    def test_a_changed_floor_is_one_request(self):
        self.apply()
        self.write(pool__floor=5)
        self.forget()
        self.apply()
        self.assertEqual(self.writes(), ["application-autoscaling.RegisterScalableTarget"])
        self.converged(self.ground.exists())

    def test_a_raised_floor_is_kept(self):
        self.apply()
        self.ground.client("application-autoscaling", self.ground.proxy.url).register_scalable_target(
            ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{NAME}", ScalableDimension=DIMENSION, MinCapacity=6, MaxCapacity=12)
        self.forget()
        done = self.apply()
        self.assertEqual(self.writes(), [])
        self.assertIn("6", done.stdout + done.stderr)

    def test_what_others_changed_is_put_right(self):
        self.apply()
        exists = self.ground.exists()
        group = self.ground.behind("elbv2").describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
        self.ground.behind("elbv2").modify_target_group(TargetGroupArn=group, HealthCheckPath="/health")
        self.ground.behind("elbv2").modify_target_group_attributes(
            TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "300"}])
        self.service().given["availabilityZoneRebalancing"] = "ENABLED"
        diff = self.ends(2, "diff")
        for words in ("/health", "300", "availabilityZoneRebalancing"):
            self.assertIn(words, diff.stdout)
        self.apply()
        self.converged(exists)

    def test_the_count_of_a_running_service_is_left_alone(self):
        self.apply()
        self.ground.ecs.scale(self.service(), 9)
        self.ends(0, "diff")
        self.write(ecs__image=pool_file.IMAGE + ":1.5.0")
        self.apply()
        self.assertEqual(self.service().desired, 9)

    # ---- inputs

    def test_missing_inputs_are_named_all_at_once(self):
        self.write(ecs__subnets=[SUBNETS[0], "subnet-0000000000absent0"], ecs__security_groups=["sg-00000000000absent"], ecs__execution_role="no-such-role",
                   ecs__task_role="no-other-role")
        self.fails("apply", "--yes", words=["subnet-0000000000absent0", "sg-00000000000absent", "no-such-role", "no-other-role"])
        self.assertEqual(self.writes(), [])
        self.write(ecs__cluster="nowhere")
        self.fails("apply", "--yes", words=["nowhere"])
        self.write(ecs__listener=self.ground.listener[:-16] + "0000000000000000")
        self.fails("apply", "--yes", words=["listener", "0000000000000000"])
        self.assertEqual(self.writes(), [])

    def test_what_may_not_be_looked_at_is_said_and_not_fatal(self):
        self.ground.proxy.fault("iam", "GetRole", faults.refuse("AccessDenied", "not authorized to perform: iam:GetRole", 403), times=9)
        done = self.apply()
        self.assertIn("iam:GetRole", done.stdout + done.stderr)

    def test_diff_that_cannot_look_is_an_error(self):
        self.fails("diff", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, words=["127.0.0.1:9"])
        self.fails("diff", env={"AWS_SECRET_ACCESS_KEY": "another"}, words=["SignatureDoesNotMatch"])

    def test_a_sixth_deployment_is_named_before_anything_is_done(self):
        self.apply()
        deployments = self.service().deployments
        for _ in range(4):
            deployments.append({**deployments[0], "status": "IN_PROGRESS", "steps": []})
        deployments[0].update(status="IN_PROGRESS", steps=[])
        self.write(ecs__image=pool_file.IMAGE + ":1.5.0")
        self.forget()
        self.fails("apply", "--yes", words=["5 deployments"])
        self.assertEqual(self.writes(), [])

    def test_init_from_the_service_finds_the_pool_again(self):
        self.apply()
        self.file.unlink()
        self.ends(0, "init", "--from-service", f"{CLUSTER}/{NAME}", "--region", "us-east-1")
        written = self.file.read_text()
        for words in (*SUBNETS, pool_file.IMAGE + ":1.4.2", self.ground.listener):
            self.assertIn(words, written)

    # ---- destroy

    def test_destroy_takes_what_apply_made_and_nothing_else(self):
        self.apply()
        self.ground.behind("logs").create_log_group(logGroupName="/ecs/other")
        self.ends(0, "destroy", "--yes")
        exists = self.ground.exists()
        self.assertEqual(list(exists["log groups"]), ["/ecs/other"])
        for kind in ("task definitions", "target groups", "rules", "services", "scalable targets", "policies", "scheduled actions"):
            self.assertFalse(exists[kind], kind)
        self.assertTrue(self.ground.has_cluster(CLUSTER))
        self.ends(0, "destroy", "--yes")
        self.apply()

    def test_destroy_leaves_what_is_not_tagged(self):
        self.ground.behind("logs").create_log_group(logGroupName="/ecs/" + NAME)
        self.apply()
        done = self.ends(0, "destroy", "--yes")
        self.assertIn("/ecs/" + NAME, self.ground.exists()["log groups"])
        self.assertIn("/ecs/" + NAME, done.stdout + done.stderr)

    def test_destroy_and_apply_ask_first(self):
        self.apply()
        self.forget()
        self.assertNotEqual(self.hearth("destroy").returncode, 0)
        self.write(ecs__image=pool_file.IMAGE + ":1.5.0")
        self.assertNotEqual(self.hearth("apply").returncode, 0)
        self.assertEqual(self.writes(), [])


if __name__ == "__main__":
    unittest.main()
