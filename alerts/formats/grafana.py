"""Grafana's webhooks: of unified alerting (version "1"), and of the alerting before it.

Contracts: grafana/alerting receivers/webhook/v1/webhook.go and templates/template_data.go (a group
as Alertmanager's, with more about each alert), and Grafana 8's legacy notification channel, which
tells of one rule at a time.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Struct, UnsetType

from alerts.formats import AlertFormat
from alerts.formats.alertmanager_webhook import (
    Group,
    GroupedAlert,
    answer_group,
    group_notes,
    read_group,
    status_of,
)
from alerts.formats.fingerprints import fingerprint
from alerts.formats.labels import (
    MOST_PAIRS,
    cut_values,
    fields_of,
    instant_of,
    pairs_of,
    web_links,
)
from alerts.formats.native import joined_key
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Receipt
from opsportal.lib.contracts import KEY_IN_PATH, Parsed, Received, Reply, split_json
from opsportal.lib.errors import FieldError, PayloadError

# Nobody resolves what the "Test" button of a contact point or notification channel sends.
TEST_LASTS = timedelta(minutes=15)
MOST_MATCHES = 20


class GrafanaGroup(Group):
    """A group of unified alerting."""

    org_id: int | None = None
    title: str | None = None


class GrafanaAlert(GroupedAlert):
    """One of them."""

    fingerprint: str | None = None
    silence_url: str | None = msgspec.field(default=None, name="silenceURL")
    dashboard_url: str | None = msgspec.field(default=None, name="dashboardURL")
    panel_url: str | None = msgspec.field(default=None, name="panelURL")
    image_url: str | None = msgspec.field(default=None, name="imageURL")
    values: dict[str, float | None] | None = None
    value_string: str | None = None


class EvalMatch(Struct):
    """One series that met a legacy rule's condition."""

    metric: str | None = None
    value: float | None = None
    tags: dict[str, str] | None = None


class LegacyRule(Struct, rename="camel"):
    """What legacy alerting says of a rule."""

    rule_id: int
    state: str
    rule_name: str | None = None
    rule_url: str | None = None
    title: str | None = None
    message: str | None = None
    image_url: str | None = None
    org_id: int | None = None
    eval_matches: list[EvalMatch] | None = None
    tags: dict[str, str] | None = None


class _Shape(Struct, rename="camel"):
    """Tells the two apart."""

    rule_id: msgspec.Raw | UnsetType = UNSET


_shape = msgspec.json.Decoder(_Shape)
_group = msgspec.json.Decoder(GrafanaGroup)
_alert = msgspec.json.Decoder(GrafanaAlert)
_rule = msgspec.json.Decoder(LegacyRule)


class GrafanaFormat(AlertFormat):
    """`POST` or `PUT /hooks/grafana`."""

    slug = "grafana"
    label = "Grafana webhook"
    paths = ("/hooks/grafana", f"/hooks/grafana{KEY_IN_PATH}")
    methods = frozenset({"POST", "PUT"})
    # Whatever is no 2xx waits for the next group_interval; legacy alerting gives it up.
    overload = 503

    def parse(self, received: Received) -> Parsed:
        """The alerts of a group, or what became of a legacy rule."""
        members, many = split_json(received.body)
        try:
            legacy = not many and _shape.decode(members[0]).rule_id is not UNSET
            if legacy:
                return _legacy(_rule.decode(members[0]), members[0], received)
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            message = f"This is no webhook of Grafana's: {error}"
            raise PayloadError(message, [FieldError("", str(error))]) from error
        return read_group(received, _group, lambda group, payload: _event(group, payload, received))

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """200, with what was taken."""
        return answer_group(parsed, receipts)


