"""What AWS refuses though its model allows it and moto accepts it. Each rule answers in words, none: fine. Sources: AWS's API
reference and the messages that AWS gives."""
from recording_proxy import Refused

# cpu units → memory in MiB.
FARGATE = {256: [512, 1024, 2048], 512: range(1024, 4097, 1024), 1024: range(2048, 8193, 1024), 2048: range(4096, 16385, 1024),
           4096: range(8192, 30721, 1024), 8192: range(16384, 61441, 4096), 16384: range(32768, 122881, 8192)}


def refuse(proxy, request, words):
    request.refusals += words
    if words and proxy.enforce:
        raise Refused("ClientException" if request.action == "RegisterTaskDefinition" else "InvalidParameterException", words[0], 400)


def task_definition(given):
    out = []
    if "FARGATE" in given.get("requiresCompatibilities", []):
        out += fargate(given)
    names = [container["name"] for container in given["containerDefinitions"]]
    if len(set(names)) != len(names):
        out.append("two containers have the same name")
    essential = {container["name"]: container.get("essential", True) for container in given["containerDefinitions"]}
    if not any(essential.values()):
        out.append("At least one container in the task definition must be marked as essential.")
    volumes = {volume["name"] for volume in given.get("volumes", [])}
    for container in given["containerDefinitions"]:
        out += container_rules(container, essential, volumes, given)
    storage = given.get("ephemeralStorage", {}).get("sizeInGiB")
    if storage is not None and not 21 <= storage <= 200:
        out.append(f"ephemeralStorage is {storage} GiB: 21 to 200")
    return out


def fargate(given):
    out = []
    try:
        cpu, memory = int(given.get("cpu", 0)), int(given.get("memory", 0))
    except ValueError:
        cpu = memory = 0
    if memory not in FARGATE.get(cpu, []):
        out.append(f"No Fargate configuration exists for given values: {given.get('cpu')} CPU, {given.get('memory')} memory.")
    if given.get("networkMode") != "awsvpc":
        out.append("Fargate only supports network mode ‘awsvpc’.")
    logs = any(c.get("logConfiguration", {}).get("logDriver") == "awslogs" for c in given["containerDefinitions"])
    if logs and not given.get("executionRoleArn"):
        out.append("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
    if any(".dkr.ecr." in c["image"] for c in given["containerDefinitions"]) and not given.get("executionRoleArn"):
        out.append("Fargate requires task definition to have execution role ARN to support ECR images.")
    return out


def container_rules(container, essential, volumes, given):
    name, out = container["name"], []
    check = container.get("healthCheck")
    if check is not None:
        limits = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
        out += [f"{name}: healthCheck.{key} is {check[key]}: {low} to {high}" for key, (low, high) in limits.items()
                if key in check and not low <= check[key] <= high]
        if check["command"][:1] not in (["CMD"], ["CMD-SHELL"]):
            out.append(f"{name}: a health check's command begins with CMD or CMD-SHELL")
        if check["command"][:1] == ["CMD-SHELL"] and len(check["command"]) != 2:
            out.append(f"{name}: CMD-SHELL takes one text")
    if not 0 <= container.get("stopTimeout", 30) <= 120:
        out.append(f"{name}: stopTimeout is {container['stopTimeout']}: at most 120")
    if not 2 <= container.get("startTimeout", 120) <= 120:
        out.append(f"{name}: startTimeout is {container['startTimeout']}: 2 to 120")
    for dependency in container.get("dependsOn", []):
        if dependency["containerName"] not in essential:
            out.append(f"{name} depends on {dependency['containerName']}, which is no container")
        elif dependency["condition"] in ("COMPLETE", "SUCCESS") and essential[dependency["containerName"]]:
            out.append(f"{name} depends on the {dependency['condition']} of {dependency['containerName']}, which is essential")
    out += [f"{name} mounts {mount['sourceVolume']}, which is no volume" for mount in container.get("mountPoints", [])
            if mount.get("sourceVolume") not in volumes]
    out += [f"{name}: hostPort {port['hostPort']} is another than containerPort" for port in container.get("portMappings", [])
            if port.get("hostPort") not in (None, port["containerPort"]) and given.get("networkMode") == "awsvpc"]
    return out


def service(proxy, given):
    ground, out = proxy.ground, []
    definition = ground.task_definition(given.get("taskDefinition"))
    if definition is None:
        return ["Unable to describe task definition."]
    if given.get("enableExecuteCommand") and not definition.get("taskRoleArn"):
        out.append("The service couldn't be created because a valid taskRoleArn is not being used. "
                   "Specify a valid task role in your task definition and try again.")
    if given.get("launchType") and given.get("capacityProviderStrategy"):
        out.append("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
    if definition.get("networkMode") == "awsvpc" and not given.get("networkConfiguration"):
        out.append("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    configuration = given.get("deploymentConfiguration", {})
    if given.get("availabilityZoneRebalancing", "ENABLED") == "ENABLED" and configuration.get("maximumPercent", 200) <= 100:
        out.append("maximumPercent must be over 100 with Availability Zone rebalancing")
    if configuration.get("maximumPercent", 200) <= configuration.get("minimumHealthyPercent", 100):
        out.append("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
    ports = {(c["name"], port["containerPort"]) for c in definition["containerDefinitions"] for port in c.get("portMappings", [])}
    for balancer in given.get("loadBalancers", []):
        if (balancer.get("containerName"), balancer.get("containerPort")) not in ports:
            out.append(f"The container {balancer.get('containerName')} did not have a container port {balancer.get('containerPort')} defined.")
        if not ground.has_load_balancer(balancer["targetGroupArn"]):
            out.append(f"The target group with targetGroupArn {balancer['targetGroupArn']} does not have an associated load balancer.")
    return out
