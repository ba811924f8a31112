#!/usr/bin/env python3
"""The test ground itself, asked by boto3: it validates, checks signatures, forwards, keeps what moto drops, and fails on demand."""
import time
import unittest
import urllib.request

import botocore.config
import botocore.exceptions
import ecs_case
import fake_local
import recording_proxy as faults
from aws_ground import CLUSTER, EXECUTION_ROLE, KEY, REGION, SECRET, SECURITY_GROUP, SUBNETS, TASK_ROLE, TOKEN
from botocore.exceptions import ClientError

NAME = "embedding-warm-pool"
ONCE = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False)


class GroundCase(ecs_case.GroundCase):
    def client(self, service, config=ONCE, **options):
        given = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "aws_session_token": TOKEN, **options}
        return self.ground.session.client(service, endpoint_url=self.ground.proxy.url, region_name=REGION, config=config, **given)

    def refused(self, code, call, *words, **given):
        with self.assertRaises(ClientError) as caught:
            call(**given)
        self.assertEqual(caught.exception.response["Error"]["Code"], code, caught.exception)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def task_definition(self, **more):
        container = {"name": "replica", "image": "image:1", "portMappings": [{"containerPort": 8000}], **more.pop("container", {})}
        given = {"family": "embedding", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "1024", "memory": "2048",
                 "containerDefinitions": [container], "executionRoleArn": self.ground.role_arns[EXECUTION_ROLE], **more}
        return self.client("ecs").register_task_definition(**given)["taskDefinition"]

    def service(self, **more):
        network = {"awsvpcConfiguration": {"subnets": SUBNETS, "securityGroups": [SECURITY_GROUP]}}
        given = {"cluster": CLUSTER, "serviceName": NAME, "taskDefinition": "embedding", "desiredCount": 2, "launchType": "FARGATE",
                 "networkConfiguration": network, **more}
        return self.client("ecs").create_service(**given)["service"]

    def described(self):
        return self.client("ecs").describe_services(cluster=CLUSTER, services=[NAME], include=["TAGS"])["services"][0]


class WhatIsAsked(GroundCase):
    def test_requests_are_written_down_in_every_protocol(self):
        self.client("ecs").describe_clusters(clusters=[CLUSTER])
        self.client("ec2").describe_subnets(SubnetIds=SUBNETS, Filters=[{"Name": "state", "Values": ["available"]}])
        self.client("elbv2").describe_rules(ListenerArn=self.ground.listener)
        self.client("iam").get_role(RoleName=TASK_ROLE)
        self.client("sts").get_caller_identity()
        seen = [(r.name, r.input, r.status) for r in self.ground.proxy.requests]
        self.assertEqual(seen, [
            ("ecs.DescribeClusters", {"clusters": [CLUSTER]}, 200),
            ("ec2.DescribeSubnets", {"SubnetIds": SUBNETS, "Filters": [{"Name": "state", "Values": ["available"]}]}, 200),
            ("elbv2.DescribeRules", {"ListenerArn": self.ground.listener}, 200),
            ("iam.GetRole", {"RoleName": TASK_ROLE}, 200),
            ("sts.GetCallerIdentity", {}, 200)])

    def test_the_names_of_the_inputs_come_back_as_they_were_asked(self):
        subnets = self.client("ec2").describe_subnets(SubnetIds=SUBNETS)["Subnets"]
        self.assertEqual([one["SubnetId"] for one in subnets], SUBNETS)
        groups = self.client("ec2").describe_security_groups(GroupIds=[SECURITY_GROUP])["SecurityGroups"]
        self.assertEqual(groups[0]["GroupId"], SECURITY_GROUP)

    def test_what_the_model_forbids_is_refused(self):
        ecs, elb = self.client("ecs"), self.client("elbv2")
        wrong = "ValidationException"
        self.refused(wrong, ecs.update_service, "desiredCount", service="s", desiredCount="4")
        self.refused(wrong, ecs.register_task_definition, "required", family="f")
        self.refused(wrong, ecs.list_tasks, "PAUSED", desiredStatus="PAUSED")
        self.refused(wrong, elb.create_target_group, "at most 65535", Name="t", Port=70000)
        self.refused(wrong, self.client("logs").create_log_group, "does not match", logGroupName="no such name!")
        self.refused(wrong, self.client("logs").create_log_group, "at most 512", logGroupName="x" * 513)
        self.assertEqual(len([r for r in self.ground.proxy.requests if r.problems]), 6)

    def test_unknown_names_in_a_query_are_refused(self):
        import aws_model
        model = aws_model.service_model("ec2")
        body = b"Action=DescribeSubnets&Version=2016-11-15&SubnetId.1=a&SubnetIds.1=b&DryRun=yes"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        _, given, problems = aws_model.read_request(model, kind, body)
        self.assertEqual(given["SubnetIds"], ["a"])
        self.assertEqual(problems, ["unknown parameter 'SubnetIds.1'", "DryRun is 'yes', which is no boolean"])

    def test_what_aws_refuses_beyond_its_model(self):
        check = {"command": ["CMD-SHELL", "true"], "startPeriod": 90}
        cases = [({"memory": "9000"}, "No Fargate configuration"), ({"container": {"healthCheck": {**check, "startPeriod": 301}}}, "0 to 300"),
                 ({"container": {"healthCheck": {"command": ["true"]}}}, "CMD"), ({"container": {"stopTimeout": 121}}, "at most 120"),
                 ({"container": {"dependsOn": [{"containerName": "replica", "condition": "SUCCESS"}]}}, "essential"),
                 ({"container": {"mountPoints": [{"sourceVolume": "model", "containerPath": "/m"}]}}, "no volume")]
        for given, words in cases:
            with self.subTest(words):
                self.refused("ClientException", self.task_definition, words, **given)
        self.ground.proxy.enforce = False
        self.task_definition(memory="9000")
        self.assertIn("No Fargate", self.ground.proxy.requests[-1].refusals[0])


