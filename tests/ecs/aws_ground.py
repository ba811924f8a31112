"""AWS to try `hearth ecs` on: moto, in front of it the recording proxy with our fakes, and the inputs that a pool wants to find:
a cluster, two subnets, a security group, a load balancer with a listener, two roles. One for a whole test file; `reset` before
each test gives a new one in a tenth of a second.

    ground = Ground(); ground.reset(); subprocess.run([hearth, "ecs", "apply"], env=ground.env()); ground.proxy.requests"""
import json
import logging
import os
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

import fake_ecs
import fake_local
import fake_others
import recording_proxy

KEY, SECRET, TOKEN = "AKIATEST", "secret/of+the=tests", "a/session+token=="
REGION = "us-east-1"
SUBNETS = ["subnet-abc123", "subnet-def456"]
SECURITY_GROUP = "sg-warm-pool"
CLUSTER = "ml-inference"
EXECUTION_ROLE, TASK_ROLE = "ecsTaskExecutionRole", "embedding-task"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
DIMENSION = "ecs:service:DesiredCount"
NO_OTHER_AWS = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION")


class Ground:
    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.moto.start()
        self.moto_url = "http://%s:%s" % self.moto.get_host_and_port()
        self.proxy = recording_proxy.Proxy(self.moto_url)
        self.proxy.ground = self
        self.ecs = fake_ecs.FakeEcs(self.proxy)
        self.others = fake_others.FakeOthers(self.proxy, self.ecs)
        self.local = fake_local.FakeLocal()
        self.session = boto3.Session()
        self.clients = {}

    def close(self):
        self.proxy.close()
        self.local.close()
        self.moto.stop()

    def behind(self, service):
        """boto3 straight at moto: what a test makes or looks at by itself is not written down."""
        return self.client(service, self.moto_url)

    def client(self, service, url):
        if (service, url) not in self.clients:
            self.clients[service, url] = self.session.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id=KEY,
                                                             aws_secret_access_key=SECRET, aws_session_token=TOKEN)
        return self.clients[service, url]

    def env(self, **more):
        """For a process that shall know this AWS and no other."""
        clean = {name: value for name, value in os.environ.items() if name not in NO_OTHER_AWS}
        return {**clean, "AWS_ENDPOINT_URL": self.proxy.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_SESSION_TOKEN": TOKEN, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", **more}

    # ---- what is there before

    def reset(self):
        urllib.request.urlopen(urllib.request.Request(self.moto_url + "/moto-api/reset", data=b"", method="POST"), timeout=60).close()
        self.proxy.reset()
        self.ecs.reset()
        self.others.reset()
        self.local.reset()
        self.proxy.keys.known = {KEY: (SECRET, TOKEN)}
        self.proxy.keys.expired = set()
        ec2, iam = self.behind("ec2"), self.behind("iam")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        real = [ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"]
                for n, zone in enumerate("ab")]
        group = ec2.create_security_group(GroupName="warm-pool", Description="of the pool", VpcId=self.vpc)["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}])
        self.proxy.aliases = dict(zip([*SUBNETS, SECURITY_GROUP], [*real, group]))
        self.behind("ecs").create_cluster(clusterName=CLUSTER)
        self.role_arns = {name: iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"] for name in (EXECUTION_ROLE, TASK_ROLE)}
        self.make_balancer(real, group)

    def make_balancer(self, subnets, group):
        elb = self.behind("elbv2")
        self.balancer = elb.create_load_balancer(Name="front", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"][0]["LoadBalancerArn"]
        nothing = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
        self.listener = elb.create_listener(LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80, DefaultActions=nothing)["Listeners"][0]["ListenerArn"]

    # ---- what the fakes ask of moto

    def has_cluster(self, name):
        return bool(self.behind("ecs").describe_clusters(clusters=[name])["clusters"])

    def task_definition(self, name):
        try:
            return self.behind("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
        except Exception:
            return None

    def target_group(self, name):
        groups = self.behind("elbv2").describe_target_groups()["TargetGroups"]
        return next((group for group in groups if group["TargetGroupName"] == name), None)

    def has_load_balancer(self, target_group):
        try:
            groups = self.behind("elbv2").describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"]
        except Exception:
            return False
        return bool(groups and groups[0]["LoadBalancerArns"])

    def forget_scaling(self, resource):
        client = self.behind("application-autoscaling")
        what = {"ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": DIMENSION}
        for policy in client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]:
            client.delete_scaling_policy(PolicyName=policy["PolicyName"], **what)
        for action in client.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=resource)["ScheduledActions"]:
            client.delete_scheduled_action(ScheduledActionName=action["ScheduledActionName"], **what)

    # ---- what there is afterwards

    def exists(self):
        """All that a pool is made of, by kind: plain values without what differs from one run to the next."""
        scaling = self.behind("application-autoscaling")
        drop = ("CreationTime", "ScalableTargetARN", "PolicyARN", "ScheduledActionARN", "Alarms", "Tags")
        named = lambda items: [{key: value for key, value in item.items() if key not in drop} for item in items]  # noqa: E731
        return {
            "log groups": self.log_groups(),
            "task definitions": self.behind("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"],
            "target groups": self.target_groups(),
            "rules": self.rules(),
            "services": {name: self.service_facts(service) for (_, name), service in self.ecs.services.items() if service.status == "ACTIVE"},
            "scalable targets": named(scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]),
            "policies": sorted(named(scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]), key=lambda p: p["PolicyName"]),
            "scheduled actions": sorted(named(scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]),
                                        key=lambda a: a["ScheduledActionName"]),
        }

    def log_groups(self):
        logs = self.behind("logs")
        return {group["logGroupName"]: {"retention": group.get("retentionInDays"),
                                        "tags": logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]}
                for group in logs.describe_log_groups()["logGroups"]}

    def target_groups(self):
        elb = self.behind("elbv2")
        out = {}
        for group in elb.describe_target_groups()["TargetGroups"]:
            arn = group["TargetGroupArn"]
            facts = {key: value for key, value in group.items() if key not in ("TargetGroupArn", "VpcId", "LoadBalancerArns")}
            facts["attributes"] = {a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]}
            facts["tags"] = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
            out[group["TargetGroupName"]] = facts
        return out

    def rules(self):
        rules = self.behind("elbv2").describe_rules(ListenerArn=self.listener)["Rules"]
        return [{"priority": r["Priority"], "conditions": r["Conditions"], "to": [a.get("TargetGroupArn", "").split("/")[-2:][:1] for a in r["Actions"]]}
                for r in rules if not r["IsDefault"]]

    def service_facts(self, service):
        drop = ("createdAt", "deployments", "events", "runningCount", "pendingCount", "roleArn")
        facts = {key: value for key, value in service.described().items() if key not in drop}
        facts["loadBalancers"] = [{**one, "targetGroupArn": one["targetGroupArn"].split("/")[-2]} for one in facts["loadBalancers"]]
        return {**facts, "tags": sorted(service.tags, key=lambda t: t["key"])}
