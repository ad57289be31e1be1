"""SQS queues; a queue's resource id is its name.

Source: ListQueues and GetQueueAttributes in the Amazon SQS API reference.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet, unless_gone
from security.collectors import Call, Collector, Link, found_in
from security.collectors.arns import resource_of_arn
from security.collectors.casing import snake_case
from security.normalise import Found, Shape

# Without a size of pages SQS lists a thousand queues and says nothing of more.
_PAGE = {"PageSize": 1000}
_QUEUE = ("requestParameters.queueUrl",)
_OTHER = frozenset({"Policy", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"})
_DOCUMENTS = ("RedrivePolicy", "RedriveAllowPolicy")


class Queues(Collector):
    """Who may send to a queue, and who may read it."""

    slug = "aws.sqs.queue"
    label = "SQS queues"
    noun = "queue"
    service = "sqs"
    shape = Shape(
        sets=("settings.redrive_allow_policy.source_queue_arns",),
        policies=("policy",),
        operational=(
            "tags",
            "settings.delay_seconds",
            "settings.maximum_message_size",
            "settings.message_retention_period",
            "settings.receive_message_wait_time_seconds",
            "settings.visibility_timeout",
        ),
    )
    actions = (
        "sqs:ListQueues", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags",
    )  # fmt: skip
    gone = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    event_source = "sqs"
    calls = (
        Call("CreateQueue", ("responseElements.queueUrl", "requestParameters.queueName")),
        Call("SetQueueAttributes", _QUEUE),
        Call("AddPermission", _QUEUE),
        Call("RemovePermission", _QUEUE),
        Call("TagQueue", _QUEUE),
        Call("UntagQueue", _QUEUE),
        Call("DeleteQueue", _QUEUE, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All queues."""
        pages = access.pages("sqs", "list_queues", "QueueUrls", PaginationConfig=_PAGE)
        yield from found_in(lambda url: _found(url, access), pages)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One queue."""
        sqs = access.client("sqs")
        url = unless_gone(lambda: sqs.get_queue_url(QueueName=resource_id), cls.gone)["QueueUrl"]
        return _found(url, access)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Where what fails goes, and the key."""
        settings = config.get("settings") or {}
        redrive = settings.get("redrive_policy")
        if isinstance(redrive, dict) and (target := redrive.get("dead_letter_target_arn")):
            yield Link("dead letters", resource_of_arn(target))
        if key := settings.get("kms_master_key_id"):
            yield Link("key", resource_of_arn(key))

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The name at the end of a URL."""
        return identifier.rpartition("/")[2]


def _found(url: str, access: Access) -> Found:
    """Raises Gone when there is no such queue any more."""
    sqs, name = access.client("sqs"), Queues.resource_of(url)
    attributes = facet(
        lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
        action="sqs:GetQueueAttributes",
        gone=Queues.gone,
    )
    tags = facet(
        lambda: sqs.list_queue_tags(QueueUrl=url).get("Tags", {}),
        action="sqs:ListQueueTags",
        gone=Queues.gone,
    )
    policy = settings = attributes
    if isinstance(attributes, dict):
        policy, settings = attributes.get("Policy") or None, _settings(attributes)
    return Found(
        resource_id=name,
        arn=f"arn:{access.partition}:sqs:{access.region}:{access.account_id}:{name}",
        name=name,
        tags={} if isinstance(tags, Unknown) else tags,
        config={"policy": policy, "settings": settings, "tags": tags},
    )


def _settings(attributes: Mapping[str, str]) -> Any:
    """All else, without the counts of messages."""
    return snake_case(
        {
            name: _document(value) if name in _DOCUMENTS else value
            for name, value in attributes.items()
            if name not in _OTHER and not name.startswith("Approximate")
        }
    )


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