class Signatures(GroundCase):
    def test_a_wrong_secret_token_or_key_is_refused(self):
        self.refused("SignatureDoesNotMatch", self.client("ecs", aws_secret_access_key="other").list_clusters)
        self.refused("SignatureDoesNotMatch", self.client("elbv2", aws_secret_access_key="other").describe_load_balancers)
        self.refused("UnrecognizedClientException", self.client("ecs", aws_session_token="other").list_clusters)
        self.refused("UnrecognizedClientException", self.client("ecs", aws_access_key_id="NOBODY").list_clusters)
        self.assertEqual(self.ground.proxy.requests, [])

    def test_a_changed_body_is_refused(self):
        ecs = self.client("ecs")
        ecs.meta.events.register("before-send.ecs", lambda request, **_: setattr(request, "body", b"[]"))
        self.refused("SignatureDoesNotMatch", ecs.list_clusters)

    def test_no_signature_at_all(self):
        asked = urllib.request.Request(self.ground.proxy.url, data=b"{}", headers={"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"})
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(asked)
        self.assertEqual(caught.exception.code, 403)

    def test_another_clock_is_refused_with_the_servers_date(self):
        self.ground.proxy.clock_offset_s = 3600
        self.refused("InvalidSignatureException", self.client("ecs").list_clusters, "expired")
        self.ground.proxy.clock_offset_s = -3600
        self.refused("InvalidSignatureException", self.client("ecs").list_clusters, "not yet current")

    def test_expired_keys(self):
        self.ground.proxy.keys.expired.add(KEY)
        self.refused("ExpiredTokenException", self.client("ecs").list_clusters)


class Faults(GroundCase):
    def fault(self, *given, **options):
        return self.ground.proxy.fault(*given, **options)

    def test_throttling_is_counted(self):
        self.fault("ecs", "ListClusters", faults.throttle, times=2, skip=1)
        ecs = self.client("ecs")
        ecs.list_clusters()
        self.refused("ThrottlingException", ecs.list_clusters)
        self.refused("ThrottlingException", ecs.list_clusters)
        ecs.list_clusters()
        self.assertEqual([r.carried_out for r in self.ground.proxy.requests], [True, False, False, True])

    def test_a_reset_after_it_was_carried_out(self):
        self.fault("logs", "CreateLogGroup", faults.reset_after)
        with self.assertRaises(botocore.exceptions.ConnectionClosedError):
            self.client("logs").create_log_group(logGroupName="/ecs/x")
        self.assertIn("/ecs/x", self.ground.exists()["log groups"])

    def test_server_errors_slow_answers_and_other_peoples_doings(self):
        self.fault("ecs", "ListClusters", faults.server_error)
        self.refused("ServerException", self.client("ecs").list_clusters)
        self.fault("ecs", "ListClusters", faults.slow(0.2))
        begun = time.monotonic()
        self.client("ecs").list_clusters()
        self.assertGreaterEqual(time.monotonic() - begun, 0.2)
        self.fault("ecs", "CreateService", faults.before(lambda: self.service(desiredCount=7)))
        self.task_definition()
        self.refused("InvalidParameterException", self.service, "not idempotent")
        self.assertEqual(self.described()["desiredCount"], 7)

    def test_what_moto_has_not_is_noticed(self):
        self.refused("InternalFailure", self.client("ecs").update_cluster_settings, cluster=CLUSTER, settings=[])
        self.assertEqual(self.ground.proxy.not_in_moto, ["ecs.UpdateClusterSettings"])
        self.ground.proxy.not_in_moto.clear()


