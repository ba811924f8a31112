#!/usr/bin/env python3
"""The article's boto3 script and `hearth ecs apply` with the same values, both against the recording proxy: every field of the requests
that both sent, and what exists afterwards. What may differ is listed here, each with its reason."""
import pathlib
import subprocess
import sys
import unittest

import ecs_case
import pool_file

HERE = pathlib.Path(__file__).parent
BOTH = ("ecs.RegisterTaskDefinition", "ecs.CreateService", "application-autoscaling.RegisterScalableTarget", "application-autoscaling.PutScalingPolicy")
# (request, path) → why hearth says something else, or what the script says nothing of. A path ends at the first part that one side lacks.
ALLOWED = {
    ("ecs.RegisterTaskDefinition", "executionRoleArn"): "AWS refuses awslogs and ECR images on Fargate without one: the script would fail",
    ("ecs.RegisterTaskDefinition", "taskRoleArn"): "AWS refuses enableExecuteCommand without one: the script would fail",
    ("ecs.RegisterTaskDefinition", "runtimePlatform"): "said, not left to a default: the image is for one architecture",
    ("ecs.RegisterTaskDefinition", "tags"): "hearth's own, by which destroy knows what it made",
    ("ecs.RegisterTaskDefinition", "containerDefinitions[embedding].essential"): "AWS's default, said",
    ("ecs.RegisterTaskDefinition", "containerDefinitions[embedding].stopTimeout"): "a warm replica drains; AWS's default of 30 s, said",
    ("ecs.CreateService", "availabilityZoneRebalancing"): "else AWS moves warm tasks between zones by itself",
    ("ecs.CreateService", "deploymentConfiguration.deploymentCircuitBreaker"): "a deployment that cannot start is rolled back",
    ("ecs.CreateService", "healthCheckGracePeriodSeconds"): "a load longer than startPeriod may last is covered",
    ("ecs.CreateService", "propagateTags"): "tasks are found by the pool's tags",
    ("ecs.CreateService", "clientToken"): "a request that is sent again makes no second service",
    ("ecs.CreateService", "platformVersion"): "AWS's default, said",
    ("ecs.CreateService", "tags[hearth:pool]"): "hearth's own, by which destroy knows what it made",
    ("application-autoscaling.RegisterScalableTarget", "Tags"): "hearth's own, by which destroy knows what it made",
    ("application-autoscaling.PutScalingPolicy", "PolicyName"): "named after the service: two pools in a cluster do not share a name",
}
# Kinds of things that only hearth makes.
ONLY_HEARTH = {"log groups": "awslogs does not make its group: without one no task of the script starts"}


def flat(value, path=""):
    """path → leaf. Items of lists go by their name where they have one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            name = next((inner[key] for key in ("name", "key", "Key", "Id") if key in inner), at) if isinstance(inner, dict) else at
            yield from flat(inner, f"{path}[{name}]")
    else:
        yield path, value


def differences(ought, sent):
    ought, sent = dict(flat(ought)), dict(flat(sent))
    return {path: (ought.get(path), sent.get(path)) for path in set(ought) | set(sent) if ought.get(path) != sent.get(path)}


def covers(allowed, path):
    return path == allowed or path.startswith((allowed + ".", allowed + "["))


def reason(request, path):
    return next((why for (name, allowed), why in ALLOWED.items() if name == request and covers(allowed, path)), None)


class Compare(ecs_case.EcsCase):
    def by_script(self):
        self.ground.proxy.enforce = False
        done = subprocess.run([sys.executable, HERE / "seed_script.py"], env=self.ground.env(), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.ground.proxy.enforce = True
        return self.recorded()

    def by_hearth(self):
        self.file.write_text(pool_file.text(self.ground, base=pool_file.SEED))
        self.apply("--no-wait")
        return self.recorded()

    def recorded(self):
        self.ground.ecs.settle()
        return {name: self.ground.proxy.asked(name) for name in BOTH}, self.ground.exists()

    def both(self):
        script = self.by_script()
        self.ground.reset()
        return script, self.by_hearth()

    def test_what_aws_would_refuse_of_the_script(self):
        requests, _ = self.by_script()
        said = " ".join(words for name in BOTH for request in requests[name] for words in request.refusals)
        self.assertIn("execution role", said)
        self.assertIn("taskRoleArn", said)

    def test_every_field_that_both_sent(self):
        (script, _), (hearth, _) = self.both()
        used = set()
        for name in BOTH:
            with self.subTest(name):
                self.assertEqual((len(script[name]), len(hearth[name])), (1, 1))
                found = differences(script[name][0].input, hearth[name][0].input)
                unexplained = {path: values for path, values in found.items() if reason(name, path) is None}
                self.assertEqual(unexplained, {})
                used |= {(name, allowed) for (n, allowed) in ALLOWED for path in found if n == name and covers(allowed, path)}

        self.assertEqual(set(ALLOWED) - used, set(), "allowed, but no difference")

    def test_all_that_the_script_says_is_said(self):
        """Nothing of the script is left out: what differs is more, but for the policy's name and what names a revision."""
        (script, _), (hearth, _) = self.both()
        left_out = []
        for name in BOTH:
            sent = dict(flat(hearth[name][0].input))
            left_out += [(name, path) for path, value in flat(script[name][0].input) if sent.get(path) != value]
        self.assertEqual(left_out, [("application-autoscaling.PutScalingPolicy", "PolicyName")])

    def test_what_exists(self):
        (_, script), (_, hearth) = self.both()
        for kind in script:
            with self.subTest(kind):
                if kind in ONLY_HEARTH:
                    self.assertEqual((len(script[kind]), len(hearth[kind])), (0, 1))
                else:
                    self.assertEqual(len(script[kind]), len(hearth[kind]))
        self.assertEqual(script["scalable targets"], hearth["scalable targets"])
        service = hearth["services"]["embedding-warm-pool"]
        for key, value in script["services"]["embedding-warm-pool"].items():
            if key in ("deploymentConfiguration", "tags"):
                continue
            if reason("ecs.CreateService", key) is None:
                self.assertEqual(service[key], value, key)


if __name__ == "__main__":
    unittest.main()
