"""Lays a service of doctor_fixtures/ down on the ground, and writes the hearth.toml that belongs to it."""
import copy
import json
import pathlib
import time

from aws_ground import CLUSTER, DIMENSION, EXECUTION_ROLE, SECURITY_GROUP, SUBNETS, TASK_ROLE
from fake_service import identity

FIXTURES = pathlib.Path(__file__).parent / "doctor_fixtures"
NAME, FAMILY, CONTAINER = "embedding-warm-pool", "embedding-service", "embedding"
REPOSITORY = "embedding-service"
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{REPOSITORY}:1.4.2"
LOG_GROUP = "/ecs/" + FAMILY
CHECK = "python -c \"import urllib.request; urllib.request.urlopen('http://localhost:8000{path}')\" || exit 1"


def load(name):
    return json.loads((FIXTURES / f"{name}.json").read_text())


class FailingService:
    def __init__(self, ground, facts, folder):
        self.ground, self.facts = ground, facts
        self.folder = pathlib.Path(folder)
        self.now = time.time()
        ground.proxy.enforce = False
        self.register()
        self.arn = self.create()
        self.scale()
        self.tasks()
        self.write_log()
        ground.proxy.enforce = True
        ground.proxy.requests.clear()

    def client(self, service):
        return self.ground.client(service, self.ground.proxy.url)

    def register(self):
        given = self.facts["task_definition"]
        check = {"command": ["CMD-SHELL", CHECK.format(path=given.get("check", "/ready"))], "interval": 15, "timeout": 5, "retries": 3,
                 "startPeriod": given.get("startPeriod", 90)}
        log = {"logDriver": "awslogs", "options": {"awslogs-group": LOG_GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}}
        container = {"name": CONTAINER, "image": IMAGE, "essential": True, "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
                     "healthCheck": check, "logConfiguration": log}
        if "user" in given:
            container["user"] = given["user"]
        self.client("logs").create_log_group(logGroupName=LOG_GROUP)
        self.client("ecs").register_task_definition(
            family=FAMILY, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu=given["cpu"], memory=given["memory"],
            executionRoleArn=self.ground.role_arns[EXECUTION_ROLE], taskRoleArn=self.ground.role_arns[TASK_ROLE], containerDefinitions=[container])

    def create(self):
        more = {}
        if self.facts.get("balancer"):
            more = {"loadBalancers": [self.balancer()], "healthCheckGracePeriodSeconds": 60}
        network = {"awsvpcConfiguration": {"subnets": SUBNETS, "securityGroups": [SECURITY_GROUP], "assignPublicIp": "DISABLED"}}
        self.ground.ecs.next_end = self.facts["deployment"]
        service = self.client("ecs").create_service(
            cluster=CLUSTER, serviceName=NAME, taskDefinition=FAMILY, desiredCount=4, launchType="FARGATE", networkConfiguration=network,
            availabilityZoneRebalancing="DISABLED", deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200}, **more)["service"]
        self.ground.ecs.next_end = "success"
        return service["serviceArn"]

    def balancer(self):
        elb = self.client("elbv2")
        arn = elb.create_target_group(Name=NAME, Protocol="HTTP", Port=8000, VpcId=self.ground.vpc, TargetType="ip", HealthCheckPath="/ready",
                                      Matcher={"HttpCode": "200"}, HealthyThresholdCount=2)["TargetGroups"][0]["TargetGroupArn"]
        elb.create_rule(ListenerArn=self.ground.listener, Priority=1, Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
                        Actions=[{"Type": "forward", "TargetGroupArn": arn}])
        return {"targetGroupArn": arn, "containerName": CONTAINER, "containerPort": 8000}

    def scale(self):
        client, facts = self.client("application-autoscaling"), self.facts
        what = {"ServiceNamespace": "ecs", "ResourceId": f"service/{CLUSTER}/{NAME}", "ScalableDimension": DIMENSION}
        client.register_scalable_target(**what, **facts.get("scaling", {"MinCapacity": 4, "MaxCapacity": 12}))
        metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
        config = {"TargetValue": 60.0, "PredefinedMetricSpecification": metric, **facts.get("policy", {"ScaleInCooldown": 300, "ScaleOutCooldown": 60})}
        client.put_scaling_policy(**what, PolicyName="embedding-cpu-scaling", PolicyType="TargetTrackingScaling",
                                  TargetTrackingScalingPolicyConfiguration=config)
        for activity in facts.get("activities", []):
            self.ground.others.activities.append({
                "ActivityId": identity(activity["start_s"]), "ServiceNamespace": "ecs", "ResourceId": what["ResourceId"], "ScalableDimension": DIMENSION,
                "Description": activity["Description"], "Cause": activity["Cause"], "StartTime": self.now + activity["start_s"],
                "EndTime": self.now + activity["end_s"], "StatusCode": "Successful",
                "StatusMessage": f"Successfully set desired count to {activity['to']}. Change successfully fulfilled by ecs."})

    # ---- tasks and what they printed

    def tasks(self):
        ecs, facts = self.ground.ecs, self.facts
        service = ecs.find(CLUSTER, NAME)
        ecs.settle()
        service.desired = facts.get("desired", 4)
        self.stopped = [self.stopped_task(service, n, one) for n, one in enumerate(facts.get("stopped_tasks", []))]
        ecs.stopped = self.stopped
        warm = [{"created_s": -7200, "pull_s": 12, "health": "HEALTHY"}] * (service.desired if facts["deployment"] == "success" else 0)
        running = facts.get("running_tasks", warm)
        self.running = [self.running_task(service, n, one) for n, one in enumerate(running)]
        ecs.running[CLUSTER, NAME] = self.running
        service.running = len(self.running)
        service.events = []
        for ago, message in sorted(facts.get("events", [])):
            service.say(message, self.now + ago)
        if "health" in facts:
            targets = [{"Target": {"Id": f"10.0.{n % 2}.{10 + n}", "Port": 8000}, "HealthCheckPort": "8000", "TargetHealth": facts["health"]}
                       for n in range(len(self.running))]
            self.ground.others.health[NAME] = [targets]
        image = {"registryId": "123456789012", "repositoryName": REPOSITORY, "imageTags": ["1.4.2"], "imageDigest": "sha256:" + "0" * 64,
                 "imageSizeInBytes": 480_000_000, "imagePushedAt": self.now - 86400, **facts.get("image", {})}
        self.ground.others.images[REPOSITORY] = [image]

    def task(self, service, n, began, given):
        arn = service.arn.replace(":service/", ":task/").replace(NAME, identity("task", n, began))
        task = service_task(self.ground.ecs, service, arn, n)
        pull = given.get("pull_s", 12)
        task.update(createdAt=began, pullStartedAt=began + 8, pullStoppedAt=began + 8 + pull, startedAt=began + 10 + pull,
                    healthStatus=given.get("health", "UNKNOWN"), cpu=self.facts["task_definition"]["cpu"], memory=self.facts["task_definition"]["memory"])
        task["containers"][0].update(name=CONTAINER, image=IMAGE, healthStatus=task["healthStatus"])
        return task

    def running_task(self, service, n, given):
        return self.task(service, n, self.now + given["created_s"], given)

    def stopped_task(self, service, n, given):
        end = self.now + given["stopped_s"]
        task = self.task(service, 100 + n, end - given["lives_s"] - 10 - given.get("pull_s", 12), given)
        task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stopCode=given["stopCode"], stoppedReason=given["stoppedReason"], stoppingAt=end,
                    executionStoppedAt=end, stoppedAt=end)
        task["containers"][0].update(lastStatus="STOPPED", **given["container"])
        return task

    def write_log(self):
        lines = [(self.now + ago, (self.stopped or self.running)[n], message) for ago, n, message in self.facts.get("log", [])]
        lines += [(self.stopped[n]["startedAt"] + after, self.stopped[n], message) for n, after, message in self.facts.get("log_after_start", [])]
        logs = self.client("logs")
        for at, task, message in sorted(lines, key=lambda line: line[0]):
            stream = f"ecs/{CONTAINER}/{task['taskArn'].rsplit('/', 1)[-1]}"
            if not logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream)["logStreams"]:
                logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
            logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=[{"timestamp": int(at * 1000), "message": message}])

    # ---- the file that belongs to it

    def hearth_toml(self):
        """The pool as its owner wanted it: 4 warm, the model beside the file (of the right size, all zeros)."""
        model = self.folder / "model"
        model.mkdir()
        (model / "config.json").write_text('{"model_type":"bert"}')
        with open(model / "model.safetensors", "wb") as weights:
            weights.truncate(self.facts["model_bytes"])
        cpu, memory = int(self.facts["task_definition"]["cpu"]) / 1024, int(self.facts["task_definition"]["memory"])
        path = self.folder / "hearth.toml"
        path.write_text(f"""
[model]
source = "{model}"
[pool]
floor = 4
spare = 0
max = 12
keep_warm = "15m"
[replica]
cpu = {cpu:g}
memory = "{memory}MiB"
[ecs]
server = "other"
region = "us-east-1"
cluster = "{CLUSTER}"
service = "{NAME}"
family = "{FAMILY}"
container = "{CONTAINER}"
image = "{IMAGE}"
subnets = {json.dumps(SUBNETS)}
security_groups = ["{SECURITY_GROUP}"]
execution_role = "{EXECUTION_ROLE}"
task_role = "{TASK_ROLE}"
{f'listener = "{self.ground.listener}"' if self.facts.get("balancer") else ""}
""")
        return path


def service_task(ecs, service, arn, n):
    return copy.deepcopy(ecs.made_up(service, arn, n))