class Services(GroundCase):
    def test_a_service_keeps_what_it_was_made_with(self):
        self.task_definition(taskRoleArn=self.ground.role_arns[TASK_ROLE])
        given = {"healthCheckGracePeriodSeconds": 60, "enableExecuteCommand": True, "availabilityZoneRebalancing": "DISABLED",
                 "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200,
                                             "deploymentCircuitBreaker": {"enable": True, "rollback": True}},
                 "tags": [{"key": "a", "value": "b"}]}
        self.service(**given)
        described = self.described()
        for name, value in given.items():
            if name != "deploymentConfiguration":
                self.assertEqual(described[name], value)
        self.assertEqual(described["deploymentConfiguration"]["deploymentCircuitBreaker"], {"enable": True, "rollback": True})
        self.refused("InvalidParameterException", self.service, "not idempotent")

    def test_what_a_service_needs(self):
        self.task_definition()
        self.refused("InvalidParameterException", self.service, "taskRoleArn", enableExecuteCommand=True)
        group = self.client("elbv2").create_target_group(Name="t", Protocol="HTTP", Port=8000, VpcId=self.ground.vpc, TargetType="ip")["TargetGroups"][0]
        balancer = {"targetGroupArn": group["TargetGroupArn"], "containerName": "replica", "containerPort": 8000}
        self.refused("InvalidParameterException", self.service, "load balancer", loadBalancers=[balancer])
        self.refused("InvalidParameterException", self.service, "container port", loadBalancers=[{**balancer, "containerPort": 1}])
        self.client("elbv2").create_rule(ListenerArn=self.ground.listener, Priority=1,
                                         Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
                                         Actions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}])
        self.service(loadBalancers=[balancer])
        self.ground.ecs.settle()
        health = self.client("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        self.assertEqual([one["TargetHealth"]["State"] for one in health], ["healthy"] * 2)
        self.ground.others.health["t"] = [[{"Target": {"Id": "10.0.0.1", "Port": 8000}, "TargetHealth": {"State": state}}] for state in ("initial", "healthy")]
        ask = lambda: self.client("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])  # noqa: E731
        states = [ask()["TargetHealthDescriptions"][0]["TargetHealth"]["State"] for _ in range(3)]
        self.assertEqual(states, ["initial", "healthy", "healthy"])

    def deployments(self):
        ecs = self.client("ecs")
        arns = [d["serviceDeploymentArn"] for d in ecs.list_service_deployments(cluster=CLUSTER, service=NAME)["serviceDeployments"]]
        return ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]

    def test_deployments_go_on_as_they_are_described(self):
        self.task_definition()
        self.ground.ecs.next_end = "slow success"
        self.service()
        self.assertEqual([self.deployments()[0]["status"] for _ in range(4)], ["IN_PROGRESS", "IN_PROGRESS", "SUCCESSFUL", "SUCCESSFUL"])
        self.assertEqual((self.described()["runningCount"], self.described()["deployments"][0]["rolloutState"]), (2, "COMPLETED"))
        revision = self.deployments()[0]["targetServiceRevision"]["arn"]
        said = self.client("ecs").describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"][0]
        self.assertTrue(said["taskDefinition"].endswith("embedding:1"))

    def test_a_roll_back(self):
        self.task_definition()
        self.service(deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}})
        self.ground.ecs.settle()
        self.task_definition(memory="4096")
        self.ground.ecs.next_end = "circuit breaker"
        self.client("ecs").update_service(cluster=CLUSTER, service=NAME, taskDefinition="embedding:2")
        ends = [self.deployments()[0] for _ in range(3)]
        self.assertEqual([one["status"] for one in ends], ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"])
        self.assertEqual(ends[-1]["deploymentCircuitBreaker"], {"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
        self.assertTrue(self.described()["taskDefinition"].endswith("embedding:1"))
        self.assertTrue(any("deployment failed: tasks failed to start" in event["message"] for event in self.described()["events"]))

    def test_stopping_a_deployment_and_what_begins_none(self):
        self.task_definition()
        self.service()
        self.ground.ecs.settle()
        ecs = self.client("ecs")
        ecs.update_service(cluster=CLUSTER, service=NAME, desiredCount=3, healthCheckGracePeriodSeconds=5)
        self.assertEqual(len(self.deployments()), 1)
        self.ground.ecs.next_end = "never"
        ecs.update_service(cluster=CLUSTER, service=NAME, forceNewDeployment=True)
        newest = self.deployments()[0]
        self.assertEqual(newest["status"], "PENDING")
        ecs.stop_service_deployment(serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK")
        self.assertEqual([self.deployments()[0]["status"] for _ in range(2)], ["ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"])
        self.refused("ConflictException", ecs.stop_service_deployment, serviceDeploymentArn=newest["serviceDeploymentArn"])

    def test_tasks_and_protection(self):
        self.task_definition()
        self.service()
        self.ground.ecs.settle()
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=CLUSTER, serviceName=NAME)["taskArns"]
        self.assertEqual(len(arns), 2)
        self.assertEqual(ecs.describe_tasks(cluster=CLUSTER, tasks=[*arns, "absent"])["failures"], [{"arn": "absent", "reason": "MISSING"}])
        self.assertEqual(ecs.list_tasks(cluster=CLUSTER, desiredStatus="STOPPED")["taskArns"], [])
        self.ground.ecs.blocked.add(arns[1])
        answer = ecs.update_task_protection(cluster=CLUSTER, tasks=arns, protectionEnabled=True, expiresInMinutes=5)
        self.assertEqual([one["taskArn"] for one in answer["protectedTasks"]], arns[:1])
        self.assertEqual([one["reason"] for one in answer["failures"]], ["DEPLOYMENT_BLOCKED"])
        states = ecs.get_task_protection(cluster=CLUSTER)["protectedTasks"]
        self.assertEqual({one["taskArn"]: one["protectionEnabled"] for one in states}, {arns[0]: True, arns[1]: False})

    def test_scaling_moves_the_count_into_its_bounds_and_goes_as_a_whole(self):
        self.task_definition()
        self.service()
        self.ground.ecs.settle()
        scaling = self.client("application-autoscaling")
        what = {"ServiceNamespace": "ecs", "ResourceId": f"service/{CLUSTER}/{NAME}", "ScalableDimension": "ecs:service:DesiredCount"}
        arn = scaling.register_scalable_target(**what, MinCapacity=4, MaxCapacity=12, Tags={"a": "b"})["ScalableTargetARN"]
        self.assertEqual(scaling.list_tags_for_resource(ResourceARN=arn)["Tags"], {"a": "b"})
        self.assertEqual(self.described()["desiredCount"], 4)
        action = {"ScheduledActionName": "n", "Timezone": "Europe/Paris", "ScalableTargetAction": {"MinCapacity": 5}}
        self.refused("ValidationException", scaling.put_scheduled_action, "6", **what, **action, Schedule="cron(0 8 * * 1-5)")
        self.refused("ValidationException", scaling.put_scheduled_action, "?", **what, **action, Schedule="cron(0 8 * * 1-5 *)")
        scaling.put_scheduled_action(**what, **action, Schedule="cron(0 8 ? * MON-FRI *)")
        self.assertEqual(len(self.ground.exists()["scheduled actions"]), 1)
        scaling.deregister_scalable_target(**what)
        self.assertEqual(self.ground.exists()["scheduled actions"], [])


class BesideATask(GroundCase):
    def ask(self, path, method="GET", body=None, headers=None):
        asked = urllib.request.Request(self.ground.local.url + path, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def test_metadata_credentials_and_the_instance(self):
        local = self.ground.local
        local.credentials = [("K", "S", "T", 3600)]
        self.assertIn(b'"ServiceName": "embedding-warm-pool"', self.ask("/v4/container/task")[1])
        local.authorization = "let me in"
        self.assertEqual(self.ask("/credentials")[0], 401)
        self.assertIn(b'"AccessKeyId": "K"', self.ask("/credentials", headers={"Authorization": "let me in"})[1])
        where = "/latest/meta-data/iam/security-credentials/"
        self.assertEqual(self.ask(where)[0], 401)
        token = self.ask("/latest/api/token", "PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})[1].decode()
        role = self.ask(where, headers={"X-aws-ec2-metadata-token": token})[1].decode()
        self.assertIn(b'"Code": "Success"', self.ask(where + role, headers={"X-aws-ec2-metadata-token": token})[1])

    def test_the_agents_endpoint(self):
        path = "/api/container/task-protection/v1/state"
        put = lambda body: self.ask(path, "PUT", body)  # noqa: E731
        self.assertIn(b'"ProtectionEnabled": true', put(b'{"ProtectionEnabled":true,"ExpiresInMinutes":5}')[1])
        self.assertIn(b'"ExpirationDate"', self.ask(path)[1])
        for body in (b"{}", b'{"ProtectionEnabled":true,"Other":1}', b'{"ProtectionEnabled":true,"ExpiresInMinutes":0}', b"no"):
            self.assertEqual(put(body)[0], 400)
        self.ground.local.protection_answers = [fake_local.blocked(), fake_local.not_allowed(), fake_local.timed_out()]
        answers = [put(b'{"ProtectionEnabled":true}') for _ in range(3)]
        self.assertEqual([status for status, _ in answers], [200, 403, 504])
        self.assertIn(b"DEPLOYMENT_BLOCKED", answers[0][1])


if __name__ == "__main__":
    unittest.main()
