"""The tasks of services and their scale-in protection: made up from a service's counts, or as a test lays them down."""
import copy
import time

from fake_service import identity


class FakeTasks:
    """Part of FakeEcs: `self.services`, `self.must_be_a_cluster` are its own."""

    def reset_tasks(self):
        self.stopped = []         # tasks as DescribeTasks answers them
        self.running = {}         # (cluster, name) → tasks, where not made up from the counts
        self.protected = {}       # task ARN → until when
        self.blocked = set()      # tasks that cannot be protected

    def tasks_of(self, service):
        given = self.running.get((service.cluster, service.name))
        return given if given is not None else [self.made_up(service, arn, n) for n, arn in enumerate(service.task_arns())]

    def made_up(self, service, arn, n):
        began = service.created_at
        containers = [one.get("containerName", "replica") for one in service.given.get("loadBalancers", [])] or ["replica"]
        return {"taskArn": arn, "clusterArn": service.cluster_arn, "taskDefinitionArn": service.task_definition, "group": f"service:{service.name}",
                "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "healthStatus": "HEALTHY", "launchType": "FARGATE", "createdAt": began,
                "pullStartedAt": began + 10, "pullStoppedAt": began + 20, "startedAt": began + 25, "connectivity": "CONNECTED", "version": 4,
                "startedBy": service.deployments[0]["id"] if service.deployments else "", "availabilityZone": f"{service.region}{'ab'[n % 2]}",
                "attachments": [{"id": identity(arn), "type": "ElasticNetworkInterface", "status": "ATTACHED",
                                 "details": [{"name": "privateIPv4Address", "value": f"10.0.{n % 2}.{10 + n}"}]}],
                "containers": [{"containerArn": arn + "/c", "taskArn": arn, "name": name, "lastStatus": "RUNNING", "healthStatus": "HEALTHY",
                                "networkInterfaces": [{"privateIpv4Address": f"10.0.{n % 2}.{10 + n}"}]} for name in containers]}

    def all_tasks(self):
        return [task for service in self.services.values() for task in self.tasks_of(service)] + self.stopped

    def list_tasks(self, request, forward):
        self.must_be_a_cluster(request)
        given = request.input
        cluster = given.get("cluster", "default").rsplit("/", 1)[-1]
        wanted = given.get("desiredStatus", "RUNNING")
        out = [task for task in self.all_tasks() if task["clusterArn"].endswith("/" + cluster) and task["desiredStatus"] == wanted]
        if "serviceName" in given:
            out = [task for task in out if task["group"] == "service:" + given["serviceName"].rsplit("/", 1)[-1]]
        if "family" in given:
            out = [task for task in out if task["taskDefinitionArn"].rsplit("/", 1)[-1].split(":")[0] == given["family"]]
        return {"taskArns": [task["taskArn"] for task in out[:given.get("maxResults", 100)]]}

    def describe_tasks(self, request, forward):
        known = {key: task for task in self.all_tasks() for key in (task["taskArn"], task["taskArn"].rsplit("/", 1)[-1])}
        wanted = request.input["tasks"]
        return {"tasks": [copy.deepcopy(known[one]) for one in wanted if one in known],
                "failures": [{"arn": one, "reason": "MISSING"} for one in wanted if one not in known]}

    # ---- scale-in protection

    def update_task_protection(self, request, forward):
        given = request.input
        known = {task["taskArn"] for service in self.services.values() for task in self.tasks_of(service)}
        done, failures = [], []
        for arn in given["tasks"]:
            if arn not in known:
                failures.append({"arn": arn, "reason": "TASK_NOT_VALID"})
            elif arn in self.blocked:
                failures.append({"arn": arn, "reason": "DEPLOYMENT_BLOCKED", "detail": "Deployment is blocked by too many protected tasks."})
            else:
                done.append(self.protect(arn, given["protectionEnabled"], given.get("expiresInMinutes", 120)))
        return {"protectedTasks": done, "failures": failures}

    def protect(self, arn, enabled, minutes):
        self.protected.pop(arn, None)
        if enabled:
            self.protected[arn] = time.time() + 60 * minutes
        return self.protection(arn)

    def protection(self, arn):
        until = self.protected.get(arn)
        return {"taskArn": arn, "protectionEnabled": until is not None, **({"expirationDate": until} if until else {})}

    def get_task_protection(self, request, forward):
        known = [task["taskArn"] for service in self.services.values() for task in self.tasks_of(service)]
        wanted = request.input.get("tasks") or known
        return {"protectedTasks": [self.protection(arn) for arn in wanted if arn in known],
                "failures": [{"arn": arn, "reason": "TASK_NOT_VALID"} for arn in wanted if arn not in known]}
