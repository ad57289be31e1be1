"""One event of EventBridge, with what every reader needs of it."""

from collections.abc import Mapping
from typing import Any

from alerts.formats.aws.fields import labels
from alerts.normalise import FIRING, AlertEvent
from opsportal.lib.contracts import Received
from opsportal.lib.fields import instant, rows, table, text


class Event:
    """Where it comes from, and its detail."""

    def __init__(
        self,
        event: Mapping[str, Any],
        received: Received,
        payload: bytes,
        hints: Mapping[str, str],
    ) -> None:
        self.event, self.received, self.payload, self.hints = event, received, payload, hints
        self.detail = table(event.get("detail"))
        self.account = text(event.get("account"), 100)
        self.region = text(event.get("region"), 100)
        self.resources = [said for row in rows(event.get("resources")) if (said := text(row, 1000))]

    def make(self, **values: Any) -> AlertEvent:
        """The alert, with what all have in common."""
        ours = {"account": self.account, "detail_type": text(self.event["detail-type"], 300)}
        extra = values.pop("labels", {})
        only = self.resources[0] if len(self.resources) == 1 else ""
        defaults: dict[str, Any] = {
            "source": text(self.event["source"], 200),
            "resource": only[:300],
            "region": self.region,
            "labels": labels([*ours.items(), *extra.items()]),
            "annotations": labels([("resources", ", ".join(self.resources[:50]))]),
            "team_id": self.received.team_id,
            "payload": self.payload,
        }
        if values.get("status", FIRING) == FIRING:
            defaults["starts_at"] = instant(self.event.get("time"))
        else:
            defaults["ends_at"] = instant(self.event.get("time"))
        return AlertEvent(**{**defaults, **values})
