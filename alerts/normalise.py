"""An alert as the portal hands it around: one frozen dataclass, whatever format it came in."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings
from msgspec import Struct

# Of what responders, and senders for them, do to an alert; notes in characters.
LONGEST_SNOOZE, LONGEST_NOTE = timedelta(days=365), 10_000
FIRING = "firing"
RESOLVED = "resolved"
# What dedup keys begin with that are Alertmanager's fingerprints.
ALERTMANAGER_KEY = "am:"
# And those of alerts that the portal raises itself: no sender may say that they are over.
OWN_KEYS = ("opsportal:", "security:", "certs:")

# Worst first; the rank orders and compares.
SEVERITIES = ("critical", "high", "warning", "low", "info")
SEVERITY_RANK: Mapping[str, int] = MappingProxyType(
    {name: rank for rank, name in enumerate(reversed(SEVERITIES), start=1)}
)

# What other systems call them. Sources: PagerDuty Events v2, syslog (RFC 5424), Alerta, Opsgenie.
SEVERITY_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "page": "critical", "fatal": "critical", "emergency": "critical", "emerg": "critical",
        "panic": "critical", "disaster": "critical", "p1": "critical", "sev1": "critical",
        "crit": "critical", "blocker": "critical",
        "error": "high", "err": "high", "major": "high", "alert": "high", "p2": "high",
        "sev2": "high", "urgent": "high",
        "warn": "warning", "minor": "warning", "average": "warning", "medium": "warning",
        "moderate": "warning", "p3": "warning", "sev3": "warning",
        "notice": "low", "p4": "low", "sev4": "low", "trivial": "low",
        "information": "info", "informational": "info", "debug": "info", "none": "info",
        "p5": "info", "sev5": "info",
    }
)  # fmt: skip


def worse(one: str, other: str) -> bool:
    """Whether severity `one` is worse than `other`."""
    return SEVERITY_RANK[one] > SEVERITY_RANK[other]


class Link(Struct, frozen=True, gc=False):
    """A page worth opening."""

    href: str
    text: str = ""


class AlertEvent(Struct, frozen=True, gc=False, kw_only=True):
    """One statement of a sender: "this fires" or "this is resolved".

    A msgspec Struct is a frozen dataclass that costs a tenth to make; ingest makes many.

    Texts hold no NUL and fit their columns; instants are aware and in UTC; a `resolved` ended at
    `ends_at`, a `firing` one with `ends_at` lasts until then unless it is said again.
    """

    name: str
    dedup_key: str
    status: str = FIRING
    severity: str = "warning"
    summary: str = ""
    description: str = ""
    source: str = ""
    service: str = ""
    resource: str = ""
    environment: str = ""
    region: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    links: tuple[Link, ...] = ()
    value: float | None = None
    runbook_url: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    timeout: timedelta | None = None  # resolves by itself so long after the last receipt
    team_id: int | None = None  # the sender's team, from its key
    payload: bytes = b""  # the JSON as received; kept, redacted, beside the episode


class TopicNews(Struct, frozen=True, gc=False):
    """What Amazon SNS says, and has signed, of a topic that is allowed.

    `heard`: it sends; `asks`: for the confirmation of a subscription; `ended`: the subscription.
    """

    topic_arn: str
    kind: str
    confirmation: Mapping[str, str] = {}


class Respond(Struct, frozen=True, gc=False, kw_only=True):
    """The sender does to one of its alerts what a responder could: a deed of `alerts.act`."""

    action: str
    # Its last episode is meant; or, instead, the alert of that id if its key begins with `within`.
    dedup_key: str = ""
    alert_id: int | None = None
    within: str = ""
    # By the deed's names for them; fit for it, since one that refuses is not told to the sender.
    arguments: Mapping[str, Any] = {}


class PostedDocument(Struct, frozen=True):
    """What is posted to a contract that keeps documents of its own; the base of each such."""


# What a request may ask for beside storing events.
Order = Respond | PostedDocument | TopicNews


def alert_url(alert_id: int) -> str:
    """The address of an alert's page, for messages and answers."""
    return f"{settings.PUBLIC_URL}/alerts/{alert_id}/"


class Receipt(Struct, frozen=True, gc=False):
    """What became of one event: the answer to its sender."""

    alert_id: int | None  # None when ignored
    dedup_key: str
    outcome: str  # opened, repeated, changed, reopened, resolved or ignored
    status: str
    severity: str
    repeat_count: int


class Answer(Struct, frozen=True, gc=False):
    """A receipt in the API's shape."""

    id: int | None
    dedup_key: str
    outcome: str
    status: str
    severity: str
    repeat_count: int
    url: str | None


def answers(receipts: Iterable[Receipt]) -> list[Answer]:
    """What the senders are told."""
    root = f"{settings.PUBLIC_URL}/alerts/"
    return [
        Answer(
            receipt.alert_id,
            receipt.dedup_key,
            receipt.outcome,
            receipt.status,
            receipt.severity,
            receipt.repeat_count,
            None if receipt.alert_id is None else f"{root}{receipt.alert_id}/",
        )
        for receipt in receipts
    ]
