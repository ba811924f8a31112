"""An exported template, read back into the API requests that it stands for, by what botocore's models say: nothing here knows
how hearth writes templates.

A reference to another resource is read as `hearth ecs render` writes it: "${target_group}"."""
import re

import hcl_read
from aws_model import service_model

OPERATIONS = {  # what `render` calls it → service, operation
    "logGroup": ("logs", "CreateLogGroup"),
    "logRetention": ("logs", "PutRetentionPolicy"),
    "taskDefinition": ("ecs", "RegisterTaskDefinition"),
    "targetGroup": ("elbv2", "CreateTargetGroup"),
    "targetGroupAttributes": ("elbv2", "ModifyTargetGroupAttributes"),
    "listenerRule": ("elbv2", "CreateRule"),
    "service": ("ecs", "CreateService"),
    "scalableTarget": ("application-autoscaling", "RegisterScalableTarget"),
    "scalingPolicies": ("application-autoscaling", "PutScalingPolicy"),
    "scheduledActions": ("application-autoscaling", "PutScheduledAction"),
}
TARGET_OF_SCALING = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def shape_of(part):
    service, operation = OPERATIONS[part]
    return service_model(service).operation_model(operation).input_shape


def empty():
    return {part: [] for part in OPERATIONS}


def member_of(shape, *names):
    for name in names:
        for member in shape.members:
            if member.lower() == name.lower():
                return member
    raise KeyError(f"{shape.name} has no {names[0]}: {sorted(shape.members)}")


def fits(value, shape, where):
    """The value in the type that the API has, where the tool's is another."""
    kind = shape.type_name
    if kind == "structure":
        return {name: fits(item, shape.members[name], f"{where}.{name}") for name, item in value.items()}
    if kind == "list":
        return [fits(item, shape.member, where + "[]") for item in value]
    if kind == "string" and isinstance(value, bool):
        return ("ENABLED" if value else "DISABLED") if shape.enum == ["ENABLED", "DISABLED"] else str(value).lower()
    if kind == "string" and not isinstance(value, str):
        return str(value)
    if kind in ("integer", "long") and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind in ("double", "float"):
        return float(value)
    return value


def tags_like(shape, tags):
    if shape.type_name == "map":
        return tags
    key, value = member_of(shape.member, "key"), member_of(shape.member, "value")
    return [{key: name, value: text} for name, text in tags.items()]


# CloudFormation.
CLOUDFORMATION = {
    "AWS::Logs::LogGroup": "logGroup", "AWS::ECS::TaskDefinition": "taskDefinition", "AWS::ECS::Service": "service",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "targetGroup", "AWS::ElasticLoadBalancingV2::ListenerRule": "listenerRule",
    "AWS::ApplicationAutoScaling::ScalableTarget": "scalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy": "scalingPolicies",
}
REFERENCES = {"TaskDefinition": "${task_definition}", "TargetGroup": "${target_group}", "VpcId": "${vpc}",
              "ListenerRulePriority": "${priority}"}
ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"


def from_cloudformation(value, shape):
    if isinstance(value, dict) and list(value) == ["Ref"]:
        return REFERENCES[value["Ref"]]
    if isinstance(value, dict) and list(value) == ["Fn::Sub"]:
        if not value["Fn::Sub"].startswith(ROLE):
            raise ValueError(value)
        return value["Fn::Sub"].removeprefix(ROLE)
    if shape.type_name == "map" and isinstance(value, list):
        return {tag["Key"]: tag["Value"] for tag in value}
    if isinstance(value, dict) and shape.type_name == "structure":
        names = {name: member_of(shape, name) for name in value}
        return {names[name]: from_cloudformation(item, shape.members[names[name]]) for name, item in value.items()}
    if isinstance(value, list):
        return [from_cloudformation(item, shape.member) for item in value]
    return value


def cloudformation_requests(template):
    made = empty()
    for resource in template["Resources"].values():
        part = CLOUDFORMATION[resource["Type"]]
        properties = dict(resource["Properties"])
        if part == "logGroup" and "RetentionInDays" in properties:
            made["logRetention"].append({"logGroupName": properties["LogGroupName"],
                                         "retentionInDays": properties.pop("RetentionInDays")})
        if part == "targetGroup" and "TargetGroupAttributes" in properties:
            made["targetGroupAttributes"].append({"TargetGroupArn": "${target_group}",
                                                  "Attributes": properties.pop("TargetGroupAttributes")})
        for action in properties.pop("ScheduledActions", []) if part == "scalableTarget" else []:
            made["scheduledActions"].append({name: properties[name] for name in TARGET_OF_SCALING}
                                            | from_cloudformation(action, shape_of("scheduledActions")))
        made[part].append(from_cloudformation(properties, shape_of(part)))
    return made


