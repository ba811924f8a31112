"""Reads the part of Terraform's language that `hearth ecs export terraform` writes: blocks, attributes, texts, numbers, lists,
objects, jsonencode(), and references, which stay texts of their own kind. Whatever else comes is an error."""
import re

TOKEN = re.compile(r"""(?P<space>[ \t]+|\#[^\n]*)|(?P<newline>\n)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)
                       |(?P<name>[A-Za-z_][\w.-]*)|(?P<sign>[{}\[\]()=,])""", re.VERBOSE | re.ASCII)
ESCAPE = re.compile(r"""\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|([nrt"\\]))|\$(\$\{)|%(%\{)|(\\.|[$%]\{)""")


class Reference(str):
    """What Terraform looks up: aws_lb_target_group.pool.arn."""


class JsonEncode:
    def __init__(self, value):
        self.value = value


class Block:
    def __init__(self, kind, labels):
        self.kind = kind
        self.labels = labels
        self.attributes = {}
        self.sources = {}  # of each attribute, as it is written
        self.blocks = []


def read_text(token):
    def meant(match):
        short, long, plain, dollar, percent, wrong = match.groups()
        if wrong:
            raise ValueError(f"a template or an unknown escape in {token}")
        if short or long:
            return chr(int(short or long, 16))
        return {"n": "\n", "r": "\r", "t": "\t"}.get(plain, plain) if plain else dollar or percent

    return ESCAPE.sub(meant, token[1:-1])


class Reader:
    def __init__(self, source):
        self.source = source
        self.tokens = []
        at = 0
        while at < len(source):
            match = TOKEN.match(source, at)
            if not match:
                raise ValueError(f"not understood at {source[at:at + 40]!r}")
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup, match.group(), at))
            at = match.end()
        self.tokens.append(("end", "", at))
        self.at = 0

    def peek(self):
        return self.tokens[self.at]

    def take(self, wanted=None):
        kind, text, _ = self.tokens[self.at]
        if wanted is not None and text != wanted:
            raise ValueError(f"{wanted!r} is wanted, not {text!r}, at {self.source[self.tokens[self.at][2]:][:40]!r}")
        self.at += 1
        return kind, text

    def lines(self):
        while self.peek()[0] == "newline":
            self.take()

    def blocks(self):
        made = []
        self.lines()
        while self.peek()[0] != "end":
            made.append(self.block())
            self.lines()
        return made

    def block(self):
        block = Block(self.take()[1], [])
        while self.peek()[0] == "text":
            block.labels.append(read_text(self.take()[1]))
        self.take("{")
        self.lines()
        while self.peek()[1] != "}":
            if self.tokens[self.at + 1][1] == "=":
                name = self.take()[1]
                self.take("=")
                start = self.peek()[2]
                if name in block.attributes:
                    raise ValueError(f"{name} is there twice")
                block.attributes[name] = self.value()
                block.sources[name] = self.source[start:self.peek()[2]].rstrip()
                self.take("\n")
            else:
                block.blocks.append(self.block())
            self.lines()
        self.take("}")
        return block

    def value(self):
        kind, text = self.take()
        if kind == "text":
            return read_text(text)
        if kind == "number":
            return float(text) if re.search("[.e]", text) else int(text)
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        if text == "jsonencode":
            self.take("(")
            value = JsonEncode(self.value())
            self.take(")")
            return value
        if kind == "name":
            return Reference(text)
        if text == "[":
            return self.items()
        if text == "{":
            return self.members()
        raise ValueError(f"no value: {text!r}")

    def items(self):
        made = []
        self.lines()
        while self.peek()[1] != "]":
            made.append(self.value())
            self.lines()
            if self.peek()[1] == ",":
                self.take()
                self.lines()
        self.take("]")
        return made

    def members(self):
        made = {}
        self.lines()
        while self.peek()[1] != "}":
            kind, name = self.take()
            name = read_text(name) if kind == "text" else name
            if name in made:
                raise ValueError(f"{name!r} is there twice")
            self.take("=")
            made[name] = self.value()
            self.lines()
        self.take("}")
        return made


def read(source):
    return Reader(source).blocks()
