"""Datadog's events, v1 and v2.

Contract: "Events" of Datadog's API reference, as PyPI's datadog-api-client 2.62 sends and reads it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from chronos.formats import ChangeFormat
from chronos.formats.reading import need, read_object
from chronos.formats.words import kind_of
from chronos.normalise import FAILED, SUCCEEDED, Change, ChangeReceipt, change_url
from opsportal.lib.contracts import Parsed, Received, Reply
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.fields import instant, rows, table, text, unix_instant
from opsportal.lib.redact import redact_value

SOURCE = "datadog"
MOST_TAGS = 50
# Of what does not say what was changed.
KIND = "change"
_STATUSES = {"error": FAILED, "success": SUCCEEDED}
_SEVERITIES = {"error": 4, "warning": 3, "warn": 3}


class DatadogFormat(ChangeFormat):
    """What both versions have in common: the key, and errors."""

    key_in_body = True
    max_body = 1024 * 1024

    def key_text(self, received: Received) -> str:
        """`?api_key=`, as old clients send it."""
        found = parse_qs(received.query, max_num_fields=100).get("api_key", [""])
        return found[0]

    def refuse(self, error: OpsError) -> Reply:
        """A list of texts."""
        more = [f"{e.field}: {e.message}".removeprefix(": ") for e in error.errors]
        body = {"errors": more or [error.message]}
        return Reply(error.status, msgspec.json.encode(body))


class DatadogEventFormat(DatadogFormat):
    """`POST /datadog/api/v1/events`."""

    slug = "datadog"
    label = "Datadog events v1"
    paths = ("/datadog/api/v1/events",)

    def parse(self, received: Received) -> Parsed:
        """One event. Its tags fill the fields of their names."""
        event = read_object(received.body)
        need(event.get("title"), "title")
        kind = text(event.get("alert_type"), 20)
        change = _change(
            event.get("tags"),
            title=text(event.get("title"), 500).strip(),
            body=_plain(text(event.get("text"), 20_000)),
            status=_STATUSES.get(kind, ""),
            severity=_SEVERITIES.get(kind, 0),
            started_at=unix_instant(event.get("date_happened")),
            correlation_id=text(event.get("aggregation_key"), 200),
            labels=_named(event, "host", "device_name", "source_type_name", "priority"),
        )
        return Parsed(many=False, changes=[change])

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """202 with the event."""
        (change,), (found,) = parsed.changes, receipts
        event = {
            "id": found.event_id,
            "id_str": str(found.event_id),
            "title": change.title,
            "text": change.body,
            "tags": list(change.tags),
            "url": change_url(found.event_id),
            "priority": change.labels.get("priority", "normal"),
            "date_happened": int(change.started_at.timestamp()) if change.started_at else None,
        }
        kept = {name: value for name, value in event.items() if value is not None}
        return Reply(202, msgspec.json.encode({"status": "ok", "event": kept}))


class DatadogEventV2Format(DatadogFormat):
    """`POST /datadog/api/v2/events`: change events, and alerts of others."""

    slug = "datadog_v2"
    label = "Datadog events v2"
    paths = ("/datadog/api/v2/events",)

    def parse(self, received: Received) -> Parsed:
        """One event. Of a change it says what, by whom, and the values before and after."""
        event = table(table(read_object(received.body).get("data")).get("attributes"))
        need(event.get("title"), "data.attributes.title")
        category = need(event.get("category"), "data.attributes.category")
        if category not in ("change", "alert"):
            message = "must be change or alert"
            raise PayloadError(
                f"The category {message}.", [FieldError("data.attributes.category", message)]
            )
        about = table(event.get("attributes"))
        facts = _changed(about) if category == "change" else _alerted(about)
        change = _change(
            event.get("tags"),
            **facts,
            title=text(event.get("title"), 500).strip(),
            body=_plain(text(event.get("message"), 20_000)),
            started_at=instant(event.get("timestamp")),
            correlation_id=text(event.get("aggregation_key"), 200),
            labels=_named(event, "host", "integration_id"),
        )
        return Parsed(many=False, changes=[change])

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """202 with its numbers."""
        number = str(receipts[0].event_id)
        event = {"attributes": {"attributes": {"evt": {"id": number, "uid": number}}}}
        body = {
            "data": {"type": "event", **event},
            "links": {"self": change_url(receipts[0].event_id)},
        }
        return Reply(202, msgspec.json.encode(body))


def _changed(about: Mapping[str, Any]) -> dict[str, Any]:
    """What `attributes` of a change says."""
    resource, author = table(about.get("changed_resource")), table(about.get("author"))
    impacted = [table(row) for row in rows(about.get("impacted_resources"))]
    services = [text(row.get("name"), 200) for row in impacted if row.get("type") == "service"]
    what, name = text(resource.get("type"), 50), text(resource.get("name"), 200)
    by = text(author.get("type"), 20)
    return {
        "kind": kind_of(what, version="", otherwise=KIND),
        "actor": text(author.get("name"), 200),
        "actor_type": "" if not by else "user" if by == "user" else "automation",
        "service": services[0] if services else "",
        "subject": f"{what} {name}".strip(),
        "before": redact_value(about.get("prev_value")),
        "after": redact_value(about.get("new_value")),
        "data": {
            found: redact_value(about[found])
            for found in ("change_metadata", "impacted_resources")
            if about.get(found)
        },
    }


def _alerted(about: Mapping[str, Any]) -> dict[str, Any]:
    status = text(about.get("status"), 20)
    return {"kind": "alert", "severity": _SEVERITIES.get(status, 0)}


def _change(tags: object, **facts: Any) -> Change:
    """A change with what its tags, `name:value`, say of it where nothing else does."""
    given = [said for tag in rows(tags)[:MOST_TAGS] if (said := text(tag, 200))]
    named: dict[str, str] = {}
    for tag in given:
        name, colon, value = tag.partition(":")
        if colon and value:
            named.setdefault(name.lower(), value)
    filled: dict[str, Any] = {
        # Not a deployment for its version: Datadog tags everything with one.
        "kind": kind_of(named.get("kind", ""), version="", otherwise=KIND),
        "service": named.get("service", ""),
        "environment": named.get("env", ""),
        "region": named.get("region", ""),
        "version": named.get("version", ""),
        "actor": named.get("user", ""),
        "repository": named.get("git.repository_url", ""),
        "commit": named.get("git.commit.sha", ""),
    }
    stated = {name: value for name, value in facts.items() if value not in ("", None)}
    return Change(**{"source": SOURCE, "tags": tuple(given), **filled, **stated})


def _named(event: Mapping[str, Any], *names: str) -> dict[str, str]:
    found = {name: text(event.get(name), 300) for name in names}
    return {name: value for name, value in found.items() if value}


def _plain(words: str) -> str:
    """Markdown may stand between `%%%`."""
    return words.strip().removeprefix("%%%").removesuffix("%%%").strip()
