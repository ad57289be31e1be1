"""What an account must allow, as documents to paste: exactly what is asked there.

Grammar: "Grammar of the IAM JSON policy language" in the IAM user guide.
"""

from collections.abc import Sequence
from typing import Any

from opsportal.lib.aws.accounts import further_actions
from security.collectors import Collector, collectors
from security.models import CloudAccount

# Of every account: who one is. (AWS allows it to everybody, unless somebody denies it.)
_ALWAYS = ("sts:GetCallerIdentity",)
# With a queue of CloudTrail's events.
_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# Longer policies are refused for a role (IAM quotas: 6,144 characters without white space).
MOST_CHARACTERS = 6144


def collectors_of(account: CloudAccount) -> list[type[Collector]]:
    """Those that are asked in this account."""
    return [found for slug, found in collectors().items() if slug not in account.without]


def read_only_policy(account: CloudAccount) -> dict[str, Any]:
    """The permissions policy: reads only, and nothing that is not needed."""
    actions = {action for found in collectors_of(account) for action in found.actions}
    actions |= further_actions(account.name)
    statements = [_allow("OpsportalReads", [*_ALWAYS, *sorted(actions)], "*")]
    if arn := queue_arn(account):
        statements.append(_allow("OpsportalTrailQueue", _QUEUE, arn))
    return {"Version": "2012-10-17", "Statement": statements}


def trust_policy(account: CloudAccount, *, external_id: str) -> dict[str, Any]:
    """Who may assume the role: the portal's own identity, with the external id."""
    portal = str(account.test.get("portal") or "arn:aws:iam::PORTAL-ACCOUNT:root")
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": portal},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def queue_arn(account: CloudAccount) -> str:
    """The ARN of the queue of CloudTrail's events; empty: none."""
    host, _, rest = account.trail_queue_url.partition("://")[2].partition("/")
    number, _, name = rest.rpartition("/")
    words = host.split(".")
    region = words[1] if host.startswith("sqs.") and len(words) > 2 else "*"
    if not name:
        return ""
    return f"arn:{account.partition}:sqs:{region}:{number or account.account_id}:{name}"


def _allow(sid: str, actions: Sequence[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}
