#!/usr/bin/env python3
"""What botocore does, as files for src/aws's tests: signatures of requests in raw forms, hosts, retries, words of a command line, and
which provider of credentials wins. `--check` compares with what is there."""
import argparse
import datetime
import itertools
import json
import os
import pathlib
import random
import shlex
import sys
import tempfile
from unittest import mock
from urllib.parse import quote, unquote

import botocore.auth
import botocore.credentials
import botocore.exceptions
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.retries import standard

import aws_calls

FOLDER = pathlib.Path(__file__).parents[2] / "tests/golden/aws"
TIME = 1_764_072_000
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def sign(service, method, url, headers, body, token, unsigned, params=None):
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    request = AWSRequest(method, url, data=body.encode(), params=params)
    for name, value in headers:
        request.headers[name] = value
    request.context["payload_signing_enabled"] = not unsigned
    request.context["client_config"] = mock.Mock(s3={"payload_signing_enabled": not unsigned})
    auth = kind(botocore.credentials.Credentials(*KEYS, token or None), service, "eu-west-1")
    now = datetime.datetime.fromtimestamp(TIME, datetime.timezone.utc).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *a, **k: now):
        auth.add_auth(request)
    return request.headers["Authorization"]


def signatures():
    """`target` is what hearth sends; botocore signs the same parameters and path in the one encoding that AWS knows."""
    out = []

    def add(target, service="s3", method="GET", headers=(), body="", token="", unsigned=False):
        path, _, query = target.partition("?")
        host = f"{service}.eu-west-1.amazonaws.com"
        pairs = [(unquote(n), unquote(v)) for n, _, v in (p.partition("=") for p in query.split("&") if p)]
        signed_path = quote(unquote(path), safe="/~") if service == "s3" else path
        out.append({"service": service, "method": method, "host": host, "target": target, "headers": list(headers), "body": body,
                    "token": token, "unsigned": unsigned, "authorization": sign(service, method, f"https://{host}{signed_path}", headers, body,
                                                                                token, unsigned, pairs)})

    for query in ["", "uploads", "uploads=", "v", "a=b&a=a", "b=1&a=2", "prefix=a/b", "prefix=a%2fb", "prefix=a%2Fb", "x=a+b", "x=a%20b",
                  "x=a%2bb", "x=*", "x=~-._", "x=%7e", "x=a=b", "A=1&a=1&B=1", "list-type=2&prefix=%C3%A9%20x&encoding-type=url", "x=(a)!'"]:
        add("/?" + query if query else "/")
    for path in ["/key", "/a:b", "/a+b", "/a=b", "/a*b", "/(a)@b,c", "/a%2bb", "/a%2Bb", "/%3a", "/a b".replace(" ", "%20"), "/a//b", "/./a/../b",
                 "/%C3%A9", "/~x", "/a&b;c$d!'", "/a%2Fb/c"]:
        add(path)
    for path in ["/", "/a/../b", "/%3A", "/a//b/", "/a%2Fb"]:
        add(path, service="ecs")
    add("/key", method="PUT", body="bytes", unsigned=True)
    add("/key", method="PUT", body="bytes")
    add("/key", token="tok/en+==", headers=[["Range", "bytes=0-9"], ["If-Match", '"x"']])
    add("/", service="sts", method="POST", body="Action=AssumeRole&Version=2011-06-15",
        headers=[["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]], token="t")
    add("/key", headers=[["x-amz-meta", "1"], ["x-amz-meta-a", "2"], ["X-Foo", ""], ["x-sp", " a   b "]])
    return out


def hosts():
    out = []
    loader = Loader()
    partitions = loader.load_data("partitions")
    regions = ["us-east-1", "eu-west-1", "il-central-1", "mx-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1",
               "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1"]
    for service in ["s3", "sts"]:
        provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        for region, fips, dualstack in itertools.product(regions, [False, True], [False, True]):
            extra = {"UseGlobalEndpoint": False, **({"Bucket": "b", "ForcePathStyle": True} if service == "s3" else {})}
            try:
                url = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack, **extra).url
            except botocore.exceptions.BotoCoreError:
                continue  # botocore has no such endpoint
            out.append({"service": service, "region": region, "fips": fips, "dualstack": dualstack, "host": url.split("/")[2]})
    return out


def retries():
    """For each code and status: worth another try, and is it throttling?"""
    codes = ["", *standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES, *standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES,
             "AccessDenied", "NoSuchKey", "SignatureDoesNotMatch", "ExpiredToken", "ValidationError", "IDPRejectedClaim"]
    out = []
    for code in dict.fromkeys(codes):
        for status in [400, 403, 404, 409, 412, 500, 501, 502, 503, 504]:
            context = standard.RetryContext(attempt_number=1, http_response=mock.Mock(status_code=status),
                                            parsed_response={"Error": {"Code": code}})
            throttled = standard.ThrottledRetryableChecker().is_retryable(context)
            transient = standard.TransientRetryableChecker().is_retryable(context)
            out.append([status, code, bool(transient or throttled), bool(throttled)])
    return out


def words():
    rng = random.Random(1)
    lines = ["", "a", " a  b ", "/opt/x --p 'a b' \"c d\"", "a\\ b", "'a\\b'", '"a\\b"', '"a\\"b"', '"a\\\\"', "''", '"" x', "a'b'c", "a#b # c", "'",
             '"', "\\", "a | b > c; $HOME `x` $(y)", "a\tb\nc", '"a\\', "é '漢 字'"]
    lines += ["".join(rng.choice("ab '\"\\\t#$") for _ in range(rng.randint(1, 14))) for _ in range(300)]
    out = []
    for line in lines:
        try:
            out.append([line, shlex.split(line)])
        except ValueError:
            out.append([line, None])
    return out


SWITCHES = ["env", "role", "web_env", "web_profile", "sso", "shared", "login", "process", "config", "container"]
EXPIRES = "2099-01-01T00:00:00Z"


def case_of(on, how):
    """Environment, config file, credentials file; "@" stands for the folder they lie in. `how` the profile p is named."""
    env = {"AWS_CONFIG_FILE": "@/config", "AWS_SHARED_CREDENTIALS_FILE": "@/credentials", "AWS_DEFAULT_REGION": "eu-west-1"}
    if how == "variable":
        env["AWS_PROFILE"] = "p"
    config = ["[profile p]"] if how != "default" else ["[default]"]
    shared = ["[p]"] if how != "default" else ["[default]"]
    if "env" in on:
        env.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    if "role" in on or "web_profile" in on:
        config.append("role_arn = arn:aws:iam::123456789012:role/r")
    if "role" in on:
        config.append("source_profile = base")
    if "web_env" in on:
        env.update(AWS_WEB_IDENTITY_TOKEN_FILE="@/token", AWS_ROLE_ARN="arn:aws:iam::123456789012:role/w")
    if "web_profile" in on:
        config.append("web_identity_token_file = @/token")
    if "sso" in on:
        config += ["sso_account_id = 1", "sso_role_name = r", "sso_start_url = https://x", "sso_region = eu-west-1"]
    if "login" in on:
        config.append("login_session = x")
    if "process" in on:
        config.append("credential_process = cat @/process.json")
    if "config" in on:
        config += ["aws_access_key_id = c", "aws_secret_access_key = d"]
    if "shared" in on:
        shared += ["aws_access_key_id = e", "aws_secret_access_key = f"]
    if "container" in on:
        env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x"
    config += ["[profile base]", "aws_access_key_id = g", "aws_secret_access_key = h"]
    return env, "\n".join(config) + "\n", "\n".join(shared) + "\n"


def winner(env, config, shared, how, folder):
    pathlib.Path(folder, "config").write_text(config.replace("@", folder))
    pathlib.Path(folder, "credentials").write_text(shared)
    keys = {"AccessKeyId": "i", "SecretAccessKey": "j", "Token": "k", "Expiration": EXPIRES}
    imds = {"role_name": "r", "access_key": "l", "secret_key": "m", "token": "n", "expiry_time": EXPIRES}
    environment = {name: value.replace("@", folder) for name, value in env.items()} | {"PATH": os.environ["PATH"]}
    with mock.patch.dict(os.environ, environment, clear=True), \
            mock.patch("botocore.utils.ContainerMetadataFetcher.retrieve_full_uri", lambda *a, **k: keys), \
            mock.patch("botocore.utils.InstanceMetadataFetcher.retrieve_iam_role_credentials", lambda *a: imds):
        session = botocore.session.Session(profile="p" if how == "argument" else None)
        try:
            return botocore.credentials.create_credential_resolver(session).load_credentials().method
        except botocore.exceptions.LoginError:
            return "login"
        except botocore.exceptions.MissingDependencyException:
            return "login"
        except botocore.exceptions.BotoCoreError as error:
            return "error: " + type(error).__name__


def chains():
    rng = random.Random(2)
    every = [on for size in range(len(SWITCHES) + 1) for on in itertools.combinations(SWITCHES, size)]
    chosen = [on for on in every if len(on) <= 2] + rng.sample([on for on in every if len(on) > 2], 60)
    out = []
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "token").write_text("token")
        pathlib.Path(folder, "process.json").write_text(json.dumps({"Version": 1, "AccessKeyId": "o", "SecretAccessKey": "p"}))
        for on in chosen:
            for how in ["default", "variable", "argument"]:
                env, config, shared = case_of(on, how)
                out.append({"env": env, "config": config, "credentials": shared, "profile": "p" if how == "argument" else "",
                            "method": winner(env, config, shared, how, folder)})
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for make in (signatures, hosts, retries, words, chains, aws_calls.requests, aws_calls.answers, aws_calls.places):
        rows = make()
        text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
        path = FOLDER / f"{make.__name__}.json"
        print(f"{path.name}: {len(rows)} rows")
        if not args.check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        print("differ:", ", ".join(stale))
    return 2 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
