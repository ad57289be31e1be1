"""One call, as CloudTrail's record has it.

Contract: "CloudTrail record contents" and "CloudTrail userIdentity element" in the CloudTrail user
guide. What a record says is never taken for the configuration, only for who called and when.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chronos.formats.cloudtrail import read_call, who_called
from chronos.normalise import Change
from opsportal.lib.contracts import is_deep
from opsportal.lib.errors import PayloadError
from opsportal.lib.fields import instant, table, text
from opsportal.lib.redact import redact_value

# So far ahead of our clock no call was made; it is taken to be of when it was heard of.
AHEAD = timedelta(minutes=10)
_FROM_CONSOLE = "sessionCredentialFromConsole"
_NUMBER = re.compile(r"[A-Za-z0-9-]{8,64}")
_ACCOUNT = re.compile(r"[0-9]{12}")
# Bytes of JSON of the request that are kept.
MOST_REQUEST = 16_384
# What user agents have in them, in the order in which it is looked for.
_TOOLS = (
    ("terraform", "terraform"), ("opentofu", "opentofu"), ("pulumi", "pulumi"),
    ("cloudformation.amazonaws.com", "cloudformation"), ("aws-cdk", "cdk"),
    ("crossplane", "crossplane"), ("ansible", "ansible"), ("console.amazonaws.com", "console"),
    ("s3console", "console"), ("signin.amazonaws.com", "console"), ("aws internal", "aws"),
    ("cloudshell", "cloudshell"),
    ("aws-cli", "aws-cli"), ("eksctl", "eksctl"), ("boto3", "boto3"), ("botocore", "boto3"),
    ("aws-sdk-go", "sdk-go"), ("aws-sdk-java", "sdk-java"), ("aws-sdk-js", "sdk-js"),
    ("amazonaws.com", "aws"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A call that changed something, or was to. `change` is its place on the timeline."""

    event_id: str
    account_id: str
    at: datetime
    service: str
    action: str
    region: str
    actor: str
    principal_type: str
    principal_arn: str
    session_name: str
    source_address: str
    user_agent: str
    tool: str
    mfa: bool | None
    error_code: str
    request: Mapping[str, Any]
    record: Mapping[str, Any] = field(repr=False)
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A call that changed nothing: it only proves that the account's trail is heard."""

    account_id: str


def read_record(record: Mapping[str, Any], *, now: datetime) -> Call | Reading:
    """A record of CloudTrail. Raises PayloadError for what is none."""
    if is_deep(record):
        raise PayloadError("The record is nested too deeply.")
    account = text(record.get("recipientAccountId"), 20)
    if not _ACCOUNT.fullmatch(account):
        raise PayloadError("The record has no recipientAccountId.")
    if record.get("readOnly") is True or record.get("eventCategory") in ("Data", "Insight"):
        return Reading(account)
    number = text(record.get("eventID"), 100)
    if not _NUMBER.fullmatch(number):
        raise PayloadError("The record has no eventID.")
    at = instant(record.get("eventTime"))
    if at is None:
        raise PayloadError("The record has no eventTime.")
    change = read_call({"detail": dict(record)})
    return _call(record, account, number, min(at, now) if at > now + AHEAD else at, change)


def _call(
    record: Mapping[str, Any], account: str, number: str, at: datetime, change: Change | str
) -> Call:
    identity = table(record.get("userIdentity"))
    session = table(identity.get("sessionContext"))
    issuer = table(session.get("sessionIssuer"))
    arn = text(identity.get("arn"), 1200)
    agent = text(record.get("userAgent"), 500)
    mfa = text(table(session.get("attributes")).get("mfaAuthenticated"), 10).lower()
    source = text(record.get("eventSource"), 100)
    _, assumed, names = arn.partition(":assumed-role/")
    return Call(
        event_id=number,
        account_id=account,
        at=at,
        service=source.partition(".")[0][:60],
        action=text(record.get("eventName"), 100),
        region=text(record.get("awsRegion"), 30),
        actor=who_called(identity)[0],
        principal_type=text(identity.get("type"), 30),
        # Of a session the role, which lasts.
        principal_arn=text(issuer.get("arn"), 1200) or arn,
        session_name=names.rpartition("/")[2][:200] if assumed else "",
        source_address=text(record.get("sourceIPAddress"), 200),
        user_agent=agent,
        tool=tool_of(agent, from_console=record.get(_FROM_CONSOLE) in (True, "true")),
        mfa={"true": True, "false": False}.get(mfa),
        error_code=text(record.get("errorCode"), 100),
        request=_request(record),
        record=record,
        change=None if isinstance(change, str) else change,
    )  # fmt: skip


def tool_of(user_agent: str, *, from_console: bool = False) -> str:
    """What called, such as "terraform"; empty when that is not known."""
    if from_console:
        return "console"
    agent = user_agent.lower()
    return next((tool for word, tool in _TOOLS if word in agent), "")


def _request(record: Mapping[str, Any]) -> dict[str, Any]:
    """The request, redacted; not what is very large."""
    value = redact_value(dict(table(record.get("requestParameters"))))
    encoded = msgspec.json.encode(value)
    if len(encoded) > MOST_REQUEST:
        return {"note": f"{len(encoded)} bytes were too many to keep."}
    # No database text holds NUL.
    if b"\\u0000" in encoded:
        value = msgspec.json.decode(encoded.replace(b"\\u0000", b"\\ufffd"))
    found: dict[str, Any] = value
    return found
