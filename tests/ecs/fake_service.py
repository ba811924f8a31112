"""One ECS service as AWS keeps it: what it was made with, AWS's defaults, its deployments and events."""
import copy
import hashlib
import time

ACCOUNT = "123456789012"
OVER = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
KEPT = ("loadBalancers", "serviceRegistries", "networkConfiguration", "healthCheckGracePeriodSeconds", "enableExecuteCommand",
        "enableECSManagedTags", "availabilityZoneRebalancing", "capacityProviderStrategy", "launchType", "platformVersion",
        "placementConstraints", "placementStrategy", "propagateTags", "schedulingStrategy", "deploymentController")


def identity(*words):
    return hashlib.sha256("/".join(map(str, words)).encode()).hexdigest()[:32]


class Service:
    def __init__(self, region, given, task_definition):
        self.cluster = given.get("cluster", "default").rsplit("/", 1)[-1]
        self.name = given["serviceName"]
        self.region = region
        self.arn = f"arn:aws:ecs:{region}:{ACCOUNT}:service/{self.cluster}/{self.name}"
        self.cluster_arn = f"arn:aws:ecs:{region}:{ACCOUNT}:cluster/{self.cluster}"
        self.given = copy.deepcopy(given)
        self.token = given.get("clientToken")
        self.task_definition = task_definition
        self.desired = given.get("desiredCount", 0)
        self.running = 0
        self.status = "ACTIVE"
        self.tags = copy.deepcopy(given.get("tags", []))
        self.events = []
        self.deployments = []  # newest first
        self.created_at = time.time()

    def say(self, message, at=None):
        self.events.insert(0, {"id": identity(self.arn, len(self.events)), "createdAt": at or time.time(), "message": f"(service {self.name}) {message}"})

    def task_arns(self):
        return [f"arn:aws:ecs:{self.region}:{ACCOUNT}:task/{self.cluster}/{identity(self.arn, self.task_definition, n)}" for n in range(self.running)]

    def configuration(self):
        """deploymentConfiguration with AWS's defaults."""
        given = self.given.get("deploymentConfiguration", {})
        breaker = {"enable": False, "rollback": False, **given.get("deploymentCircuitBreaker", {})}
        return {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING", "bakeTimeInMinutes": 0, **given,
                "deploymentCircuitBreaker": breaker}

    def described(self):
        kept = {key: copy.deepcopy(self.given[key]) for key in KEPT if key in self.given}
        kept.setdefault("loadBalancers", [])
        kept.setdefault("serviceRegistries", [])
        kept.setdefault("placementConstraints", [])
        kept.setdefault("placementStrategy", [])
        kept.setdefault("availabilityZoneRebalancing", "ENABLED")
        kept.setdefault("enableExecuteCommand", False)
        kept.setdefault("enableECSManagedTags", False)
        kept.setdefault("propagateTags", "NONE")
        kept.setdefault("schedulingStrategy", "REPLICA")
        kept.setdefault("deploymentController", {"type": "ECS"})
        kept.setdefault("platformVersion", "LATEST")
        if kept["loadBalancers"]:
            kept.setdefault("healthCheckGracePeriodSeconds", 0)
        if "capacityProviderStrategy" in kept:
            for one in kept["capacityProviderStrategy"]:
                one.setdefault("base", 0)
                one.setdefault("weight", 0)
        else:
            kept.setdefault("launchType", "FARGATE")
        network = kept.get("networkConfiguration", {}).get("awsvpcConfiguration")
        if network is not None:
            network.setdefault("assignPublicIp", "DISABLED")
        under_way = [d for d in self.deployments if d["status"] not in OVER]
        return {**kept, "serviceArn": self.arn, "serviceName": self.name, "clusterArn": self.cluster_arn, "status": self.status,
                "desiredCount": self.desired, "runningCount": self.running, "pendingCount": max(0, self.desired - self.running),
                "platformFamily": "Linux", "taskDefinition": self.task_definition, "deploymentConfiguration": self.configuration(),
                "deployments": [self.old_form(d) for d in under_way or self.deployments[:1]], "events": self.events[:100],
                "createdAt": self.created_at, "createdBy": f"arn:aws:iam::{ACCOUNT}:user/me",
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"}

    def old_form(self, deployment):
        """As DescribeServices has it: no word of a roll-back but FAILED."""
        state = {"SUCCESSFUL": "COMPLETED", "ROLLBACK_SUCCESSFUL": "FAILED", "ROLLBACK_FAILED": "FAILED"}.get(deployment["status"], "IN_PROGRESS")
        newest = deployment is self.deployments[0]
        return {"id": deployment["id"], "status": "PRIMARY" if newest else "ACTIVE", "taskDefinition": deployment["task_definition"],
                "desiredCount": self.desired if newest else 0, "runningCount": self.running if newest else 0,
                "pendingCount": max(0, self.desired - self.running) if newest else 0,
                "failedTasks": deployment["failed"], "createdAt": deployment["created_at"], "updatedAt": deployment["created_at"],
                "launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux", "rolloutState": state,
                "rolloutStateReason": f"ECS deployment {deployment['id']} {state.lower()}."}
