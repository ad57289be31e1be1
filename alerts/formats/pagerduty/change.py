"""`POST /v2/change/enqueue`: what changed, for the timeline."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from alerts.formats.pagerduty.contract import (
    EventsApiFormat,
    member,
    read_instant,
    text_of,
    wrong_summary,
)
from alerts.formats.pagerduty.details import first_text, links_of, spread_details
from alerts.normalise import Link, Receipt
from chronos.normalise import Change
from opsportal.lib.contracts import Parsed, Received, Reply

# PagerDuty's change events are of no kind.
KIND = "change"
# Bytes of JSON on the timeline.
MOST_DETAILS = 65_536


class PagerDutyChangeFormat(EventsApiFormat):
    """Change events."""

    slug = "pagerduty_change"
    label = "PagerDuty change events"
    paths = ("/v2/change/enqueue", "/pagerduty/v2/change/enqueue")
    scope = "events:write"

    def complaints(self, event: Mapping[str, Any]) -> list[str]:
        """A change needs a summary and nothing else."""
        return wrong_summary(member(event, "payload"))

    def parse(self, received: Received) -> Parsed:
        """One change; its actor is the key that it comes with."""
        event = self.read(received)
        payload = member(event, "payload")
        given = payload.get("custom_details")
        details = member(payload, "custom_details")
        labels, _ = spread_details(given, without="")
        started_at = read_instant(payload.get("timestamp")) or received.now
        change = Change(
            kind=KIND,
            title=text_of(payload["summary"]),
            actor="",
            started_at=min(started_at, received.now),
            source=text_of(payload.get("source")) or "pagerduty",
            service=first_text(details, "service", cut=200),
            environment=first_text(details, "environment", "env", cut=100),
            region=first_text(details, "region", cut=100),
            version=first_text(details, "version", "revision", cut=200),
            labels=labels,
            data=_kept(given, links_of(event)),
        )
        return Parsed(many=False, changes=[change])

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """PagerDuty/go-pagerduty change_events_test.go has the words."""
        return Reply(
            202, msgspec.json.encode({"status": "success", "message": "Change event processed"})
        )


def _kept(given: object, links: Sequence[Link]) -> dict[str, Any]:
    """What is not empty; what is very large is not for a timeline."""
    details = {
        "custom_details": given,
        "links": [{"href": link.href, "text": link.text} for link in links],
    }
    kept = {name: value for name, value in details.items() if value}
    size = len(msgspec.json.encode(kept))
    if size > MOST_DETAILS:
        return {"note": f"{size} bytes of details were too many to keep."}
    return kept
