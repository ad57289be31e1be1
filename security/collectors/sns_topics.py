"""SNS topics and who subscribes to them; a topic's resource id is its ARN.

Source: ListTopics, GetTopicAttributes and ListSubscriptions in the Amazon SNS API reference.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from opsportal.lib.aws import Access, Unknown, facet
from security.collectors import Call, Collector, Link, found_in
from security.collectors.arns import resource_of_arn
from security.collectors.casing import snake_case
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_TOPIC = ("requestParameters.topicArn",)
_TAGGED = ("requestParameters.resourceArn",)
# Beside the policy: what these say changes by itself or is said elsewhere.
_OTHER = frozenset(
    {
        "Policy", "TopicArn", "SubscriptionsConfirmed", "SubscriptionsPending",
        "SubscriptionsDeleted", "EffectiveDeliveryPolicy", "BeginningArchiveTime",
    }
)  # fmt: skip


class Topics(Collector):
    """Who may publish, and who is told."""

    slug = "aws.sns.topic"
    label = "SNS topics"
    noun = "topic"
    service = "sns"
    shape = Shape(
        sets=("subscriptions",),
        secrets=("subscriptions.*.address",),
        policies=("policy",),
        cosmetic=("settings.title",),
        keys={"subscriptions": ("arn", "endpoint")},
    )
    actions = (
        "sns:ListTopics",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptions",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
    )
    gone = ("NotFound", "ResourceNotFound")
    event_source = "sns"
    calls = (
        Call("CreateTopic", ("responseElements.topicArn",)),
        Call("SetTopicAttributes", _TOPIC),
        Call("AddPermission", _TOPIC),
        Call("RemovePermission", _TOPIC),
        Call("Subscribe", _TOPIC),
        Call("ConfirmSubscription", _TOPIC),
        Call("Unsubscribe", ("requestParameters.subscriptionArn",)),
        Call("TagResource", _TAGGED),
        Call("UntagResource", _TAGGED),
        Call("DeleteTopic", _TOPIC, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All topics; their subscriptions by one listing."""
        told = facet(
            lambda: _by_topic(access.rows("sns", "list_subscriptions", "Subscriptions")),
            action="sns:ListSubscriptions",
        )
        yield from found_in(
            lambda row: _found(
                row["TopicArn"],
                access,
                told if isinstance(told, Unknown) else told.get(row["TopicArn"], []),
            ),
            access.pages("sns", "list_topics", "Topics"),
        )

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One topic."""
        told = facet(
            lambda: [
                _subscription(row)
                for row in access.rows(
                    "sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=resource_id
                )
            ],
            action="sns:ListSubscriptionsByTopic",
            gone=cls.gone,
        )
        return _found(resource_id, access, told)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Who is told, and the key."""
        for row in config.get("subscriptions") or ():
            if row["protocol"] in ("sqs", "lambda"):
                yield Link("tells", resource_of_arn(row["endpoint"]))
        if key := (config.get("settings") or {}).get("kms_master_key_id"):
            yield Link("key", resource_of_arn(key))

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """A subscription's ARN is its topic's and an id."""
        return ":".join(identifier.split(":")[:6])


def _by_topic(rows: Iterator[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["TopicArn"]].append(_subscription(row))
    return found


def _subscription(row: Mapping[str, Any]) -> dict[str, Any]:
    endpoint, address = row.get("Endpoint", ""), ""
    if row.get("Protocol") in ("http", "https"):
        # Behind the host such addresses have keys in them.
        host = urlsplit(endpoint).netloc.rpartition("@")[2]
        endpoint, address = f"{row['Protocol']}://{host}", endpoint
    return {
        "arn": row.get("SubscriptionArn", ""),
        "owner": row.get("Owner", ""),
        "protocol": row.get("Protocol", ""),
        "endpoint": endpoint,
        "address": address,
    }


def _found(arn: str, access: Access, subscriptions: Any) -> Found:
    """Raises Gone when there is no such topic any more."""
    sns = access.client("sns")
    attributes = facet(
        lambda: sns.get_topic_attributes(TopicArn=arn)["Attributes"],
        action="sns:GetTopicAttributes",
        gone=Topics.gone,
    )
    tags = facet(
        lambda: tag_table(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]),
        action="sns:ListTagsForResource",
        gone=Topics.gone,
    )
    policy = settings = attributes
    if isinstance(attributes, dict):
        policy = attributes.get("Policy") or None
        other = {name: value for name, value in attributes.items() if name not in _OTHER}
        settings = {**snake_case(other), "title": attributes.get("DisplayName", "")}
    return Found(
        resource_id=arn,
        arn=arn,
        name=arn.rpartition(":")[2],
        tags={} if isinstance(tags, Unknown) else tags,
        config={
            "policy": policy,
            "settings": settings,
            "subscriptions": subscriptions,
            "tags": tags,
        },
    )
