"""`POST /v2/change/enqueue`: what changed, for the timeline."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chronos.formats.fields import take_fields
from chronos.formats.pagerduty.contract import (
    EventsApiFormat,
    member,
    read_instant,
    text_of,
    wrong_summary,
)
from chronos.formats.pagerduty.details import links_of, spread_details
from chronos.formats.words import kind_of
from chronos.normalise import Change, ChangeReceipt
from opsportal.lib.contracts import Parsed, Received, Reply

# Of what names neither kind nor version.
KIND = "change"


class PagerDutyChangeFormat(EventsApiFormat):
    """Change events.

    The contract gives them no identity: what says the same of the same instant is the same, and so
    is a version of a service that is announced again within the hour.
    """

    slug = "pagerduty_change"
    label = "PagerDuty change events"
    paths = ("/v2/change/enqueue", "/pagerduty/v2/change/enqueue")
    scope = "events:write"

    def complaints(self, event: Mapping[str, Any]) -> list[str]:
        """A change needs a summary and nothing else."""
        return wrong_summary(member(event, "payload"))

    def parse(self, received: Received) -> Parsed:
        """One change; its actor is the key that it comes with, unless its details name one."""
        event = self.read(received)
        payload = member(event, "payload")
        given = payload.get("custom_details")
        labels, _ = spread_details(given, without="")
        fields, _ = take_fields(member(payload, "custom_details"))
        version = fields.get("version", "")
        fields |= {
            "kind": kind_of(fields.get("kind", ""), version=version, otherwise=KIND),
            "title": text_of(payload["summary"]),
            "started_at": read_instant(payload.get("timestamp")),
            "source": text_of(payload.get("source")) or "pagerduty",
            "labels": labels,
            "links": tuple({"href": href, "text": text} for href, text in links_of(event)),
            "data": {"custom_details": given} if given else {},
        }
        return Parsed(many=False, changes=[Change(**fields)])

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """PagerDuty/go-pagerduty change_events_test.go has the words."""
        return Reply(
            202, msgspec.json.encode({"status": "success", "message": "Change event processed"})
        )
