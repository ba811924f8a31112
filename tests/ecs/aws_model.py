"""AWS's services as botocore's models describe them: which operation a request asks for, its input, whether that is valid, and
the answer in the service's own protocol. The models are AWS's; what is written here only walks them.

botocore.validate looks at names, types, what is required and minima. AWS also refuses values over a maximum, outside an
enumeration or against a pattern: `problems` looks at these as well."""
import datetime
import functools
import json
import re
import urllib.parse
import xml.sax.saxutils

import botocore.loaders
import botocore.model
import botocore.serialize
import botocore.validate

LOADER = botocore.loaders.Loader()
# Signing name → botocore's service name.
SERVICES = {"ecs": "ecs", "application-autoscaling": "application-autoscaling", "elasticloadbalancing": "elbv2", "logs": "logs",
            "ec2": "ec2", "iam": "iam", "sts": "sts", "monitoring": "cloudwatch", "ecr": "ecr"}


@functools.cache
def service_model(name):
    return botocore.model.ServiceModel(LOADER.load_service_model(name, "service-2"), name)


class Unreadable(Exception):
    """The request is no call of this service."""


def protocol_of(model, headers):
    """Of a service with several protocols (CloudWatch) the request says which."""
    if "X-Amz-Target" in headers:
        return "json"
    return "ec2" if model.metadata["protocol"] == "ec2" else "query"


def read_request(model, headers, body):
    """(operation, input, problems of its form)."""
    if protocol_of(model, headers) == "json":
        return read_json(model, headers, body)
    return read_query(model, headers, body)


def read_json(model, headers, body):
    prefix, _, action = headers["X-Amz-Target"].rpartition(".")
    problems = []
    if prefix != model.metadata.get("targetPrefix"):
        problems.append(f"X-Amz-Target begins with {prefix!r}, not {model.metadata.get('targetPrefix')!r}")
    kind = headers.get("Content-Type", "")
    if not re.fullmatch(r"application/x-amz-json-1\.[01]", kind):
        problems.append(f"Content-Type is {kind!r}")
    operation = find_operation(model, action)
    try:
        given = json.loads(body) if body else {}
    except ValueError as wrong:
        raise Unreadable(f"the body of {action} is no JSON: {wrong}") from wrong
    return operation, given, problems


def find_operation(model, action):
    if action not in model.operation_names:
        raise Unreadable(f"{model.service_name} has no action {action!r}")
    return model.operation_model(action)


def read_query(model, headers, body):
    problems = []
    if not headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        problems.append(f"Content-Type is {headers.get('Content-Type')!r}")
    pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        problems.append("a parameter stands twice")
    action = fields.pop("Action", "")
    operation = find_operation(model, action)
    version = fields.pop("Version", "")
    if version != model.metadata["apiVersion"]:
        problems.append(f"Version is {version!r}, not {model.metadata['apiVersion']!r}")
    reader = QueryReader(fields, ec2=model.metadata["protocol"] == "ec2")
    given = reader.structure(operation.input_shape, "") if operation.input_shape else {}
    problems += [f"unknown parameter {name!r}" for name in sorted(set(fields) - reader.read)]
    problems += reader.problems
    if not problems:
        problems += written_otherwise(model, operation, given, fields)
    return operation, given or {}, problems


def written_otherwise(model, operation, given, fields):
    """botocore would write the same input in these very words."""
    name = "ec2" if model.metadata["protocol"] == "ec2" else "query"
    written = botocore.serialize.SERIALIZERS[name]().serialize_to_request(given, operation)["body"]
    written = {key: str(value) for key, value in written.items() if key not in ("Action", "Version")}
    return [f"{key} is {fields.get(key)!r}, botocore writes {written.get(key)!r}"
            for key in sorted(set(written) | set(fields)) if written.get(key) != fields.get(key)]


class QueryReader:
    """The inverse of botocore's QuerySerializer and EC2Serializer."""

    def __init__(self, fields, ec2):
        self.fields = fields
        self.ec2 = ec2
        self.read = set()
        self.problems = []

    def name_of(self, shape, default):
        said = shape.serialization
        if not self.ec2:
            return said.get("name", default)
        if "queryName" in said:
            return said["queryName"]
        name = said.get("name")
        return name[0].upper() + name[1:] if name else default

    def has(self, prefix):
        return any(key == prefix or key.startswith(prefix + ".") for key in self.fields)

    def structure(self, shape, prefix):
        out = {}
        for member, inner in shape.members.items():
            name = self.name_of(inner, member)
            path = f"{prefix}.{name}" if prefix else name
            if self.has(path):
                out[member] = self.value(inner, path)
        return out

    def value(self, shape, path):
        reader = {"structure": self.structure, "list": self.list, "map": self.map}.get(shape.type_name)
        return reader(shape, path) if reader else self.scalar(shape, path)

    def list(self, shape, path):
        if self.fields.get(path) == "":
            self.read.add(path)
            return []
        if not self.ec2 and not shape.serialization.get("flattened"):
            path = f"{path}.{shape.member.serialization.get('name', 'member')}"
        return self.numbered(path, lambda at: self.value(shape.member, at))

    def numbered(self, path, read):
        out = []
        while self.has(f"{path}.{len(out) + 1}"):
            out.append(read(f"{path}.{len(out) + 1}"))
        return out

    def map(self, shape, path):
        if not shape.serialization.get("flattened"):
            path += ".entry"
        key = shape.key.serialization.get("name", "key")
        value = shape.value.serialization.get("name", "value")
        pairs = self.numbered(path, lambda at: (self.value(shape.key, f"{at}.{key}"), self.value(shape.value, f"{at}.{value}")))
        return dict(pairs)

    def scalar(self, shape, path):
        text = self.fields.get(path, "")
        self.read.add(path)
        try:
            if shape.type_name in ("integer", "long"):
                return int(text)
            if shape.type_name in ("double", "float"):
                return float(text)
            if shape.type_name == "boolean":
                return {"true": True, "false": False}[text]
        except (ValueError, KeyError):
            self.problems.append(f"{path} is {text!r}, which is no {shape.type_name}")
        return text