def _event(group: GrafanaGroup, payload: bytes, received: Received) -> AlertEvent:
    alert = _alert.decode(payload)
    labels, notes = pairs_of(alert)
    status = status_of(alert, group)
    # Grafana's own is told by labels that it does not send, such as the rule's.
    identity = alert.fingerprint or fingerprint(labels)
    fields = fields_of(labels, notes)
    if not fields["summary"] and len(group.alerts) == 1:
        fields["summary"] = (group.title or "")[:1024]
    more = {**group_notes(group), "value_string": alert.value_string or ""}
    tested = (labels.get("alertname"), labels.get("instance")) == ("TestAlert", "Grafana")
    return AlertEvent(
        **fields,
        dedup_key=joined_key(("grafana", _host(group.external_url), _org(group.org_id), identity)),
        status=status,
        source="grafana",
        labels=cut_values(labels, payload),
        annotations=cut_values({**{n: t for n, t in more.items() if t}, **notes}, payload),
        links=web_links(
            (alert.generator_url, "rule"),
            (alert.dashboard_url, "dashboard"),
            (alert.panel_url, "panel"),
            (alert.image_url, "image"),
            (alert.silence_url, "silence in Grafana"),
        ),
        value=_first_number((alert.values or {}).values()),
        starts_at=instant_of(alert.starts_at),
        ends_at=instant_of(alert.ends_at) if status == RESOLVED else None,
        timeout=TEST_LASTS if tested and status == FIRING else None,
        team_id=received.team_id,
        payload=payload,
    )


def _legacy(rule: LegacyRule, payload: bytes, received: Received) -> Parsed:
    """`ok` resolves the rule's alert; without data there is an alert of its own until there is."""
    parts = ("grafana", _host(rule.rule_url), _org(rule.org_id), f"rule {rule.rule_id}")
    alert, missing = joined_key(parts), joined_key((*parts, "no data"))
    said = {
        "alerting": ((alert, FIRING), (missing, RESOLVED)),
        "ok": ((alert, RESOLVED), (missing, RESOLVED)),
        "no_data": ((missing, FIRING),),
    }.get(rule.state)
    if said is None:
        if rule.state in ("paused", "pending", "unknown"):
            return Parsed([], note=f"The rule is {rule.state}: there is nothing to do.")
        raise ValueError(f"state {rule.state[:100]!r} is none of Grafana's")
    fields = _legacy_fields(rule, payload)
    if rule.state == "no_data":
        fields["severity"] = "warning"
    common: Mapping[str, Any] = {"team_id": received.team_id, "payload": payload, **fields}
    events = [AlertEvent(dedup_key=key, status=status, **common) for key, status in said]
    return Parsed(events)


def _host(url: str | None) -> str:
    """Which Grafana it is: every one has an organisation 1, and rules are copied with their ids."""
    try:
        return urlsplit(url or "").netloc
    except ValueError:
        return ""


def _org(number: int | None) -> str:
    return str(number or "")


def _legacy_fields(rule: LegacyRule, payload: bytes) -> dict[str, Any]:
    name = rule.rule_name or rule.title or f"rule {rule.rule_id}"
    tags = {tag: text for tag, text in (rule.tags or {}).items() if text}
    labels = {**tags, "alertname": name}
    if len(labels) > MOST_PAIRS:
        raise ValueError(f"more than {MOST_PAIRS} tags")
    message = rule.message or ""
    matches = rule.eval_matches or []
    tested = name == "Test notification" and message.startswith("Someone is testing")
    return {
        **fields_of(labels, {}),
        "summary": message[:1024] or (rule.title or "")[:1024],
        "description": "\n".join(_words(match) for match in matches[:MOST_MATCHES]),
        "source": "grafana",
        "labels": cut_values(labels, payload),
        "links": web_links((rule.rule_url, "rule"), (rule.image_url, "image")),
        "value": _first_number(match.value for match in matches),
        "timeout": TEST_LASTS if tested else None,
    }


def _words(match: EvalMatch) -> str:
    tags = ", ".join(f"{name}={text}" for name, text in (match.tags or {}).items())
    value = "no value" if match.value is None else f"{match.value:g}"
    return f"{match.metric or 'value'}{{{tags}}}: {value}"[:1000]


def _first_number(values: Iterable[float | None]) -> float | None:
    return next((value for value in values if value is not None and math.isfinite(value)), None)
