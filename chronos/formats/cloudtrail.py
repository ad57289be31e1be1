"""Calls of AWS's API that changed something, as CloudTrail records them and EventBridge passes on.

Contract: "CloudTrail record contents" and "CloudTrail userIdentity element" in the CloudTrail user
guide; "AWS service events delivered via CloudTrail" in EventBridge's.
"""

from collections.abc import Mapping
from typing import Any

from chronos.formats.reading import need, web_links
from chronos.normalise import FAILED, SUCCEEDED, Change
from opsportal.lib.contracts import is_deep
from opsportal.lib.fields import instant, rows, table, text
from opsportal.lib.redact import redact_value

SOURCE = "cloudtrail"
DETAIL_TYPES = (
    "AWS API Call via CloudTrail",
    "AWS Service Event via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Console Action via CloudTrail",
)
# What somebody tried and may not do changed nothing.
_DENIED = ("AccessDenied", "UnauthorizedOperation", "UnauthorizedAccess", "AuthorizationError")
# By the first part of `eventSource`; what is not here is infrastructure.
_KINDS = {
    "iam": "security", "sts": "security", "kms": "security", "organizations": "security",
    "secretsmanager": "security", "guardduty": "security", "securityhub": "security",
    "wafv2": "security", "waf": "security", "network-firewall": "security", "sso": "access",
    "sso-directory": "access", "identitystore": "access", "signin": "access",
    "cognito-idp": "access", "acm": "certificate", "acm-pca": "certificate", "config": "config",
    "ssm": "config", "appconfig": "config", "route53": "config",
    "cloudtrail": "security", "application-autoscaling": "scale",
}  # fmt: skip
# By what a call's name begins with, of these services, before the table above.
_CALLS = (
    ("lambda", "UpdateFunctionCode", "deployment"),
    ("lambda", "UpdateFunctionConfiguration", "config"),
    ("lambda", "AddPermission", "security"),
    ("ec2", "AuthorizeSecurityGroup", "security"),
    ("ec2", "RevokeSecurityGroup", "security"),
    ("ec2", "RebootInstances", "restart"),
    ("rds", "RebootDB", "restart"),
    ("rds", "ModifyDBParameterGroup", "config"),
    ("autoscaling", "SetDesiredCapacity", "scale"),
    ("autoscaling", "UpdateAutoScalingGroup", "scale"),
    ("s3", "PutBucketPolicy", "security"),
    ("s3", "DeleteBucketPolicy", "security"),
    ("s3", "PutPublicAccessBlock", "security"),
    ("s3", "PutBucket", "config"),
)
# Roles that people take by single sign-on.
_SSO = "AWSReservedSSO_"
# Of `requestParameters`, what the call was about: the first of these that is a text.
_TARGETS = (
    "functionName", "bucketName", "dBInstanceIdentifier", "dBClusterIdentifier", "clusterName",
    "groupName", "groupId", "autoScalingGroupName", "stackName", "roleName", "userName",
    "policyArn", "keyId", "secretId", "name", "tableName", "queueUrl", "topicArn", "instanceId",
    "hostedZoneId", "repositoryName", "serviceName", "service", "resourceArn",
)  # fmt: skip


def read_call(event: Mapping[str, Any]) -> Change | str:
    """One call, or why it is not recorded: it read only, or was not allowed.

    Raises PayloadError when the record has no number or name.
    """
    call = table(event.get("detail"))
    number = need(call.get("eventID"), "detail.eventID")
    name = need(call.get("eventName"), "detail.eventName")
    error = text(call.get("errorCode"), 200)
    if call.get("readOnly") is True:
        return f"{name} only reads."
    if any(word in error for word in _DENIED):
        return f"{name} was not allowed: {error}."
    service = text(call.get("eventSource"), 100).partition(".")[0]
    actor, actor_type = who_called(table(call.get("userIdentity")))
    region = text(call.get("awsRegion") or event.get("region"), 100)
    target = _target(call)
    at = instant(call.get("eventTime")) or instant(event.get("time"))
    account = text(call.get("recipientAccountId") or event.get("account"), 100)
    about = f" {target}" if target else ""
    return Change(
        kind=_kind(service, name),
        action=name[:50],
        title=f"{service} {name}{about}" + (f" by {actor}" if actor else ""),
        status=FAILED if error else SUCCEEDED,
        body=f"{error}: {text(call.get('errorMessage'), 2000)}" if error else "",
        source=SOURCE,
        external_id=number,
        started_at=at,
        ended_at=at,
        actor=actor or "AWS",
        actor_type=actor_type,
        region=region,
        service=target if service == "lambda" else "",
        subject=f"{service} {target}".strip(),
        labels=_filled(
            account=account,
            event_source=text(call.get("eventSource"), 100),
            event_name=name,
            source_address=text(call.get("sourceIPAddress"), 200),
        ),
        links=_console(region, number),
        data=_details(call),
    )


