"""The open alerts as one lean query gives them: no instances, JSON and instants as text."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Func, TextField, When
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler
from msgspec import Struct
from msgspec.json import Decoder

from alerts.formats.fingerprints import fingerprint
from alerts.labels import overlay_labels, shown_labels
from alerts.models import Alert
from alerts.normalise import ALERTMANAGER_KEY

# The newest; more than that nobody could look at, and the contract knows no pages.
MOST_ALERTS = 50_000
_labels = Decoder(dict[str, str])


class OpenAlert(Struct, gc=False):
    """An open alert; instants are RFC 3339 with milliseconds."""

    pk: int
    dedup_key: str
    name: str
    status: str
    severity: str
    summary: str
    description: str
    source: str
    service: str
    resource: str
    environment: str
    region: str
    value: float | None
    runbook_url: str
    suppressed: str
    team_name: str | None
    labels_text: str
    annotations_text: str
    links_text: str
    starts_at: str
    updated_at: str
    # None: it lasts until somebody resolves it.
    expires_at: str | None
    # None: it is not snoozed now.
    snoozed_until: str | None
    labels: dict[str, str] = {}

    @property
    def sent_labels(self) -> bool:
        """Whether it came with labels of Alertmanager's kind, which are shown as they were sent."""
        return self.dedup_key.startswith(ALERTMANAGER_KEY) or "alertname" in self.labels

    def matched_labels(self) -> dict[str, str]:
        """What matchers see."""
        return overlay_labels(self, self.team_name or "")

    def shown_labels(self) -> dict[str, str]:
        """What it is known by here; an empty label is none."""
        shown = shown_labels(self, self.team_name or "")
        if "" in shown.values():
            return {name: value for name, value in shown.items() if value}
        return shown

    @property
    def fingerprint(self) -> str:
        """Alertmanager's identity of it."""
        if self.dedup_key.startswith(ALERTMANAGER_KEY):
            return self.dedup_key.removeprefix(ALERTMANAGER_KEY)
        return fingerprint(self.shown_labels())


class _Instant(Func):
    """An instant as text: RFC 3339 with milliseconds, in UTC."""

    output_field = CharField()

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, Any]:
        """Of what Django stores: no fraction of a second where there is none."""
        column, params = compiler.compile(self.source_expressions[0])
        fraction = f"CASE length({column}) WHEN 19 THEN '.000' ELSE '' END"
        text = f"substr(replace({column}, ' ', 'T') || {fraction}, 1, 23) || 'Z'"
        return text, (*params, *params)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, Any]:
        """By its own formatting."""
        column, params = compiler.compile(self.source_expressions[0])
        pattern = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
        return f"to_char({column} AT TIME ZONE 'UTC', '{pattern}')", params


_COLUMNS = OpenAlert.__struct_fields__[1:15]


def open_alerts(now: datetime) -> Iterator[OpenAlert]:
    """All of them, the newest first."""
    rows = Alert.objects.filter(resolved_at=None).order_by("-id")
    for row in rows.values_list(
        "pk",
        *_COLUMNS,
        "team__name",
        *(Cast(name, TextField()) for name in ("labels", "annotations", "links")),
        *(_Instant(name) for name in ("starts_at", "last_received_at", "expires_at")),
        Case(When(snoozed_until__gt=now, then=_Instant("snoozed_until")), default=None),
    )[:MOST_ALERTS]:
        alert = OpenAlert(*row)
        alert.labels = _labels.decode(alert.labels_text)
        yield alert
