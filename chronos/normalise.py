"""A change as the portal hands it around."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.conf import settings
from msgspec import Struct

# What is most often changed; a kind may also be any other word.
KINDS = (
    "deployment", "rollback", "release", "config", "flag", "experiment", "migration", "infra",
    "scale", "restart", "job", "security", "certificate", "access", "incident", "alert",
    "maintenance", "note",
)  # fmt: skip
# Of these what runs afterwards is known.
DEPLOYING = ("deployment", "rollback")
# The action of such a change that ends what ran.
REMOVED = "removed"

PLANNED, STARTED, SUCCEEDED = "planned", "started", "succeeded"
FAILED, CANCELLED, UNKNOWN = "failed", "cancelled", "unknown"
STATUSES = (PLANNED, STARTED, SUCCEEDED, FAILED, CANCELLED, UNKNOWN)
# How much a status settles: a report never brings one back to a lower rank.
STATUS_RANK: Mapping[str, int] = MappingProxyType(
    {UNKNOWN: 0, PLANNED: 1, STARTED: 2, CANCELLED: 3, FAILED: 3, SUCCEEDED: 3}
)
TERMINAL = frozenset({SUCCEEDED, FAILED, CANCELLED})
ACTOR_TYPES = ("user", "automation")


# The source of what the portal itself does.
OURS = "opsportal"


class Change(Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that was changed by someone: a deployment, a rule, a security group.

    One report of it: `source` and `external_id` say which change is meant, so that its start and
    its end, reported apart and in any order, become one. Instants are aware. Texts that are too
    long for their column are cut, since a change must not be lost.
    """

    kind: str  # a noun: "deployment", "rule"
    title: str
    actor: str = ""  # empty: whoever sent it
    started_at: datetime | None = None  # None: when it was received
    ended_at: datetime | None = None
    action: str = ""  # what was done: "created"
    status: str = ""  # empty: succeeded, or started where that is all that is known
    source: str = OURS
    external_id: str = ""
    # The sender's own number of this report: one that came before says nothing new.
    report_id: str = ""
    service: str = ""
    environment: str = ""
    region: str = ""
    version: str = ""
    previous_version: str = ""
    team: str = ""
    actor_type: str = ""
    actor_email: str = ""
    subject: str = ""  # what was changed, such as "alerts.rule:12"
    severity: int = 0
    artifact: str = ""
    commit: str = ""
    repository: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    expected_end_at: datetime | None = None
    scope: str = ""
    body: str = ""
    tags: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    links: tuple[Mapping[str, str], ...] = ()  # {"href", "text", "rel"}
    before: Any = None
    after: Any = None
    data: Mapping[str, Any] = {}


class ChangeReceipt(Struct, frozen=True, gc=False):
    """What became of one report: the answer to its sender."""

    event_id: int
    outcome: str  # recorded, updated or repeated
    external_id: str = ""
    # What was not taken as it was sent.
    note: str = ""


def change_url(event_id: int) -> str:
    """The address of a change's page, for messages and answers."""
    return f"{settings.PUBLIC_URL}/changes/{event_id}/"
