"""A hearth.toml with everything that a pool on ECS can have, for tests that change a key or two."""
import copy

from aws_ground import CLUSTER, EXECUTION_ROLE, REGION, SECURITY_GROUP, SUBNETS, TASK_ROLE

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/embedding-service"
LISTENER = object()  # stands for the ground's

POOL = {
    "pool": {"floor": 4, "spare": 1, "max": 12, "keep_warm": "15m"},
    "replica": {"cpu": 1, "memory": "4GiB", "start_time": "20s"},
    "ecs": {"server": "hearth", "region": REGION, "cluster": CLUSTER, "service": "embedding-warm-pool", "image": IMAGE + ":1.4.2",
            "subnets": SUBNETS, "security_groups": [SECURITY_GROUP], "execution_role": EXECUTION_ROLE, "task_role": TASK_ROLE,
            "listener": LISTENER},
}
# The article's pool. What AWS refuses there (no execution role; `exec` without a task role) is given.
SEED = {
    "pool": {"floor": 4, "spare": 0, "max": 12, "keep_warm": "15m"},
    "replica": {"cpu": 1, "memory": "4GiB", "start_time": "45s"},
    "ecs": {"server": "other", "region": REGION, "cluster": CLUSTER, "service": "embedding-warm-pool", "family": "embedding-service",
            "container": "embedding", "image": IMAGE + ":latest", "subnets": SUBNETS, "security_groups": [SECURITY_GROUP],
            "execution_role": EXECUTION_ROLE, "task_role": TASK_ROLE, "exec": True, "tags": {"purpose": "warm-pool"}},
}


def value_text(value, ground):
    if value is LISTENER:
        value = ground.listener
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {value_text(inner, ground)}' for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(value_text(one, ground) for one in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def text(ground, base=None, raw="", **changes):
    tables = copy.copy(base or POOL)
    for name, value in changes.items():
        table, _, key = name.rpartition("__")
        table = table.replace("__", ".")
        tables[table] = {**tables.get(table, {}), key: value}
    lines = []
    for table, keys in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {value_text(value, ground)}" for key, value in keys.items() if value is not None]
    return "\n".join(lines) + "\n" + raw
