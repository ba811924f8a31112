"""ECS as a service lives in it: what moto drops, lacks or does wrong (services with all that they were made with, deployments and
their end, revisions, tasks, scale-in protection). moto keeps clusters and task definitions and is told of each service, so that
Application Auto Scaling knows them.

A deployment does not move by itself but by one step for each time it is described: tests have no clock to wait for.
`next_end` says how the next one goes on: a list of the statuses that follow, or one of ENDS."""
import copy
import time

import what_aws_refuses as rules
from fake_service import ACCOUNT, OVER, Service, identity
from fake_tasks import FakeTasks
from recording_proxy import Refused

ENDS = {
    "success": ["SUCCESSFUL"],
    "slow success": ["IN_PROGRESS", "IN_PROGRESS", "SUCCESSFUL"],
    "circuit breaker": ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"],
    "no way back": ["IN_PROGRESS", "ROLLBACK_FAILED"],
    "alarm": ["IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_SUCCESSFUL"],
    "never": [],
}
# What of UpdateService begins a deployment.
DEPLOYS = {"taskDefinition", "networkConfiguration", "platformVersion", "loadBalancers", "serviceRegistries", "serviceConnectConfiguration",
           "volumeConfigurations", "vpcLatticeConfigurations", "capacityProviderStrategy", "forceNewDeployment"}