def _kind(service: str, name: str) -> str:
    for of, start, kind in _CALLS:
        if service == of and name.startswith(start):
            return kind
    return _KINDS.get(service, "infra")


def who_called(identity: Mapping[str, Any]) -> tuple[str, str]:
    """Who called, and whether that is a person as far as the record tells."""
    kind = text(identity.get("type"), 50)
    arn, user = text(identity.get("arn"), 1000), text(identity.get("userName"), 200)
    by = text(identity.get("invokedBy"), 200)
    if kind == "AWSService" or (by.endswith(".amazonaws.com") and not user and not arn):
        return by or "AWS", "automation"
    if kind == "Root":
        return f"root of {text(identity.get('accountId'), 50)}".removesuffix(" of "), "user"
    if kind == "AssumedRole":
        issuer = table(table(identity.get("sessionContext")).get("sessionIssuer"))
        _, _, names = arn.partition(":assumed-role/")
        role, _, session = names.partition("/")
        role = text(issuer.get("userName"), 200) or role
        if role.startswith(_SSO):
            return session[:200] or role, "user"
        return f"{role}/{session}"[:200].strip("/"), "automation"
    principal = text(identity.get("principalId"), 200)
    found = user or arn.rpartition("/")[2][:200] or principal
    return found, "user" if found and kind.endswith("User") else ""


def _target(call: Mapping[str, Any]) -> str:
    """What it was about, as short as it can be named."""
    asked = table(call.get("requestParameters"))
    for name in _TARGETS:
        if isinstance(asked.get(name), str) and asked[name]:
            return _short(text(asked[name], 1000))
    arns = [text(table(row).get("ARN"), 1000) for row in rows(call.get("resources"))]
    return next((_short(arn) for arn in arns if arn), "")


def _short(name: str) -> str:
    """An ARN's last part, which tells it from its like."""
    found = name.rpartition(":")[2] if name.startswith("arn:") else name
    return found.rpartition("/")[2][:200] or found[:200]


def _details(call: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("requestParameters", "responseElements", "userAgent"):
        value = call.get(name)
        if value and not is_deep(value):
            found[name] = redact_value(value)
    if identity := _identity(table(call.get("userIdentity"))):
        found["userIdentity"] = identity
    if call.get("sessionCredentialFromConsole") in (True, "true"):
        found["fromConsole"] = True
    return found


def _identity(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Of who called what others ask for: kind, names, and whether with a second factor."""
    session = table(identity.get("sessionContext"))
    issuer = table(session.get("sessionIssuer"))
    mfa = text(table(session.get("attributes")).get("mfaAuthenticated"), 10)
    found: dict[str, Any] = _filled(
        type=text(identity.get("type"), 50),
        arn=text(identity.get("arn"), 1200),
        accountId=text(identity.get("accountId"), 20),
        principalId=text(identity.get("principalId"), 200),
        userName=text(identity.get("userName"), 200),
        invokedBy=text(identity.get("invokedBy"), 200),
    )
    context = {
        "sessionIssuer": _filled(
            arn=text(issuer.get("arn"), 1200), userName=text(issuer.get("userName"), 200)
        ),
        "attributes": _filled(mfaAuthenticated=mfa),
    }
    if any(context.values()):
        found["sessionContext"] = {name: value for name, value in context.items() if value}
    return found


def _filled(**labels: str) -> dict[str, str]:
    return {name: value for name, value in labels.items() if value}


def _console(region: str, number: str) -> tuple[Mapping[str, str], ...]:
    parts = (region, number)
    if not all(part.replace("-", "").isalnum() and part.isascii() for part in parts):
        return ()
    root = f"https://{region}.console.aws.amazon.com/cloudtrailv2/home"
    return web_links((f"{root}?region={region}#/events/{number}", "CloudTrail"))
