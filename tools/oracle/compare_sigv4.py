#!/usr/bin/env python3
"""Compares hearth's SigV4 signatures with botocore's on seeded random requests."""
import argparse
import datetime
import json
import random
import re
import subprocess
import sys
from unittest import mock
from urllib.parse import quote, unquote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TEXT = "abcXYZ019-._~ /:+=*()@,!$&'%;#?é漢"


def word(rng, low, high):
    return "".join(rng.choice(TEXT) for _ in range(rng.randint(low, high)))


def make(rng):
    service = rng.choice(["s3", "ecs", "sts", "elasticloadbalancing"])
    path = "/" + quote(word(rng, 0, 20), safe="/~")
    if service != "s3":
        path += rng.choice(["", "/a/../b", "//c/./d", "/..", "/"])
    pairs = []
    for _ in range(rng.randint(0, 5)):
        name = rng.choice(["a", "A", "list-type", "prefix", "uploads", quote(word(rng, 1, 5), safe="~")])
        pairs.append(name + rng.choice(["", "=", "=" + quote(word(rng, 0, 9), safe="~")]))
    names = rng.sample(["X-Amz-Target", "x-amz-meta", "x-amz-meta-a", "Content-Type", "Range", "If-Match", "User-Agent",
                        "X-Empty"], rng.randint(0, 6))
    headers = [[n, "" if n == "X-Empty" else rng.choice(["bytes=0-9", "  a   b  c ", "application/json", "x,y"])] for n in names]
    return {"service": service, "host": f"{service}.eu-west-1.amazonaws.com", "target": path + ("?" + "&".join(pairs) if pairs else ""),
            "method": rng.choice(["GET", "PUT", "POST", "HEAD"]), "headers": headers, "body": word(rng, 0, 40),
            "region": rng.choice(["eu-west-1", "cn-north-1"]), "key": "AKID" + str(rng.randint(0, 9999)), "secret": word(rng, 1, 90),
            "token": rng.choice(["", "tok/en+=="]), "time": rng.randint(1_000_000_000, 2_000_000_000),
            "unsigned": service == "s3" and rng.random() < 0.2}


def roughen(rng, case):
    """The same request as a careless client writes it: escapes in lower case, letters escaped, "/" and ":" not, no "=". `case` keeps in
    "signed" the target in the one encoding that AWS knows, which botocore is given."""
    def rough(text, keep):
        out = ""
        for piece in re.findall("%[0-9A-F]{2}|.", text):
            raw = unquote(piece, errors="replace")
            if len(piece) == 3:
                out += rng.choice([piece, piece.lower(), raw if raw in keep else piece])
            else:
                out += rng.choice([piece] * 5 + [f"%{ord(piece):02x}"]) if piece.isalnum() else piece
        return out
    case["signed"] = case["target"]
    path, mark, query = case["target"].partition("?")
    if case["service"] == "s3":
        path = rough(path, ":=*()@,!$'+")
    pairs = [pair[:-1] if pair.endswith("=") and rng.random() < 0.5 else pair for pair in query.split("&")]
    query = "&".join("=".join(rough(part, "/:*()@,!$'") for part in pair.split("=", 1)) for pair in pairs)
    case["target"] = path + mark + query


def botocore_signs(case):
    now = datetime.datetime.fromtimestamp(case["time"], datetime.timezone.utc)
    kind = botocore.auth.S3SigV4Auth if case["service"] == "s3" else botocore.auth.SigV4Auth
    request = AWSRequest(case["method"], f"https://{case['host']}{case['signed']}", data=case["body"].encode())
    for name, value in case["headers"]:
        request.headers[name] = value
    request.context["payload_signing_enabled"] = not case["unsigned"]
    request.context["client_config"] = mock.Mock(s3={"payload_signing_enabled": not case["unsigned"]})
    auth = kind(Credentials(case["key"], case["secret"], case["token"] or None), case["service"], case["region"])
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *a, **k: now.replace(tzinfo=None)):
        auth.add_auth(request)
    return request.headers["Authorization"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 10**9))
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    cases = [make(rng) for _ in range(args.count)]
    for case in cases:
        roughen(rng, case)
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    ours = subprocess.run([args.binary], input=lines, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    theirs = [botocore_signs(case) for case in cases]
    wrong = [(c, o, t) for c, o, t in zip(cases, ours, theirs) if o != t]
    for case, our, their in wrong[:3]:
        print(json.dumps(case), our, their, sep="\n")
    print(f"sigv4: seed {args.seed}, {len(cases)} requests, {len(wrong)} differ")
    return 1 if wrong or len(ours) != len(cases) else 0


if __name__ == "__main__":
    sys.exit(main())
