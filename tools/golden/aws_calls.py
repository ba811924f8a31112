"""What botocore sends and reads in the calls of Query, EC2 and JSON that hearth makes. Part of make_aws.py."""
import datetime
import itertools
import json
import random
from unittest import mock
from urllib.parse import quote
from xml.sax.saxutils import escape

import botocore.auth
import botocore.credentials
import botocore.exceptions
import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

TIME = 1_764_072_000
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SERVICES = ["ecs", "application-autoscaling", "elbv2", "logs", "ec2", "iam", "sts", "cloudwatch", "ecr"]
REGIONS = ["us-east-1", "eu-west-1", "il-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1",
           "eu-isoe-west-1", "eusc-de-east-1"]
QUERY = {
    "elbv2": ["CreateTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetGroupAttributes",
              "DescribeTargetHealth", "DescribeListeners", "DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "CreateRule", "ModifyRule",
              "DescribeRules", "DeleteRule", "DeleteTargetGroup", "AddTags", "RemoveTags", "DescribeTags", "SetRulePriorities"],
    "ec2": ["DescribeSubnets", "DescribeSecurityGroups"],
    "iam": ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies", "GetRolePolicy", "GetPolicy", "GetPolicyVersion", "SimulatePrincipalPolicy"],
    "sts": ["GetCallerIdentity"],
    "cloudwatch": ["PutMetricAlarm", "DescribeAlarms", "DeleteAlarms", "GetMetricData", "GetMetricStatistics", "ListMetrics"],
}
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
BY_HAND = [
    ("elbv2", "CreateTargetGroup", {
        "Name": "pool", "Protocol": "HTTP", "Port": 8000, "VpcId": "vpc-1", "TargetType": "ip", "HealthCheckPath": "/ready",
        "HealthCheckEnabled": True, "HealthyThresholdCount": 2, "Matcher": {"HttpCode": "200"},
        "Tags": [{"Key": "hearth:pool", "Value": "a b+c/é&="}, {"Key": "empty", "Value": ""}]}),
    ("elbv2", "ModifyTargetGroupAttributes", {"TargetGroupArn": ARN + "targetgroup/pool/1", "Attributes": [
        {"Key": "deregistration_delay.timeout_seconds", "Value": "90"},
        {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"}]}),
    ("elbv2", "CreateRule", {"ListenerArn": ARN + "listener/app/a/1/2", "Priority": 10, "Conditions": [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*", "/v1/*"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x", "Values": ["~*"]}}],
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": ARN + "targetgroup/pool/1", "Weight": 1}]}}]}),
    ("ec2", "DescribeSubnets", {"SubnetIds": ["subnet-1", "subnet-2"]}),
    ("ec2", "DescribeSubnets", {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]}], "MaxResults": 5}),
    ("ec2", "DescribeSubnets", {"SubnetIds": []}),
    ("ec2", "DescribeSecurityGroups", {"GroupIds": ["sg-1"], "GroupNames": ["a b"], "DryRun": False}),
    ("iam", "GetRole", {"RoleName": "hearth@x"}),
    ("sts", "GetCallerIdentity", {}),
    ("cloudwatch", "PutMetricAlarm", {
        "AlarmName": "pool", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.5, "AlarmActions": [],
        "Metrics": [{"Id": "e", "Expression": "CEIL(s/6 - 0.05)", "ReturnData": True},
                    {"Id": "s", "ReturnData": False, "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {
                        "Namespace": "Hearth", "MetricName": "busy", "Dimensions": [{"Name": "Cluster", "Value": "c"}]}}}]}),
    ("cloudwatch", "GetMetricData", {"StartTime": "2026-11-25T12:00:00Z", "EndTime": "2026-11-25T13:00:00Z", "MetricDataQueries": [
        {"Id": "q1", "Expression": "SUM(m1)"}]}),
    ("ecs", "CreateService", {"cluster": "c", "serviceName": "s", "desiredCount": 4, "enableExecuteCommand": True, "tags": [
        {"key": "purpose", "value": "warm-pool é"}]}),
    ("ecs", "DescribeServices", {"services": []}),
    ("application-autoscaling", "RegisterScalableTarget", {"ServiceNamespace": "ecs", "ResourceId": "service/c/s", "MinCapacity": 4}),
    ("logs", "CreateLogGroup", {"logGroupName": "/ecs/x"}),
    ("ecr", "DescribeImages", {"repositoryName": "x", "imageIds": [{"imageTag": "a\"b\\c"}]}),
]

_SESSION = botocore.session.Session()


def model(service):
    return _SESSION.get_service_model(service)


def protocol(service):
    return {"ec2": "ec2"}.get(service, "query" if service in QUERY else "json")


def sample(shape, rng, whole=False, depth=0):
    """A value of `shape`, `whole` with every member; None where there is nothing that hearth could send (a map) or say."""
    if shape.type_name == "structure":
        members = {name: sample(member, rng, whole, depth + 1) for name, member in shape.members.items()
                   if whole or rng.random() < 0.8 - 0.1 * depth}
        return {name: value for name, value in members.items() if value is not None} or None
    if shape.type_name == "list":
        values = [sample(shape.member, rng, whole, depth + 1) for _ in range(1 if whole else rng.randint(0, 2))]
        return [value for value in values if value is not None]
    return {"string": lambda: rng.choice(shape.enum or ["", "a b", "é/+&=%~*", "x-1.y_z", "<a>\"'"]),
            "boolean": lambda: rng.random() < 0.5,
            "integer": lambda: rng.choice([0, 1, -5, 2147483647]),
            "long": lambda: rng.choice([0, 2**53]),
            "double": lambda: rng.choice([0.5, 60.0, -1e-07, 123456.75, 1e+16]),
            "float": lambda: rng.choice([0.5, 60.0]),
            "timestamp": lambda: "2026-11-25T12:00:00Z"}.get(shape.type_name, lambda: None)()


def authorization(service, headers, body, host):
    about = model(service)
    request = AWSRequest("POST", f"https://{host}/", data=body.encode(), headers=headers)
    region = "us-east-1" if service == "iam" else "eu-west-1"
    auth = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*KEYS, "token"), about.signing_name, region)
    now = datetime.datetime.fromtimestamp(TIME, datetime.timezone.utc).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *a, **k: now):
        auth.add_auth(request)
    return request.headers["Authorization"]


def requests():
    """Input of a call, and the headers, body and signature that botocore sends; %20 where it writes "+"."""
    rng = random.Random(3)
    calls = list(BY_HAND)
    for service, actions in QUERY.items():
        for action, _ in itertools.product(actions, range(3)):
            shape = model(service).operation_model(action).input_shape
            calls.append((service, action, (shape is not None and sample(shape, rng)) or {}))
    out = []
    for service, action, given in calls:
        kind = protocol(service)
        operation = model(service).operation_model(action)
        sent = botocore.serialize.create_serializer(kind, include_validation=False).serialize_to_request(given, operation)
        headers = {name: value for name, value in sent["headers"].items() if name in ("Content-Type", "X-Amz-Target")}
        if kind == "json":
            body = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
            assert json.loads(sent["body"]) == given
        else:
            body = "&".join(f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in sent["body"].items())
        prefix = model(service).endpoint_prefix
        host = "iam.amazonaws.com" if service == "iam" else f"{prefix}.eu-west-1.amazonaws.com"
        out.append({"service": service, "action": action, "input": given, "host": host, "headers": headers, "body": body,
                    "authorization": authorization(service, headers, body, host)})
    return out


def xml_of(shape, value, name):
    """`value` as the service writes it."""
    if shape.type_name == "structure":
        inner = "".join(xml_of(shape.members[key], v, shape.members[key].serialization.get("name", key)) for key, v in value.items())
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        inner = "".join(xml_of(shape.member, v, item) for v in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def texts(value):
    """Every leaf a text, what is empty an empty one."""
    if isinstance(value, dict):
        return {k: texts(v) for k, v in value.items()} if value else ""
    if isinstance(value, list):
        return [texts(v) for v in value] if value else ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def answers():
    """Answers in XML, one of each call with every member that its model has, and what botocore reads."""
    rng = random.Random(4)
    out = []
    for service, actions in QUERY.items():
        parser = botocore.parsers.ResponseParserFactory()
        parser.set_parser_defaults(timestamp_parser=str)
        for action, whole in itertools.product(actions, [True, False]):
            shape = model(service).operation_model(action).output_shape
            value = (shape is not None and sample(shape, rng, whole)) or {}
            inner = "".join(xml_of(shape.members[key], v, shape.members[key].serialization.get("name", key)) for key, v in value.items())
            if service == "ec2":
                body = f"{inner}<requestId>id</requestId>"
            else:
                body = (f"<{action}Result>{inner}</{action}Result>" if shape is not None else "") + \
                    "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>"
            xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="http://x/doc/">{body}</{action}Response>'
            read = parser.create_parser(protocol(service)).parse({"status_code": 200, "headers": {}, "body": xml.encode()}, shape)
            read.pop("ResponseMetadata", None)
            out.append({"service": service, "action": action, "xml": xml, "read": {k: texts(v) for k, v in read.items()}})
    return out


def places():
    out = []
    loader = Loader()
    partitions = loader.load_data("partitions")
    for service in SERVICES:
        provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        extra = {"UseGlobalEndpoint": False} if service == "sts" else {}
        for region, fips, dualstack in itertools.product(REGIONS, [False, True], [False, True]):
            try:
                found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack, **extra)
            except botocore.exceptions.BotoCoreError:
                continue  # botocore has no such endpoint
            schemes = found.properties.get("authSchemes", [{}])
            out.append({"service": service, "region": region, "fips": fips, "dualstack": dualstack, "host": found.url.split("/")[2],
                        "signed_for": schemes[0].get("signingRegion", region)})
    return out
