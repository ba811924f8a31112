#!/usr/bin/env python3
"""The four calls that set up a warm pool by hand, with the values of the article that hearth begins with: what `hearth ecs apply`
is compared with. AWS is where the environment says."""
import boto3

CLUSTER, SERVICE, FAMILY = "ml-inference", "embedding-warm-pool", "embedding-service"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/embedding-service:latest"
PROBE = "python -c \"import urllib.request; urllib.request.urlopen('http://localhost:8000/ready')\" || exit 1"
POOL = {"ServiceNamespace": "ecs", "ResourceId": f"service/{CLUSTER}/{SERVICE}", "ScalableDimension": "ecs:service:DesiredCount"}


def register(ecs):
    log = {"awslogs-group": "/ecs/embedding-service", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}
    container = {
        "name": "embedding", "image": IMAGE,
        "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
        "healthCheck": {"command": ["CMD-SHELL", PROBE], "interval": 15, "timeout": 5, "retries": 3, "startPeriod": 90},
        "logConfiguration": {"logDriver": "awslogs", "options": log}}
    answer = ecs.register_task_definition(family=FAMILY, networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
                                          cpu="1024", memory="4096", containerDefinitions=[container])
    return answer["taskDefinition"]["taskDefinitionArn"]


def create(ecs, task_definition):
    network = {"subnets": ["subnet-abc123", "subnet-def456"], "securityGroups": ["sg-warm-pool"], "assignPublicIp": "DISABLED"}
    ecs.create_service(cluster=CLUSTER, serviceName=SERVICE, taskDefinition=task_definition, desiredCount=4, launchType="FARGATE",
                       networkConfiguration={"awsvpcConfiguration": network},
                       deploymentConfiguration={"maximumPercent": 200, "minimumHealthyPercent": 100},
                       enableExecuteCommand=True, tags=[{"key": "purpose", "value": "warm-pool"}])


def scale(scaling):
    scaling.register_scalable_target(**POOL, MinCapacity=4, MaxCapacity=12)
    scaling.put_scaling_policy(
        **POOL, PolicyName="embedding-cpu-scaling", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 60.0, "ScaleInCooldown": 300, "ScaleOutCooldown": 60,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}})


if __name__ == "__main__":
    client = boto3.client("ecs", region_name="us-east-1")
    create(client, register(client))
    scale(boto3.client("application-autoscaling", region_name="us-east-1"))
