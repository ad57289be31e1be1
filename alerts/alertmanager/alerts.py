"""`GET /alerts` and `GET /alerts/groups`: the open alerts, whatever way they came in."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from msgspec import Raw, Struct, field
from msgspec.json import Decoder, Encoder

from alerts.alertmanager.matchers import sent_name
from alerts.alertmanager.rows import OpenAlert, open_alerts
from alerts.alertmanager.standing import ALONE, Labels, Standing, Standings
from alerts.formats.alertmanager import GENERATOR, RESOLVE_TIMEOUT
from alerts.normalise import alert_url
from opsportal.lib.matchers import Matchers
from opsportal.lib.times import format_instant

_encode = Encoder().encode
_texts = Decoder(dict[str, str])
_fingerprint = attrgetter("fingerprint")
# Of what came without annotations of Alertmanager's kind.
_FIELDS = ("summary", "description", "runbook_url")


class _Link(Struct):
    href: str
    text: str = ""


_links = Decoder(list[_Link])


EVERYTHING = Matchers()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are asked for; see the contract's parameters."""

    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    muted: bool = True
    filter: Matchers = EVERYTHING
    # Whether a receiver of that name is meant.
    receiver: Callable[[str], bool] | None = None

    def takes(self, standing: Standing) -> bool:
        """Whether an alert that stands so is among them."""
        if not self.active and not standing.suppressed:
            return False
        # What a rule or a snooze holds back is to them silenced, too.
        if not self.silenced and (standing.silenced_by or standing.muted_by):
            return False
        if not self.inhibited and standing.inhibited_by:
            return False
        wanted = self.receiver
        return wanted is None or any(wanted(name) for name, _ in standing.receivers)


class GettableAlert(Struct, rename="camel", omit_defaults=True):
    """`gettableAlert` of the contract."""

    annotations: Raw
    ends_at: str
    fingerprint: str
    receivers: Raw
    starts_at: str
    status: Raw
    updated_at: str
    labels: Raw
    generator_url: str = field(default="", name="generatorURL")


class AlertGroup(Struct, rename="camel"):
    """`alertGroup` of the contract."""

    labels: Mapping[str, str]
    route_labels: Mapping[str, str]
    receiver: Mapping[str, str]
    alerts: list[GettableAlert]


def list_alerts(wanted: Wanted, *, now: datetime) -> list[GettableAlert]:
    """Those asked for, by fingerprint."""
    return sorted((shown for shown, _, _ in _find(wanted, now)), key=_fingerprint)


def list_groups(wanted: Wanted, *, now: datetime) -> list[AlertGroup]:
    """Those asked for, in the groups in which they are told: by labels, then by receiver."""
    groups: dict[tuple[str, Labels], list[GettableAlert]] = defaultdict(list)
    loud: set[tuple[str, Labels]] = set()
    for shown, alert, standing in _find(wanted, now):
        for receiver, labels in standing.receivers:
            if wanted.receiver is not None and not wanted.receiver(receiver):
                continue
            own = alert.shown_labels().items() if labels is ALONE else labels
            named = {sent_name(name): value for name, value in own if value}
            key = receiver, tuple(sorted(named.items()))
            groups[key].append(shown)
            if not standing.muted_by:
                loud.add(key)
    return [
        AlertGroup(dict(labels), {}, {"name": receiver}, sorted(found, key=_fingerprint))
        for (receiver, labels), found in sorted(groups.items(), key=_group_order)
        if wanted.muted or (receiver, labels) in loud
    ]


def _group_order(item: tuple[tuple[str, Labels], object]) -> tuple[int, Labels, str]:
    (receiver, labels), _ = item
    return len(labels), labels, receiver


def _find(wanted: Wanted, now: datetime) -> Iterator[tuple[GettableAlert, OpenAlert, Standing]]:
    alerts = list(open_alerts(now))
    standings = Standings(alerts, now)
    matches = wanted.filter.matches if wanted.filter.items else None
    # As if it had just been said again, by a sender that says no end.
    later = format_instant(now + RESOLVE_TIMEOUT)[:23] + "Z"
    for alert in alerts:
        if matches is not None and not matches(alert.shown_labels()):
            continue
        standing = standings.of(alert)
        if not wanted.takes(standing):
            continue
        shown = GettableAlert(
            annotations=_annotations_of(alert),
            ends_at=alert.expires_at or later,
            fingerprint=alert.fingerprint,
            receivers=standing.receivers_json,
            starts_at=alert.starts_at,
            status=standing.status_json,
            updated_at=alert.updated_at,
            labels=_labels_of(alert),
            generator_url=_generator(alert),
        )
        yield shown, alert, standing


def _labels_of(alert: OpenAlert) -> Raw:
    return Raw(alert.labels_text if alert.sent_labels else _encode(alert.shown_labels()))


def _annotations_of(alert: OpenAlert) -> Raw:
    """As they were sent; what came in another way has its fields among them."""
    if alert.sent_labels:
        return Raw(alert.annotations_text)
    fields = {name: text for name in _FIELDS if (text := getattr(alert, name))}
    return Raw(_encode(fields | _texts.decode(alert.annotations_text)))


def _generator(alert: OpenAlert) -> str:
    """Where it was made; of what came in another way, its page here."""
    if not alert.sent_labels:
        return alert_url(alert.pk)
    if GENERATOR not in alert.links_text:
        return ""
    links = _links.decode(alert.links_text)
    return next((link.href for link in links if link.text == GENERATOR), "")
