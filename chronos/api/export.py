"""Exports of any size: written page by page, so that memory is that of a page."""

from collections.abc import Iterator

from chronos.api.serializers import event_as_json
from chronos.search import EventQuery, each_event
from opsportal.lib.api.files import Row

# Changes that are read at once.
PAGE = 200
COLUMNS = (
    "id", "started_at", "ended_at", "kind", "action", "status", "title", "service", "environment",
    "region", "version", "previous_version", "team", "actor", "actor_type", "actor_email",
    "source", "external_id", "subject", "severity", "artifact", "commit", "repository",
    "correlation_id", "causation_id", "expected_end_at", "recorded_at", "updated_at", "late",
    "skewed", "reports", "scope", "tags", "labels", "links", "before", "after", "data", "body",
    "url",
)  # fmt: skip


def export_events(query: EventQuery) -> Iterator[Row]:
    """All that fits. Raises PayloadError."""
    return map(event_as_json, each_event(query, PAGE))