def problems_of(value, shape):
    """Everything that the model says against `value`, in words; none: valid."""
    if shape is None:
        return [f"takes no input, but got {value!r}"] if value else []
    report = botocore.validate.ParamValidator().validate(value, shape).generate_report()
    return [line for line in report.splitlines() if line] + list(beyond_botocore(value, shape, "input"))


def beyond_botocore(value, shape, path):
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        for name, inner in value.items():
            if name in shape.members:
                yield from beyond_botocore(inner, shape.members[name], f"{path}.{name}")
    elif kind == "list" and isinstance(value, list):
        yield from over_the_maximum(len(value), shape, path, "items")
        for at, inner in enumerate(value):
            yield from beyond_botocore(inner, shape.member, f"{path}[{at}]")
    elif kind == "map" and isinstance(value, dict):
        yield from over_the_maximum(len(value), shape, path, "entries")
        for key, inner in value.items():
            yield from beyond_botocore(key, shape.key, f"{path} key")
            yield from beyond_botocore(inner, shape.value, f"{path}.{key}")
    elif kind == "string" and isinstance(value, str):
        yield from over_the_maximum(len(value), shape, path, "characters")
        yield from against_the_words(value, shape, path)
    elif kind in ("integer", "long", "double", "float"):
        if isinstance(value, bool):
            yield f"{path} is {value}, which is no number"
        elif isinstance(value, (int, float)):
            yield from over_the_maximum(value, shape, path, "")


def over_the_maximum(size, shape, path, unit):
    limit = shape.metadata.get("max")
    if limit is not None and size > limit:
        yield f"{path} has {size} {unit}, at most {limit}" if unit else f"{path} is {size}, at most {limit}"


def against_the_words(value, shape, path):
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{path} is {value!r}, must be one of {', '.join(allowed)}"
    pattern = python_pattern(shape.metadata.get("pattern"))
    if pattern and not pattern.fullmatch(value):
        yield f"{path} is {value!r}, does not match {pattern.pattern}"


@functools.cache
def python_pattern(pattern):
    """The models' patterns are Java's: Python has no \\p classes (not looked at), and no halves of characters."""
    if not pattern or r"\p" in pattern:
        return None
    return re.compile(pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"))


# ---- answers

def write_answer(model, operation, headers, answer):
    """(content type, body) of `answer`, which must be valid itself."""
    wrong = problems_of(answer, operation.output_shape)
    if wrong:
        raise AssertionError(f"the fake's answer to {operation.name} is not AWS's: {'; '.join(wrong)}")
    protocol = protocol_of(model, headers)
    if protocol == "json":
        return headers.get("Content-Type", "application/x-amz-json-1.1"), json.dumps(answer).encode()
    inner = xml_members(answer, operation.output_shape, protocol == "ec2") if operation.output_shape else ""
    space = model.metadata.get("xmlNamespace", "")
    name = operation.name
    if protocol == "ec2":
        body = f'<{name}Response xmlns="{space}"><requestId>r</requestId>{inner}</{name}Response>'
    else:
        body = (f'<{name}Response xmlns="{space}"><{name}Result>{inner}</{name}Result>'
                f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{name}Response>")
    return "text/xml", body.encode()


def xml_members(value, shape, ec2):
    return "".join(xml_element(shape.members[name].serialization.get("name", name), inner, shape.members[name], ec2)
                   for name, inner in value.items())


def xml_element(name, value, shape, ec2):
    if shape.type_name == "structure":
        inner = xml_members(value, shape, ec2)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "item" if ec2 else "member")
        if shape.serialization.get("flattened"):
            return "".join(xml_element(name, one, shape.member, ec2) for one in value)
        inner = "".join(xml_element(item, one, shape.member, ec2) for one in value)
    elif shape.type_name == "boolean":
        inner = "true" if value else "false"
    elif shape.type_name == "timestamp" and isinstance(value, (int, float)):
        inner = datetime.datetime.fromtimestamp(value, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        inner = xml.sax.saxutils.escape(str(value))
    return f"<{name}>{inner}</{name}>"


def read_answer(model, operation, headers, body):
    """The answer of another server, as botocore reads it (dates as numbers, as they are written in JSON)."""
    import botocore.parsers
    protocol = protocol_of(model, headers)
    parser = botocore.parsers.create_parser(protocol)
    parsed = parser.parse({"status_code": 200, "headers": {}, "body": body}, operation.output_shape)
    parsed.pop("ResponseMetadata", None)
    return plain(parsed)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.timestamp() if isinstance(value, datetime.datetime) else value


def write_error(model, headers, code, message):
    protocol = protocol_of(model, headers) if model else "json"
    if protocol == "json":
        return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
    code, message = xml.sax.saxutils.escape(code), xml.sax.saxutils.escape(message)
    if protocol == "ec2":
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>r</RequestID></Response>"
    else:
        body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    return "text/xml", body.encode()