# Terraform.
TERRAFORM = {
    "aws_cloudwatch_log_group": "logGroup", "aws_ecs_task_definition": "taskDefinition", "aws_ecs_service": "service",
    "aws_lb_target_group": "targetGroup", "aws_lb_listener_rule": "listenerRule", "aws_appautoscaling_target": "scalableTarget",
    "aws_appautoscaling_policy": "scalingPolicies", "aws_appautoscaling_scheduled_action": "scheduledActions",
}
# Where the provider's name is not the API's in another spelling: API path (of one item).
RENAMED = {
    "logGroup": {"name": "logGroupName"},
    "taskDefinition": {"volume.host_path": "host.sourcePath", "volume.configure_at_launch": "configuredAtLaunch"},
    "targetGroup": {"health_check.enabled": "HealthCheckEnabled", "health_check.protocol": "HealthCheckProtocol",
                    "health_check.port": "HealthCheckPort", "health_check.path": "HealthCheckPath",
                    "health_check.interval": "HealthCheckIntervalSeconds", "health_check.timeout": "HealthCheckTimeoutSeconds",
                    "health_check.healthy_threshold": "HealthyThresholdCount",
                    "health_check.unhealthy_threshold": "UnhealthyThresholdCount", "health_check.matcher": "Matcher.HttpCode"},
    "service": {"name": "serviceName", "deployment_maximum_percent": "deploymentConfiguration.maximumPercent",
                "deployment_minimum_healthy_percent": "deploymentConfiguration.minimumHealthyPercent",
                "deployment_circuit_breaker.enable": "deploymentConfiguration.deploymentCircuitBreaker.enable",
                "deployment_circuit_breaker.rollback": "deploymentConfiguration.deploymentCircuitBreaker.rollback",
                "network_configuration.subnets": "networkConfiguration.awsvpcConfiguration.subnets",
                "network_configuration.security_groups": "networkConfiguration.awsvpcConfiguration.securityGroups",
                "network_configuration.assign_public_ip": "networkConfiguration.awsvpcConfiguration.assignPublicIp"},
    "scalingPolicies": {"name": "PolicyName"},
    "scheduledActions": {"name": "ScheduledActionName"},
}
# Blocks that the API has not: their attributes have names of their own above.
SPREAD = {"health_check", "deployment_circuit_breaker", "network_configuration"}
ATTRIBUTES = {"deregistration_delay": "deregistration_delay.timeout_seconds", "slow_start": "slow_start.duration_seconds",
              "load_balancing_algorithm_type": "load_balancing.algorithm.type"}
EXPRESSIONS = {"aws_ecs_task_definition.pool.arn": "${task_definition}", "aws_lb_target_group.pool.arn": "${target_group}",
               "data.aws_subnet.pool.vpc_id": "${vpc}"}
CONDITIONS = {"path_pattern": ("path-pattern", "PathPatternConfig"), "host_header": ("host-header", "HostHeaderConfig")}


class Terraform:
    """One module, as the requests that it stands for."""

    def __init__(self, source):
        self.blocks = hcl_read.read(source)
        self.data = {}
        for block in self.blocks:
            if block.kind == "data":
                self.data[f"data.{block.labels[0]}.{block.labels[1]}"] = block.attributes
        self.ignored = {}  # resource type → attributes that Terraform leaves alone after creation
        self.requests = empty()
        for block in self.blocks:
            if block.kind == "resource":
                self.add(block)

    def add(self, block):
        part = TERRAFORM[block.labels[0]]
        request = {}
        attributes = dict(block.attributes)
        attributes.pop("depends_on", None)
        for inner in block.blocks:
            if inner.kind == "lifecycle":
                self.ignored[block.labels[0]] = inner.attributes["ignore_changes"]
        if part == "logGroup" and "retention_in_days" in attributes:
            self.requests["logRetention"].append({"logGroupName": attributes["name"],
                                                  "retentionInDays": attributes.pop("retention_in_days")})
        if part == "targetGroup":
            said = [{"Key": key, "Value": str(attributes.pop(name))} for name, key in ATTRIBUTES.items() if name in attributes]
            self.requests["targetGroupAttributes"].append({"TargetGroupArn": "${target_group}", "Attributes": said})
        self.fill(request, shape_of(part), part, attributes, [b for b in block.blocks if b.kind != "lifecycle"], "")
        self.requests[part].append(request)

    def fill(self, request, shape, part, attributes, blocks, where):
        """Attributes and blocks into `request`, which has `shape`."""
        for name, value in attributes.items():
            renamed = RENAMED.get(part, {}).get(where + name)
            path = renamed.split(".") if renamed else [member_of(shape, name.replace("_", ""))]
            self.put(request, shape, path, value)
        for block in blocks:
            self.fill_block(request, shape, part, block, where)

    def fill_block(self, request, shape, part, block, where):
        inner = f"{where}{block.kind}."
        if block.kind in SPREAD:
            self.fill(request, shape, part, block.attributes, block.blocks, inner)
            return
        if block.kind in CONDITIONS:
            field, config = CONDITIONS[block.kind]
            request |= {"Field": field, config: {"Values": block.attributes["values"]}}
            return
        name = block.kind.replace("_", "")
        member = member_of(shape, name, name + "s")
        target = shape.members[member]
        made = {}
        self.fill(made, target.member if target.type_name == "list" else target, part, block.attributes, block.blocks, inner)
        if target.type_name == "list":
            request.setdefault(member, []).append(made)
        elif member in request:
            raise ValueError(f"{inner} is there twice")
        else:
            request[member] = made

    def put(self, request, shape, path, value):
        for step in path[:-1]:
            request, shape = request.setdefault(step, {}), shape.members[step]
        target = shape.members[path[-1]]
        if path[-1].lower() == "tags":
            value = tags_like(target, value)
        elif isinstance(value, hcl_read.JsonEncode):
            value = value.value
        elif isinstance(value, hcl_read.Reference):
            value = EXPRESSIONS[value] if value in EXPRESSIONS else self.data[value.rpartition(".")[0]]["name"]
        if path[-1] in request:
            raise ValueError(f"{path} is there twice")
        request[path[-1]] = fits(value, target, path[-1])
