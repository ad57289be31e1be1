"""Records of CloudTrail as the tests write them, and queues that carry them."""

import gzip
import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from tests.alerts.moto import ACCOUNT, REGION
from tests.security.collecting import NOW

ALICE = {
    "type": "IAMUser",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "userName": "alice",
    "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
}
CI = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci-4821",
    "accountId": ACCOUNT,
    "sessionContext": {
        "sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/deployer", "userName": "deployer"},
        "attributes": {"mfaAuthenticated": "false"},
    },
}
CONSOLE = "console.amazonaws.com"


def record(
    action: str,
    request: Mapping[str, Any] | None = None,
    *,
    at: datetime = NOW,
    event_id: str = "",
    source: str = "ec2",
    **fields: Any,
) -> dict[str, Any]:
    """A record of CloudTrail; its id follows from action, request and time."""
    request = dict(request or {})
    number = str(uuid5(NAMESPACE_OID, json.dumps([action, request, str(at)], sort_keys=True)))
    return {
        "eventVersion": "1.11",
        "userIdentity": deepcopy(ALICE),
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": action,
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.15.0 Python/3.11",
        "requestParameters": request,
        "responseElements": {"_return": True},
        "eventID": event_id or number,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **fields,
    }


def opened(group: str, **fields: Any) -> dict[str, Any]:
    """Somebody lets somebody into a group."""
    return record("AuthorizeSecurityGroupIngress", {"groupId": group}, **fields)


def event(told: Mapping[str, Any]) -> dict[str, Any]:
    """As EventBridge hands it on."""
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_OID, str(told["eventID"]))),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{told['eventSource'].partition('.')[0]}",
        "account": told["recipientAccountId"],
        "time": told["eventTime"],
        "region": told["awsRegion"],
        "resources": [],
        "detail": dict(told),
    }


def log_file(*records: Mapping[str, Any]) -> bytes:
    """As CloudTrail puts it into a bucket."""
    return gzip.compress(json.dumps({"Records": records}).encode())


def in_topic(message: Mapping[str, Any]) -> dict[str, Any]:
    """As a topic of SNS hands it on."""
    return {
        "Type": "Notification",
        "MessageId": "da41e39f-ea4d-435a-b922-c6aae3915ebe",
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:trail",
        "Message": json.dumps(message),
    }


def make_queue(cloud: Any, name: str = "trail") -> str:
    """A queue's address."""
    return str(cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"])


def send(cloud: Any, url: str, *messages: Mapping[str, Any] | str) -> None:
    """Put these into the queue."""
    for message in messages:
        body = message if isinstance(message, str) else json.dumps(message)
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody=body)


def waiting(cloud: Any, url: str) -> int:
    """How many messages the queue has, also those that somebody holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(value) for value in answer["Attributes"].values())
