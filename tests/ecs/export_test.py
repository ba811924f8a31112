#!/usr/bin/env python3
"""`hearth ecs export`: each template says what `hearth ecs apply` would send, no more and no less, and is one that cfn-lint and
Terraform take. The templates are read back into requests (template_reading.py) and held against `hearth ecs render` of the same file."""
import glob
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import hcl_read  # noqa: E402
import template_reading  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("HEARTH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("HEARTH_BINARY", str(SOURCE / "build/release/hearth"))

SMALL = """
[ecs]
region = "eu-west-1"
cluster = "ml"
service = "embedding"
image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/embedding:1.4.2"
subnets = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
security_groups = ["sg-0a1b2c3d"]
execution_role = "arn:aws:iam::123456789012:role/execution"
"""
HOSTILE = ["${aws_vpc.x.id}", "%{ for x in y }%{ endfor }", "$${x}", "$$${x}", "%%%{x}", "$", "%", "${", 'a "quoted" \\ word', "two\nlines\r\tand a tab",
           "é ñ 日本 🔥", "${vpc}", "${target_group}", "\\u0041", "<<EOT", "# no // comment /*", "{{ x }}", " spaces ", "'", "\u2028", "\u0001\u007f"]


def quoted(text):
    """As TOML has it."""
    return json.dumps(text, ensure_ascii=False).replace("\u007f", "\\u007f")


FULL = SMALL.replace("arn:aws:iam::123456789012:role/execution", "execution") + """
task_role = "arn:aws:iam::123456789012:role/task"
listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/0123456789abcdef/0123456789abcdef"
rule_hosts = ["embed.example.com"]
log_retention_days = 30
exec = true
arch = "ARM64"
tags = { team = "search", "cost center" = "4711", "größe" = "ß" }

[pool]
floor = 2
spare = 1
max = 9
keep_warm = "15m"
[[pool.schedule]]
cron = "0 8 * * 1-5"
timezone = "Europe/Paris"
floor = 4
[[pool.schedule]]
cron = "0 20 * * 1-5"
timezone = "Europe/Paris"
floor = 2

[model]
source = "s3://models/minilm"

[replica]
memory = "4GiB"

[replica.env]
""" + "".join(f"E{i} = {quoted(text)}\n" for i, text in enumerate(HOSTILE))
SPOT = SMALL + """
capacity = "FARGATE_SPOT"
health_command = ["CMD-SHELL", "curl -f http://localhost:8000/ready || exit 1"]
public_ip = true
listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/0123456789abcdef/0123456789abcdef"
rule_priority = 17
[ecs.scaling]
spare_policy = false
[ecs.service_definition]
enableECSManagedTags = true
[ecs.service_definition.deploymentConfiguration]
strategy = "ROLLING"
"""
FILES = {"small": SMALL, "full": FULL, "spot": SPOT}

# Where a template may differ from the requests, and why. Each must occur in one of the files.
ALLOWED = {
    "cloudformation": {
        "listenerRule.Tags": "AWS::ElasticLoadBalancingV2::ListenerRule has no tags",
        "scalableTarget.Tags": "AWS::ApplicationAutoScaling::ScalableTarget has no tags",
    },
    "terraform": {
        "listenerRule.Priority": "without one the provider takes the next that is free, as apply does",
        "taskDefinition.volumes[].host": "a volume with a name only is the bind mount that an empty host is",
        "service.deploymentConfiguration.strategy": "the provider has no strategy: ROLLING is ECS's default, another is refused",
    },
}


def spelled_out(value):
    """Lists that are sets to the API in one order."""
    if isinstance(value, dict):
        made = {name: spelled_out(item) for name, item in value.items()}
        for name in ("Attributes", "tags", "Tags", "Dimensions", "Metrics", "subnets", "securityGroups", "Conditions"):
            if isinstance(made.get(name), list):
                made[name] = sorted(made[name], key=lambda item: json.dumps(item, sort_keys=True))
        return made
    return [spelled_out(item) for item in value] if isinstance(value, list) else value


def differences(said, sent, where):
    """(path, in the template, in the request) of all that is not the same, in both directions."""
    if isinstance(said, dict) and isinstance(sent, dict):
        for name in sorted(said.keys() | sent.keys()):
            yield from differences(said.get(name), sent.get(name), f"{where}.{name}")
    elif isinstance(said, list) and isinstance(sent, list) and len(said) == len(sent):
        for one, other in zip(said, sent):
            yield from differences(one, other, where + "[]")
    elif said != sent or type(said) is not type(sent) and bool in (type(said), type(sent)):
        yield where, said, sent


def plugin_folder():
    """A folder with the AWS provider in it, laid out as Terraform lays out a mirror; None where there is none."""
    for pattern in (os.environ.get("HEARTH_TERRAFORM_PLUGINS", ""), os.path.expanduser("~/.terraform.d/plugins"),
                    "/usr/local/share/terraform/plugins", "/opt/*"):
        for found in glob.glob(os.path.join(pattern, "*/hashicorp/aws/*/*/terraform-provider-aws*")) if pattern else []:
            return str(pathlib.Path(found).parents[5])
    return None


class ExportCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hearth-export-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def hearth(self, *words, text, fails=False):
        config = self.scratch / "hearth.toml"
        config.write_text(text)
        done = subprocess.run([BINARY, "ecs", *words, "--config", str(config)], capture_output=True, text=True, timeout=60, check=False)
        if fails:
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            return done.stderr
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def sent(self, text):
        """Part → requests."""
        rendered = json.loads(self.hearth("render", text=text))
        self.assertLessEqual(rendered.keys(), template_reading.OPERATIONS.keys())
        made = template_reading.empty()
        for part, inputs in rendered.items():
            shape = template_reading.shape_of(part)
            made[part] = [template_reading.fits(one, shape, part) for one in (inputs if isinstance(inputs, list) else [inputs])]
        return made

    def terraform(self, *words, folder):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
        done = subprocess.run(["terraform", *words], cwd=folder, env=env | {"CHECKPOINT_DISABLE": "1"}, capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, 0, f"terraform {words}: {done.stdout}{done.stderr}")
        return done.stdout


class SaysWhatApplySends(ExportCase):
    def compare(self, tool, read):
        met = set()
        for name, text in FILES.items():
            with self.subTest(name):
                said, sent = read(self.hearth("export", tool, text=text)), self.sent(text)
                found = []
                for part in template_reading.OPERATIONS:
                    found += differences(spelled_out(said[part]), spelled_out(sent[part]), part)
                allowed = [at.replace("[]", "", 1) for at, one, _ in found if one is None]
                met |= set(allowed)
                self.assertEqual([one for one in found if one[0].replace("[]", "", 1) not in ALLOWED[tool] or one[1] is not None], [])
                self.assertTrue(said["service"] and said["taskDefinition"] and said["scalableTarget"])
        self.assertEqual(met, ALLOWED[tool].keys())

    def test_cloudformation(self):
        self.compare("cloudformation", lambda text: template_reading.cloudformation_requests(json.loads(text)))

    def test_terraform(self):
        self.compare("terraform", lambda text: template_reading.Terraform(text).requests)

    def test_terraform_leaves_alone_what_scaling_moves(self):
        for name, target in (("small", None), ("full", ["min_capacity"])):
            module = template_reading.Terraform(self.hearth("export", "terraform", text=FILES[name]))
            self.assertEqual(module.ignored.get("aws_ecs_service"), ["desired_count"])
            self.assertEqual(module.ignored.get("aws_appautoscaling_target"), target)

    def test_differences_are_seen(self):
        said = {"a": [{"b": 1, "c": True}]}
        self.assertEqual(list(differences(said, {"a": [{"b": 2, "c": 1, "d": 0}]}, "x")),
                         [("x.a[].b", 1, 2), ("x.a[].c", True, 1), ("x.a[].d", None, 0)])
        self.assertEqual(list(differences(said, {}, "x")), [("x.a", said["a"], None)])

    def test_what_a_tool_cannot_say_is_refused(self):
        wrong = self.hearth("export", "terraform", text=SPOT.replace("ROLLING", "BLUE_GREEN"), fails=True)
        self.assertIn('deploymentConfiguration.strategy = "BLUE_GREEN"', wrong)
        wrong = self.hearth("export", "cloudformation", text=SMALL + '[replica.env]\nA = "{{resolve:ssm:x}}"\n', fails=True)
        self.assertIn("{{resolve:ssm:x}}", wrong)


class IsTakenByItsTool(ExportCase):
    def lint_errors(self, template):
        """(rule, message) of what cfn-lint calls an error."""
        self.assertIsNotNone(importlib.util.find_spec("cfnlint"), "cfn-lint is missing: script/venv installs it")
        (self.scratch / "template.json").write_text(template)
        lint = [sys.executable, "-c", "import sys; from cfnlint.runner import main; sys.exit(main())", "--format", "json",
                "--regions", "eu-west-1", "--template", str(self.scratch / "template.json")]
        done = subprocess.run(lint, capture_output=True, text=True, timeout=120, check=False)
        self.assertTrue(done.stdout, done.stderr)
        return [(one["Rule"]["Id"], one["Message"]) for one in json.loads(done.stdout) if one["Level"] == "Error"]

    def test_cfn_lint_finds_no_error(self):
        for name, text in FILES.items():
            self.assertEqual(self.lint_errors(self.hearth("export", "cloudformation", text=text)), [], name)

    def test_cfn_lint_would_find_one(self):
        broken = self.hearth("export", "cloudformation", text=SMALL).replace('"DesiredCount":', '"DesiredCounts":')
        self.assertIn("E3002", [rule for rule, _ in self.lint_errors(broken)])

    def test_terraform_formats_and_validates(self):
        if not shutil.which("terraform"):
            self.skipTest("there is no terraform here")
        for name, text in FILES.items():
            folder = self.scratch / name
            folder.mkdir()
            (folder / "main.tf").write_text(self.hearth("export", "terraform", text=text))
            self.assertEqual(self.terraform("fmt", "-check", "-diff", folder=folder), "", name)
        if not plugin_folder():
            self.skipTest("fmt was checked; Terraform's AWS provider is not here (HEARTH_TERRAFORM_PLUGINS names a mirror): no validate")
        for name in FILES:
            self.terraform("init", "-input=false", f"-plugin-dir={plugin_folder()}", folder=self.scratch / name)
            self.terraform("validate", folder=self.scratch / name)

    def test_terraform_reads_hostile_texts_as_they_were(self):
        if not shutil.which("terraform"):
            self.skipTest("there is no terraform here")
        text = FULL + "".join(("\n[[ecs.task_definition.containerDefinitions]]\nname = \"replica\"\n",
                               "[ecs.task_definition.containerDefinitions.dockerLabels]\n",
                               *(f"{quoted(text + str(i))} = {quoted(text)}\n" for i, text in enumerate(HOSTILE))))
        source = self.hearth("export", "terraform", text=text)
        task = next(b for b in hcl_read.read(source) if b.labels[:1] == ["aws_ecs_task_definition"])
        (self.scratch / "main.tf").write_text("".join(f"output {json.dumps(name)} {{\n  value = {task.sources[name]}\n}}\n"
                                                      for name in ("container_definitions", "tags")))
        self.terraform("init", "-input=false", folder=self.scratch)
        self.terraform("apply", "-auto-approve", "-input=false", folder=self.scratch)
        outputs = json.loads(self.terraform("output", "-json", folder=self.scratch))
        sent = self.sent(text)["taskDefinition"][0]
        self.assertEqual(json.loads(outputs["container_definitions"]["value"]), sent["containerDefinitions"])
        self.assertEqual(outputs["tags"]["value"], {tag["key"]: tag["value"] for tag in sent["tags"]})
        values = [one["value"] for one in sent["containerDefinitions"][-1]["environment"]]
        self.assertLessEqual(set(HOSTILE), set(values))


if __name__ == "__main__":
    unittest.main(verbosity=2)
