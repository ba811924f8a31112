#!/usr/bin/env python3
"""Every request that `hearth ecs` plans and sends, for files of all kinds, is one that AWS takes: names, types, ranges, enumerations and
what is required by botocore's models, and what AWS refuses beyond them."""
import json
import unittest

import aws_cron
import aws_model
import ecs_case
import what_aws_refuses

SCHEDULE = """
[[pool.schedule]]
cron = "0 8 * * 1-5"
timezone = "Europe/Paris"
floor = 6
[[pool.schedule]]
cron = "30 19 * * *"
timezone = "Europe/Paris"
floor = 2
"""
# name → changes to pool_file.POOL.
VARIANTS = {
    "as it is": {},
    "without a load balancer": {"ecs__listener": None},
    "without a task role": {"ecs__task_role": None},
    "a model on S3": {"model__source": "s3://models/minilm"},
    "spot": {"ecs__capacity": "FARGATE_SPOT"},
    "arm": {"ecs__arch": "ARM64"},
    "a schedule": {"raw": SCHEDULE},
    "a foreign image": {"ecs__server": "other", "pool__spare": 0},
    "a foreign image with a model on S3": {"ecs__server": "other", "model__source": "s3://models/minilm", "ecs__pull_image": "hearth:1"},
    "exec": {"ecs__exec": True},
    "protection": {"ecs__protect_after": "60s"},
    "no scaling on CPU": {"ecs__scaling__cpu_target": 0},
    "rebalancing and a public address": {"ecs__rebalancing": True, "ecs__public_ip": True},
    "retention, storage, tags": {"ecs__log_retention_days": 30, "ecs__ephemeral_storage": "60GiB",
                                 "ecs__tags": {"purpose": "warm-pool", "cost centre": "a/b=c+d"}},
    "own checks": {"ecs__health_command": ["CMD-SHELL", "curl -f localhost:8000/ready || exit 1"], "ecs__health_interval": "10s", "ecs__health_timeout": "4s",
                   "ecs__health_retries": 5, "ecs__start_period": "200s", "ecs__grace": "400s"},
    "own rule": {"ecs__rule_paths": ["/v1/*", "/embed"], "ecs__rule_hosts": ["embed.example.com"], "ecs__rule_priority": 17, "ecs__target_group": "embed"},
    "a slow start": {"replica__start_time": "400s"},
    "a large one": {"replica__cpu": 4, "replica__memory": "30GiB", "pool__max": 40, "pool__floor": 20},
    "merged": {"raw": '[ecs.task_definition]\nipcMode = "none"\npidMode = "task"\n[ecs.service_definition]\nenableECSManagedTags = true\n'},
}
# What stands in a plan for what only AWS can say.
REFERENCES = {"${task_definition}": "arn:aws:ecs:us-east-1:123456789012:task-definition/embedding-warm-pool:1",
              "${target_group}": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/0123456789abcdef",
              "${vpc}": "vpc-0123456789abcdef0", "${priority}": 1,
              "${client_token}": "0123456789abcdef"}


def filled(value):
    if isinstance(value, dict):
        return {key: filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(one) for one in value]
    return REFERENCES.get(value, value) if isinstance(value, str) else value


class Requests(ecs_case.EcsCase):
    def planned(self):
        lines = self.ends(0, "apply", "--dry-run").stdout.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def judge(self, request):
        operation = aws_model.service_model(request["service"]).operation_model(request["action"])
        given = filled(request["input"])
        self.assertEqual(aws_model.problems_of(given, operation.input_shape), [], request)
        if request["action"] == "RegisterTaskDefinition":
            self.assertEqual(what_aws_refuses.task_definition(given), [], request)
        if request["action"] == "PutScheduledAction":
            self.assertEqual(aws_cron.problem(given["Schedule"]), "", request)

    def every_variant(self):
        for name, changes in VARIANTS.items():
            with self.subTest(name):
                self.ground.reset()
                self.write(**changes)
                yield name

    def test_what_a_dry_run_prints(self):
        for _ in self.every_variant():
            requests = self.planned()
            self.assertGreaterEqual(len(requests), 4)
            for request in requests:
                self.judge(request)
            self.assertEqual(self.ground.proxy.asked(writes=True), [], "a dry run changes nothing")

    def test_what_apply_sends_is_what_the_dry_run_printed_and_is_taken(self):
        for _ in self.every_variant():
            planned = [(r["service"], r["action"]) for r in self.planned()]
            self.forget()
            self.apply("--no-wait")
            sent = self.ground.proxy.asked(writes=True)
            self.assertEqual([(r.service, r.action) for r in sent], planned)
            for request in self.ground.proxy.requests:
                self.assertEqual(request.problems + request.refusals, [], request.name)
            self.ground.ecs.settle()
            self.converged(self.ground.exists())

    def test_the_inputs_are_the_same_but_for_the_references(self):
        planned = self.planned()
        self.forget()
        self.apply("--no-wait")
        for plan, sent in zip(planned, self.ground.proxy.asked(writes=True)):
            self.same(plan["input"], sent.input, sent.name)

    def same(self, planned, sent, path):
        if isinstance(planned, dict):
            self.assertEqual(sorted(planned), sorted(sent), path)
            for key, inner in planned.items():
                self.same(inner, sent[key], f"{path}.{key}")
        elif isinstance(planned, list):
            self.assertEqual(len(planned), len(sent), path)
            for at, inner in enumerate(planned):
                self.same(inner, sent[at], f"{path}[{at}]")
        elif planned not in REFERENCES:
            self.assertEqual(planned, sent, path)
        else:
            self.assertFalse(str(sent).startswith("${"), path)


if __name__ == "__main__":
    unittest.main()
