"""AWS's side of a signed request: botocore computes the signature anew, and the clocks are compared as AWS does."""
import datetime
import hashlib
import re

import botocore.auth
import botocore.awsrequest
import botocore.credentials

SKEW_MAX_S = 300
FORM = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})")


class Refused(Exception):
    def __init__(self, code, message, status=403):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class Keys:
    """Who may ask: access key → (secret, session token or None). Keys in `expired` are told so."""

    def __init__(self):
        self.known = {}
        self.expired = set()


def scope_of(headers):
    """(access key, region, signing name) that a request names."""
    found = FORM.fullmatch(headers.get("Authorization", ""))
    if not found:
        raise Refused("MissingAuthenticationTokenException", "no or another kind of Authorization header")
    return found.group(1), found.group(3), found.group(4)


def check(keys, method, url, headers, body, server_time):
    found = FORM.fullmatch(headers["Authorization"])
    key, day, region, service, signed, signature = found.groups()
    if key not in keys.known:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.", 400)
    secret, token = keys.known[key]
    check_date(headers.get("X-Amz-Date", ""), day, server_time)
    signed = signed.split(";")
    must = ["host", "x-amz-date"] + [name.lower() for name in headers if name.lower().startswith("x-amz-")]
    missing = sorted(set(must) - set(signed))
    if missing:
        raise Refused("SignatureDoesNotMatch", f"not signed: {', '.join(missing)}")
    if headers.get("X-Amz-Content-Sha256", hashlib.sha256(body).hexdigest()) != hashlib.sha256(body).hexdigest():
        raise Refused("SignatureDoesNotMatch", "X-Amz-Content-Sha256 is not the body's")
    if headers.get("X-Amz-Security-Token") != token:
        raise Refused("UnrecognizedClientException", "the session token is another", 400)
    if computed(secret, token, method, url, headers, body, signed, region, service) != signature:
        raise Refused("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
    if key in keys.expired:
        raise Refused("ExpiredTokenException", "The security token included in the request is expired", 400)


def computed(secret, token, method, url, headers, body, signed, region, service):
    credentials = botocore.credentials.Credentials("unused", secret, token)
    auth = botocore.auth.SigV4Auth(credentials, service, region)
    auth.headers_to_sign = lambda request: request.headers  # whatever the client chose, also what botocore would leave out
    request = botocore.awsrequest.AWSRequest(method, url, {name: headers[name] for name in signed if name in headers}, body)
    request.context["timestamp"] = headers["X-Amz-Date"]
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def check_date(date, day, server_time):
    try:
        then = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
    except ValueError:
        raise Refused("IncompleteSignatureException", f"X-Amz-Date is {date!r}") from None
    if not date.startswith(day):
        raise Refused("SignatureDoesNotMatch", "the day of the scope is another than that of X-Amz-Date")
    if abs(server_time - then) > SKEW_MAX_S:
        stamp = datetime.datetime.fromtimestamp(server_time, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        word = "expired" if then < server_time else "not yet current"
        raise Refused("InvalidSignatureException", f"Signature {word}: {date} is now {'earlier' if then < server_time else 'later'} than {stamp} (5 min.)")
