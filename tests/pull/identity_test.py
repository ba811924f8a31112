#!/usr/bin/env python3
"""Whose credentials `hearth pull s3://…` signs with: the container's, the instance's, a role's, all from one server of our own, which
plays S3 too."""
import http.server
import json
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pull_case import PullCase  # noqa: E402

OBJECT = b"the object"
FUTURE = "2099-01-01T00:00:00Z"
ROLE = "arn:aws:iam::123456789012:role/reader"


def keys(name):
    return json.dumps({"Code": "Success", "AccessKeyId": name, "SecretAccessKey": "s", "Token": f"{name}-token", "Expiration": FUTURE})


def sts(body):
    action = body.split("&")[0].removeprefix("Action=")
    return (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials><AccessKeyId>{action}'
            f"</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>{action}-token</SessionToken><Expiration>{FUTURE}</Expiration>"
            f"</Credentials></{action}Result></{action}Response>")


class Identity(PullCase):
    def setUp(self):
        super().setUp()
        self.asked = []
        self.answers = {}  # path → text, (status, text), or a function of the body
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                test.asked.append((self.command, self.path, dict(self.headers), body))
                if self.path.startswith("/b/"):
                    return self.send(200, OBJECT)
                answer = test.answers.get(self.path, (404, ""))
                answer = answer(body) if callable(answer) else answer
                status, text = answer if isinstance(answer, tuple) else (200, answer)
                return self.send(status, text.encode())

            do_PUT = do_POST = do_HEAD = do_GET

            def send(self, status, data):
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.env.update(AWS_ENDPOINT_URL=self.url, AWS_EC2_METADATA_DISABLED="true")
        self.out = self.scratch / "out"

    def signs_with(self, name, region, **env):
        self.pulls("s3://b/x.safetensors", "-o", self.out, env=env)
        self.assertEqual(self.out.read_bytes(), OBJECT)
        objects = [headers for _, path, headers, _ in self.asked if path.startswith("/b/")]
        self.assertNotEqual(objects, [])
        for headers in objects:
            self.assertRegex(headers["Authorization"], f"Credential={name}/[0-9]{{8}}/{region}/s3/")
            self.assertEqual(headers["X-Amz-Security-Token"], f"{name}-token")

    def test_the_containers(self):
        self.answers["/creds"] = keys("CONTAINER")
        token = self.scratch / "token"
        token.write_text("secret")
        self.signs_with("CONTAINER", "eu-west-3", AWS_REGION="eu-west-3", AWS_CONTAINER_CREDENTIALS_FULL_URI=self.url + "/creds",
                        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token))
        self.assertEqual(self.asked[0][2]["Authorization"], "secret")

    def test_the_instances_and_its_region(self):
        self.answers.update({"/latest/api/token": "imds-token", "/latest/meta-data/iam/security-credentials/": "web",
                             "/latest/meta-data/iam/security-credentials/web": keys("INSTANCE"),
                             "/latest/meta-data/placement/availability-zone/": "eu-south-2b"})
        self.signs_with("INSTANCE", "eu-south-2", AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url)
        self.assertEqual(self.asked[0][:2], ("PUT", "/latest/api/token"))
        self.assertEqual(self.asked[1][2]["x-aws-ec2-metadata-token"], "imds-token")

    def test_a_web_identitys(self):
        self.answers["/"] = sts
        token = self.scratch / "token"
        token.write_text("jwt")
        self.signs_with("AssumeRoleWithWebIdentity", "eu-west-3", AWS_REGION="eu-west-3", AWS_ROLE_ARN=ROLE,
                        AWS_WEB_IDENTITY_TOKEN_FILE=str(token))
        self.assertNotIn("Authorization", self.asked[0][2])
        self.assertIn("&WebIdentityToken=jwt", self.asked[0][3])

    def role(self):
        program = self.scratch / "a program"
        program.write_text("#!/bin/sh\n" + """echo '{"Version": 1, "AccessKeyId": "PROGRAM", "SecretAccessKey": "s"}'\n""")
        program.chmod(0o755)
        config = self.scratch / "config"
        config.write_text(f"[profile r]\nrole_arn = {ROLE}\nsource_profile = p\nregion = eu-west-3\n"
                          f"[profile p]\ncredential_process = '{program}'\n")
        return {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "r"}

    def test_a_roles_got_with_a_programs(self):
        self.answers["/"] = sts
        self.signs_with("AssumeRole", "eu-west-3", **self.role())
        self.assertIn("Credential=PROGRAM/", self.asked[0][2]["Authorization"])

    def test_a_refused_role_says_why(self):
        self.answers["/"] = (403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>")
        self.fails("s3://b/x.safetensors", "-o", self.out, env=self.role(), words=[ROLE, "AccessDenied", "not for you"])
        self.assertFalse(self.out.exists())

    def test_a_silent_instance_does_not_hold_up(self):
        self.answers["/latest/api/token"] = self.answers["/latest/meta-data/iam/security-credentials/"] = lambda _: time.sleep(30) or ""
        self.fails("s3://b/x.safetensors", "-o", self.out, words=["cannot find AWS credentials"],
                   env={"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url}, timeout=25)


if __name__ == "__main__":
    unittest.main()
