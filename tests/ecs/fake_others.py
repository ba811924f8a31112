"""The services beside ECS: what moto answers otherwise than AWS, or not at all, and answers that a test lays down."""
import copy

from recording_proxy import Refused


class FakeOthers:
    def __init__(self, proxy, ecs):
        self.proxy, self.ecs = proxy, ecs
        scaling = "application-autoscaling"
        proxy.handlers.update({
            (scaling, "RegisterScalableTarget"): self.register_scalable_target,
            (scaling, "DeregisterScalableTarget"): self.deregister_scalable_target,
            (scaling, "DescribeScalingActivities"): self.describe_scaling_activities,
            (scaling, "ListTagsForResource"): self.list_scaling_tags,
            (scaling, "TagResource"): self.tag_scaling,
            (scaling, "PutScheduledAction"): self.put_scheduled_action,
            ("elbv2", "DescribeTargetHealth"): self.describe_target_health,
            ("elbv2", "DescribeRules"): self.describe_rules,
            ("elbv2", "CreateTargetGroup"): self.create_target_group,
            ("ecr", "DescribeImages"): self.describe_images,
            ("cloudwatch", "GetMetricData"): self.get_metric_data,
        })
        self.reset()

    def reset(self):
        self.activities = []      # newest first, as DescribeScalingActivities answers
        self.tags = {}            # ARN of a scalable target → tags
        self.health = {}          # target group's name → list of lists of TargetHealthDescriptions: one for each time it is asked
        self.target_groups = {}   # name → what it was made with
        self.images = {}          # repository → imageDetails; else moto's
        self.metrics = []         # MetricDataResults, where set

    # ---- Application Auto Scaling

    def service_of(self, request):
        _, cluster, name = request.input["ResourceId"].split("/")
        return self.ecs.find(cluster, name)

    def register_scalable_target(self, request, forward):
        service = self.service_of(request)
        if service is None or service.status == "INACTIVE":
            raise Refused("ValidationException", "ECS service doesn't exist: " + request.input["ResourceId"], 400)
        low, high = request.input.get("MinCapacity"), request.input.get("MaxCapacity")
        if low is not None and high is not None and low > high:
            raise Refused("ValidationException", "Maximum capacity cannot be less than minimum capacity", 400)
        answer = forward()
        if "Tags" in request.input:
            self.tags[answer["ScalableTargetARN"]] = request.input["Tags"]
        if service.status == "ACTIVE" and low is not None:  # on every call the count is moved into the bounds
            self.ecs.scale(service, min(max(service.desired, low), high or service.desired))
        return answer

    def deregister_scalable_target(self, request, forward):
        """Policies and scheduled actions go with their target."""
        answer = forward()
        self.proxy.ground.forget_scaling(request.input["ResourceId"])
        return answer

    def put_scheduled_action(self, request, forward):
        import aws_cron
        wrong = aws_cron.problem(request.input.get("Schedule", ""))
        if wrong:
            request.refusals.append(wrong)
            raise Refused("ValidationException", wrong, 400)
        return forward()

    def describe_scaling_activities(self, request, forward):
        out = [copy.deepcopy(a) for a in self.activities if a["ResourceId"] == request.input.get("ResourceId", a["ResourceId"])]
        if not request.input.get("IncludeNotScaledActivities"):
            out = [a for a in out if not a.get("NotScaledReasons")]
        return {"ScalingActivities": out[:request.input.get("MaxResults", 50)]}

    def list_scaling_tags(self, request, forward):
        return {"Tags": self.tags.get(request.input["ResourceARN"], {})}

    def tag_scaling(self, request, forward):
        self.tags.setdefault(request.input["ResourceARN"], {}).update(request.input["Tags"])
        return {}

    # ---- load balancer

    def describe_target_health(self, request, forward):
        name = request.input["TargetGroupArn"].split("/")[-2]
        script = self.health.get(name)
        if not script:
            return {"TargetHealthDescriptions": self.targets_of(request.input["TargetGroupArn"])}
        return {"TargetHealthDescriptions": copy.deepcopy(script.pop(0) if len(script) > 1 else script[0])}

    def targets_of(self, arn):
        """The tasks of the services that name the target group, healthy: moto registers none."""
        out = []
        for service in self.ecs.services.values():
            for balancer in service.given.get("loadBalancers", []):
                if balancer["targetGroupArn"] == arn:
                    for task in self.ecs.tasks_of(service):
                        address = task["attachments"][0]["details"][0]["value"]
                        out.append({"Target": {"Id": address, "Port": balancer["containerPort"], "AvailabilityZone": task["availabilityZone"]},
                                    "HealthCheckPort": str(balancer["containerPort"]), "TargetHealth": {"State": "healthy"}})
        return out

    def describe_rules(self, request, forward):
        """AWS says a forward and a condition in both of their forms."""
        answer = forward()
        for rule in answer["Rules"]:
            for action in rule.get("Actions", []):
                if action.get("Type") == "forward" and "TargetGroupArn" in action:
                    action.setdefault("Order", 1)
                    action.setdefault("ForwardConfig", {"TargetGroups": [{"TargetGroupArn": action["TargetGroupArn"], "Weight": 1}],
                                                        "TargetGroupStickinessConfig": {"Enabled": False}})
            for condition in rule.get("Conditions", []):
                for form in ("PathPatternConfig", "HostHeaderConfig"):
                    if form in condition:
                        condition.setdefault("Values", condition[form]["Values"])
        return answer

    def create_target_group(self, request, forward):
        given = request.input
        if given.get("HealthCheckTimeoutSeconds", 5) >= given.get("HealthCheckIntervalSeconds", 30):
            raise Refused("ValidationError", "Health check interval must be greater than the timeout.", 400)
        if self.target_groups.get(given["Name"]) == given:  # asked for again with the same settings: the same one
            there = self.proxy.ground.target_group(given["Name"])
            if there is not None:
                return {"TargetGroups": [there]}
        answer = forward()
        self.target_groups[given["Name"]] = given
        return answer

    # ---- what a test lays down

    def describe_images(self, request, forward):
        laid = self.images.get(request.input["repositoryName"])
        return {"imageDetails": copy.deepcopy(laid)} if laid is not None else forward()

    def get_metric_data(self, request, forward):
        return {"MetricDataResults": copy.deepcopy(self.metrics)}
