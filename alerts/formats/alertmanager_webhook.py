"""Alertmanager's webhook, version "4": a group of alerts, each firing or resolved.

Contract: prometheus/alertmanager notify/webhook/webhook.go and template/template.go; fields that
newer versions add are kept in the raw record. What a group does not name goes on as it was, since
`max_alerts` cuts groups short.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from alerts.formats import AlertFormat
from alerts.formats.labels import (
    LabelledAlert,
    cut_values,
    dedup_key_of,
    fields_of,
    instant_of,
    pairs_of,
    web_links,
)
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Receipt
from opsportal.lib.contracts import KEY_IN_PATH, Parsed, Received, Rejection, Reply, split_json
from opsportal.lib.errors import FieldError, PayloadError

MOST_COMPLAINTS = 100


class Group(Struct, rename="camel"):
    """What is said of a group of alerts, and the alerts one by one."""

    alerts: list[msgspec.Raw]
    status: str | None = None
    receiver: str | None = None
    group_key: str | None = None
    external_url: str | None = msgspec.field(default=None, name="externalURL")


class GroupedAlert(LabelledAlert):
    """One of them; its own status wins over the group's."""

    status: str | None = None


G = TypeVar("G", bound=Group)
_group = msgspec.json.Decoder(Group)
_alert = msgspec.json.Decoder(GroupedAlert)


class AlertmanagerWebhookFormat(AlertFormat):
    """`POST /hooks/alertmanager`."""

    slug = "alertmanager_webhook"
    label = "Alertmanager webhook"
    paths = ("/hooks/alertmanager", f"/hooks/alertmanager{KEY_IN_PATH}")
    # 5xx is tried again within the flush; after a 4xx the group waits for its next group_interval.
    overload = 503

    def parse(self, received: Received) -> Parsed:
        """The alerts of the group, those that can be understood."""
        return read_group(received, _group, lambda group, payload: _event(group, payload, received))

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """200: the sender looks at nothing else; the body is for people who try it."""
        return answer_group(parsed, receipts)


def read_group(
    received: Received, decoder: msgspec.json.Decoder[G], make: Callable[[G, bytes], AlertEvent]
) -> Parsed:
    """The events that `make` makes of a group and each of its alerts.

    `make` raises ValueError for one that is of no use. Raises PayloadError when none is.
    """
    members, many = split_json(received.body)
    if many:
        raise PayloadError('An object with "alerts" is expected here, not an array.')
    try:
        group = decoder.decode(members[0])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PayloadError(f"This is no group of alerts: {error}") from error
    events, rejected = [], []
    for index, payload in enumerate(group.alerts):
        try:
            events.append(make(group, bytes(payload)))
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            rejected.append(Rejection(index, (FieldError("", str(error)),)))
    if rejected and not events:
        raise PayloadError(
            "None of the alerts is usable.",
            [FieldError(f"alerts.{r.index}", r.errors[0].message) for r in rejected],
        )
    return Parsed(events, rejected, note="" if events else "The group holds no alerts.")


def answer_group(parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
    """How many alerts were taken, and what was wrong with the others."""
    answer: dict[str, Any] = {
        "accepted": len(receipts),
        "rejected": [
            {"index": r.index, "message": r.errors[0].message}
            for r in parsed.rejected[:MOST_COMPLAINTS]
        ],
    }
    return Reply(200, msgspec.json.encode(answer))


def status_of(alert: GroupedAlert, group: Group) -> str:
    """Firing or resolved. Raises ValueError for anything else."""
    status = alert.status or group.status or ""
    if status not in (FIRING, RESOLVED):
        raise ValueError(f"status must be firing or resolved, not {status[:100]!r}")
    return status


def group_notes(group: Group) -> dict[str, str]:
    """What is worth keeping of the group beside each alert."""
    notes = {"receiver": group.receiver, "group_key": group.group_key}
    return {name: text for name, text in notes.items() if text}


def _event(group: Group, payload: bytes, received: Received) -> AlertEvent:
    alert = _alert.decode(payload)
    labels, notes = pairs_of(alert)
    status = status_of(alert, group)
    return AlertEvent(
        **fields_of(labels, notes),
        dedup_key=dedup_key_of(labels),
        status=status,
        source="alertmanager",
        labels=cut_values(labels, payload),
        annotations=cut_values({**group_notes(group), **notes}, payload),
        links=web_links((alert.generator_url, "source"), (group.external_url, "Alertmanager")),
        starts_at=instant_of(alert.starts_at),
        # Of a firing one it is unset; how often it is said again (repeat_interval) is not known.
        ends_at=instant_of(alert.ends_at) if status == RESOLVED else None,
        team_id=received.team_id,
        payload=payload,
    )
