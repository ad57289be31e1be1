"""Alertmanager's API v2: what Prometheus posts to `/api/v2/alerts`.

Contract: prometheus/alertmanager api/v2/openapi.yaml. Errors of meaning are JSON strings with 400
and leave the batch's good members stored; errors of shape refuse the whole batch.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from alerts.formats import AlertFormat, Parsed, Received, Rejection, Reply, split_json
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
from opsportal.lib.errors import FieldError, OpsError, PayloadError

# Without `endsAt` an alert lasts so long after its last receipt (Alertmanager's resolve_timeout).
RESOLVE_TIMEOUT = timedelta(minutes=5)


_decoder = msgspec.json.Decoder(LabelledAlert)


class AlertmanagerFormat(AlertFormat):
    """`POST /alertmanager/api/v2/alerts`."""

    slug = "alertmanager"
    label = "Alertmanager v2"
    paths = ("/alertmanager/api/v2/alerts",)
    # Prometheus drops what is refused.
    overload = None
    keeps_all = False

    def parse(self, received: Received) -> Parsed:
        """An array of postable alerts."""
        members, many = split_json(received.body)
        if not many:
            raise PayloadError("parsing alerts body failed: it must be an array")
        try:
            alerts = [_decoder.decode(member) for member in members]
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise PayloadError(f"parsing alerts body failed: {error}") from error
        if any(alert.labels is None for alert in alerts):
            raise PayloadError("labels in body is required")
        events, rejected = [], []
        for index, alert in enumerate(alerts):
            try:
                events.append(_event(alert, members[index], received))
            except ValueError as error:
                rejected.append(Rejection(index, (FieldError("", str(error)),)))
        return Parsed(events, rejected)

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """200 and nothing, or 400 with the complaints although the rest is stored."""
        if not parsed.rejected:
            return Reply(200)
        complaints = "; ".join(r.errors[0].message for r in parsed.rejected)
        return Reply(400, msgspec.json.encode(complaints))

    def refuse(self, error: OpsError) -> Reply:
        """Errors of shape carry a code and a message."""
        return Reply(
            error.status, msgspec.json.encode({"code": error.status, "message": error.message})
        )


def _event(alert: LabelledAlert, payload: bytes, received: Received) -> AlertEvent:
    labels, notes = pairs_of(alert)
    starts_at, ends_at = instant_of(alert.starts_at), instant_of(alert.ends_at)
    if starts_at and ends_at and ends_at < starts_at:
        raise ValueError("start time must be before end time")
    return AlertEvent(
        **fields_of(labels, notes),
        dedup_key=dedup_key_of(labels),
        status=RESOLVED if ends_at and ends_at <= received.now else FIRING,
        source="prometheus",
        labels=cut_values(labels, payload),
        annotations=cut_values(notes, payload),
        links=web_links((alert.generator_url, "source")),
        starts_at=starts_at,
        ends_at=ends_at,
        timeout=None if ends_at else RESOLVE_TIMEOUT,
        team_id=received.team_id,
        payload=payload,
    )