class FakeEcs(FakeTasks):
    def __init__(self, proxy):
        self.proxy = proxy
        names = ("CreateService UpdateService DeleteService DescribeServices ListServices ListServiceDeployments DescribeServiceDeployments "
                 "StopServiceDeployment DescribeServiceRevisions ListTasks DescribeTasks GetTaskProtection UpdateTaskProtection "
                 "RegisterTaskDefinition DescribeTaskDefinition TagResource UntagResource ListTagsForResource").split()
        for name in names:
            method = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
            proxy.handlers["ecs", name] = getattr(self, method)
        self.reset()

    def reset(self):
        self.services = {}        # (cluster, name) → Service
        self.next_end = "success"
        self.drain_looks = 0      # so often a deleted service is seen DRAINING
        self.reset_tasks()
        self.on_failure = lambda service, deployment: None  # called as a deployment fails
        self.serial = 0

    # ---- task definitions (moto's, with AWS's defaults)

    def register_task_definition(self, request, forward):
        rules.refuse(self.proxy, request, rules.task_definition(request.input))
        answer = forward()
        fill_task_definition(answer["taskDefinition"])
        return {**answer, "tags": request.input.get("tags", [])}

    def describe_task_definition(self, request, forward):
        answer = forward()
        fill_task_definition(answer["taskDefinition"])
        return answer

    # ---- services

    def find(self, cluster, name):
        cluster = (cluster or "default").rsplit("/", 1)[-1]
        return self.services.get((cluster, name.rsplit("/", 1)[-1]))

    def must_find(self, request):
        service = self.find(request.input.get("cluster"), request.input["service"])
        if service is None or service.status == "INACTIVE":
            raise Refused("ServiceNotFoundException", "Service not found.", 400)
        return service

    def create_service(self, request, forward):
        given = request.input
        had = self.find(given.get("cluster"), given["serviceName"])
        if had is not None and had.status != "INACTIVE":
            if had.token and had.token == given.get("clientToken") and had.given == given:
                return {"service": {**had.described(), "tags": had.tags}}
            raise Refused("InvalidParameterException", "Creation of service was not idempotent.", 400)
        rules.refuse(self.proxy, request, rules.service(self.proxy, given))
        made = forward()["service"]
        service = Service(request.region, given, made["taskDefinition"])
        self.services[service.cluster, service.name] = service
        self.deploy(service)
        return {"service": {**service.described(), "tags": service.tags}}

    def update_service(self, request, forward):
        given = {key: value for key, value in request.input.items() if key not in ("cluster", "service")}
        service = self.must_find(request)
        if service.status != "ACTIVE":
            raise Refused("ServiceNotActiveException", "Service was not ACTIVE.", 400)
        begins = bool(DEPLOYS & set(given)) and not (set(given) & DEPLOYS == {"forceNewDeployment"} and not given["forceNewDeployment"])
        under_way = [d for d in service.deployments if d["status"] not in OVER]
        if begins and len(under_way) >= 5:
            raise Refused("InvalidParameterException", "5 active deployments exist, unable to create new deployment", 400)
        rules.refuse(self.proxy, request, rules.service(self.proxy, {**service.given, **given}))
        made = forward()["service"]
        if "taskDefinition" in given:
            service.task_definition = made["taskDefinition"]
        service.given.update({key: value for key, value in given.items() if key != "forceNewDeployment"})
        if "desiredCount" in given:
            self.scale(service, given["desiredCount"])
        if begins:
            self.deploy(service)
        return {"service": {**service.described(), "tags": service.tags}}

    def scale(self, service, count):
        settled = all(d["status"] in OVER for d in service.deployments)
        service.desired = count
        if settled:
            service.running = count

    def delete_service(self, request, forward):
        service = self.must_find(request)
        if service.desired > 0 and not request.input.get("force"):
            raise Refused("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.", 400)
        forward()
        service.status, service.desired, service.running = "DRAINING", 0, 0
        return {"service": {**service.described(), "tags": service.tags}}

    def describe_services(self, request, forward):
        self.must_be_a_cluster(request)
        out, failures = [], []
        for name in request.input["services"]:
            service = self.find(request.input.get("cluster"), name)
            if service is None:
                cluster = request.input.get("cluster", "default")
                failures.append({"arn": f"arn:aws:ecs:{request.region}:{ACCOUNT}:service/{cluster}/{name}", "reason": "MISSING"})
                continue
            if service.status == "DRAINING":
                service.status = "INACTIVE" if self.drain_looks == 0 else "DRAINING"
                self.drain_looks = max(0, self.drain_looks - 1)
            described = service.described()
            if "TAGS" in request.input.get("include", []):
                described["tags"] = service.tags
            out.append(described)
        return {"services": out, "failures": failures}

    def must_be_a_cluster(self, request):
        if not self.proxy.ground.has_cluster(request.input.get("cluster", "default")):
            raise Refused("ClusterNotFoundException", "Cluster not found.", 400)

    def list_services(self, request, forward):
        self.must_be_a_cluster(request)
        cluster = request.input.get("cluster", "default").rsplit("/", 1)[-1]
        return {"serviceArns": [s.arn for s in self.services.values() if s.cluster == cluster and s.status != "INACTIVE"]}

    # ---- deployments

    def deploy(self, service, end=None):
        self.serial += 1
        steps = end or self.next_end
        number = identity(service.arn, self.serial)[:21]
        previous = next((d["task_definition"] for d in service.deployments if d["status"] == "SUCCESSFUL"), None)
        deployment = {"number": number, "id": f"ecs-svc/{int(number[:15], 16)}", "status": "PENDING", "failed": 0, "reason": "",
                      "steps": list(ENDS.get(steps, steps) if isinstance(steps, str) else steps), "created_at": time.time(),
                      "task_definition": service.task_definition, "previous": previous, "finished_at": None, "rollback_reason": "",
                      "alarm": steps == "alarm", "given": copy.deepcopy(service.given)}
        for older in service.deployments:
            if older["status"] not in OVER:
                older.update(status="STOPPED", finished_at=time.time(), reason="A new deployment took its place.")
        service.deployments.insert(0, deployment)
        service.say(f"has started {service.desired} tasks.")
        return deployment

    def step(self, service, deployment):
        if deployment["status"] in OVER or not deployment["steps"]:
            return
        deployment["status"] = status = deployment["steps"].pop(0)
        if status == "SUCCESSFUL":
            service.running = service.desired
            service.say(f"(deployment {deployment['id']}) deployment completed.")
            service.say("has reached a steady state.")
        elif status.startswith("ROLLBACK"):
            self.fail(service, deployment, status)
        if status in OVER:
            deployment["finished_at"] = time.time()

    def fail(self, service, deployment, status):
        if not deployment["reason"]:
            deployment["failed"] = 0 if deployment["alarm"] else 3
            why = ("alarm detected." if deployment["alarm"] else "tasks failed to start.")
            cause = "of an alarm" if deployment["alarm"] else "the circuit breaker threshold was exceeded"
            deployment["reason"] = f"Service deployment rolled back because {cause}."
            deployment["rollback_reason"] = deployment["reason"]
            service.say(f"(deployment {deployment['id']}) deployment failed: {why}")
            self.on_failure(service, deployment)
        if status == "ROLLBACK_SUCCESSFUL":
            service.task_definition = deployment["previous"] or service.task_definition
            service.running = service.desired
            service.say(f"rolling back to {service.task_definition}.")
        if status == "ROLLBACK_FAILED":
            service.say("No rollback candidate was found to run the rollback.")

    def settle(self):
        for service in self.services.values():
            for deployment in service.deployments:
                while deployment["status"] not in OVER and deployment["steps"]:
                    self.step(service, deployment)

    def arn_of(self, service, deployment, kind="service-deployment"):
        return f"arn:aws:ecs:{service.region}:{ACCOUNT}:{kind}/{service.cluster}/{service.name}/{deployment['number']}"

    def revision_arn(self, service, task_definition):
        return f"arn:aws:ecs:{service.region}:{ACCOUNT}:service-revision/{service.cluster}/{service.name}/{int(identity(task_definition)[:14], 16)}"

    def list_service_deployments(self, request, forward):
        service = self.must_find(request)
        wanted = request.input.get("status", [])
        after = request.input.get("createdAt", {}).get("after", 0)
        out = []
        for d in service.deployments:
            if (not wanted or d["status"] in wanted) and d["created_at"] >= after:
                brief = {"serviceDeploymentArn": self.arn_of(service, d), "serviceArn": service.arn, "clusterArn": service.cluster_arn,
                         "createdAt": d["created_at"], "startedAt": d["created_at"], "status": d["status"],
                         "targetServiceRevisionArn": self.revision_arn(service, d["task_definition"])}
                if d["reason"]:
                    brief["statusReason"] = d["reason"]
                if d["finished_at"]:
                    brief["finishedAt"] = d["finished_at"]
                out.append(brief)
        return {"serviceDeployments": out[:request.input.get("maxResults", 100)]}

    def find_deployment(self, arn):
        for service in self.services.values():
            for deployment in service.deployments:
                if self.arn_of(service, deployment) == arn:
                    return service, deployment
        return None, None

    def describe_service_deployments(self, request, forward):
        out, failures = [], []
        for arn in request.input["serviceDeploymentArns"]:
            service, deployment = self.find_deployment(arn)
            if service is None:
                failures.append({"arn": arn, "reason": "MISSING"})
                continue
            self.step(service, deployment)
            out.append(self.deployment_form(service, deployment))
        return {"serviceDeployments": out, "failures": failures}

    def deployment_form(self, service, d):
        threshold = min(200, max(3, (service.desired + 1) // 2))
        breaker = "MONITORING_COMPLETE" if d["status"] == "SUCCESSFUL" else "TRIGGERED" if d["failed"] >= threshold else "MONITORING"
        if not service.configuration()["deploymentCircuitBreaker"]["enable"]:
            breaker = "DISABLED"
        revision = {"arn": self.revision_arn(service, d["task_definition"]), "requestedTaskCount": service.desired,
                    "runningTaskCount": service.running if d["status"] == "SUCCESSFUL" else 0,
                    "pendingTaskCount": 0 if d["status"] == "SUCCESSFUL" else service.desired}
        out = {"serviceDeploymentArn": self.arn_of(service, d), "serviceArn": service.arn, "clusterArn": service.cluster_arn,
               "createdAt": d["created_at"], "startedAt": d["created_at"], "updatedAt": time.time(), "status": d["status"],
               "sourceServiceRevisions": [], "targetServiceRevision": revision, "deploymentConfiguration": service.configuration(),
               "deploymentCircuitBreaker": {"status": breaker, "failureCount": d["failed"], "threshold": threshold}}
        if d["previous"]:
            out["sourceServiceRevisions"] = [{"arn": self.revision_arn(service, d["previous"]), "requestedTaskCount": 0,
                                              "runningTaskCount": 0, "pendingTaskCount": 0}]
        if d["reason"]:
            out["statusReason"] = d["reason"]
        if d["finished_at"]:
            out["finishedAt"] = d["finished_at"]
        if d["rollback_reason"] and d["previous"]:
            out["rollback"] = {"reason": d["rollback_reason"], "startedAt": d["created_at"], "serviceRevisionArn": self.revision_arn(service, d["previous"])}
        if d["alarm"]:
            out["alarms"] = {"status": "TRIGGERED" if d["reason"] else "MONITORING", "alarmNames": ["p99"],
                             "triggeredAlarmNames": ["p99"] if d["reason"] else []}
        return out

    def stop_service_deployment(self, request, forward):
        service, deployment = self.find_deployment(request.input["serviceDeploymentArn"])
        if service is None:
            raise Refused("ServiceDeploymentNotFoundException", "The service deployment was not found.", 400)
        if deployment["status"] in OVER:
            raise Refused("ConflictException", "The deployment is over.", 400)
        if deployment["previous"] is None:
            raise Refused("ConflictException", "There is no revision to roll back to.", 400)
        deployment.update(status="ROLLBACK_REQUESTED", steps=["ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"], reason="Rolled back on request.",
                          rollback_reason="Rolled back on request.")
        return {"serviceDeploymentArn": request.input["serviceDeploymentArn"]}

    def describe_service_revisions(self, request, forward):
        out, failures = [], []
        known = {self.revision_arn(s, d["task_definition"]): (s, d) for s in self.services.values() for d in s.deployments}
        for arn in request.input["serviceRevisionArns"]:
            if arn not in known:
                failures.append({"arn": arn, "reason": "MISSING"})
                continue
            service, d = known[arn]
            out.append({"serviceRevisionArn": arn, "serviceArn": service.arn, "clusterArn": service.cluster_arn, "createdAt": d["created_at"],
                        "taskDefinition": d["task_definition"], "launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux",
                        "loadBalancers": copy.deepcopy(d["given"].get("loadBalancers", [])),
                        "networkConfiguration": copy.deepcopy(d["given"].get("networkConfiguration", {}))})
        return {"serviceRevisions": out, "failures": failures}

    # ---- tags

    def tagged(self, request):
        return next((s for s in self.services.values() if s.arn == request.input["resourceArn"]), None)

    def tag_resource(self, request, forward):
        service = self.tagged(request)
        if service is None:
            return forward()
        new = {tag["key"]: tag for tag in request.input["tags"]}
        service.tags = [tag for tag in service.tags if tag["key"] not in new] + list(new.values())
        return {}

    def untag_resource(self, request, forward):
        service = self.tagged(request)
        if service is None:
            return forward()
        service.tags = [tag for tag in service.tags if tag["key"] not in request.input["tagKeys"]]
        return {}

    def list_tags_for_resource(self, request, forward):
        service = self.tagged(request)
        return forward() if service is None else {"tags": service.tags}


def fill_task_definition(definition):
    """What AWS fills in and moto does not."""
    definition.setdefault("registeredAt", 1.7e9)
    definition.setdefault("registeredBy", f"arn:aws:iam::{ACCOUNT}:user/me")
    definition.setdefault("requiresAttributes", [{"name": "ecs.capability.task-eni"}])
    for container in definition["containerDefinitions"]:
        container.setdefault("systemControls", [])
        container.setdefault("essential", True)
        for port in container.get("portMappings", []):
            port.setdefault("hostPort", port["containerPort"])
            port.setdefault("protocol", "tcp")
        check = container.get("healthCheck")
        if check is not None:
            check.setdefault("interval", 30)
            check.setdefault("timeout", 5)
            check.setdefault("retries", 3)
        log = container.get("logConfiguration")
        if log is not None:
            log.setdefault("secretOptions", [])
    for volume in definition.get("volumes", []):
        volume.setdefault("host", {})
