"""Silences at work: what they would hold back, the notice before they end, ends by themselves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet

from alerts.change.personal import personal_channel
from alerts.change.silences import close_silence, end_silence, save_silence
from alerts.labels import MATCH_FIELDS, QUERY_FIELDS, alert_labels
from alerts.models import Alert, Notification, Silence, Transition
from alerts.normalise import AlertEvent, Link
from alerts.receive import receive_alerts
from opsportal.accounts.actors import PORTAL, Actor
from opsportal.lib.errors import ConflictError
from opsportal.lib.jobs import nudge
from opsportal.lib.matchers import filter_queryset, parse_matchers
from opsportal.lib.times import format_duration
from opsportal.lib.windows import Window, zone_of

# Counts go no further: more is "more than".
MOST_COUNTED = 1000
SAMPLES = 5
LOOK_BACK = timedelta(days=7)
# Among how many of the newest episodes the last days' are looked for.
MOST_SCANNED = 200_000
# Open alerts that a list of silences is held against.
MOST_HELD_AGAINST = 2000
NOTICE = timedelta(minutes=15)
# Whoever makes a shorter one knows when it ends.
SHORTEST_NOTICED = timedelta(hours=1)
UNMATCHED_FOR = timedelta(minutes=5)
_NOTED_EVERY = timedelta(seconds=30)
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Hits:
    """Alerts that match: how many, up to a bound, and the newest of them."""

    count: int
    more: bool
    samples: Sequence[Alert]
    names: Sequence[tuple[str, int]]

    @property
    def text(self) -> str:
        """The number in words."""
        return f"more than {self.count:,}" if self.more else f"{self.count:,}"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a silence would hold back."""

    now: Hits
    last_week: Hits
    windows: Sequence[Window]
    zone: str

    @property
    def wall_times(self) -> list[Window]:
        """The windows as a clock on the wall of the zone shows them."""
        zone = zone_of(self.zone)
        return [
            (start.astimezone(zone).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None))
            for start, end in self.windows
        ]


def preview_silence(silence: Silence, *, now: datetime) -> Preview:
    """What it matches now, what it matched of late at any time of day, and when it will be.

    Its text must have been found readable before; it need not be stored.
    """
    newest = Alert.objects.aggregate(newest=Max("pk"))["newest"] or 0
    recent = Alert.objects.filter(received_at__gte=now - LOOK_BACK, pk__gt=newest - MOST_SCANNED)
    windows: list[Window] = []
    if silence.times is not None:
        windows = silence.times.next_windows(now)
    elif silence.ends_at is not None:
        windows = [(silence.starts_at, silence.ends_at)]
    return Preview(
        _hits(_matched(silence, open_alerts())),
        _hits(_matched(silence, recent)),
        windows,
        silence.zone if silence.recurrence else "UTC",
    )


def open_alerts() -> QuerySet[Alert]:
    """Those that fire."""
    return Alert.objects.filter(resolved_at=None)


def count_held(silences: Sequence[Silence]) -> dict[int, str]:
    """Silence id -> how many open alerts it matches, as text; one query for all of them."""
    columns = [name for name in MATCH_FIELDS.values() if name != "team__name"]
    rows = open_alerts().select_related("team").only(*columns, "labels", "team__name")
    alerts = list(rows.order_by("-id")[: MOST_HELD_AGAINST + 1])
    more = "+" if len(alerts) > MOST_HELD_AGAINST else ""
    seen = [(alert.team_id, alert_labels(alert)) for alert in alerts]
    counts = {}
    for silence in silences:
        matchers = parse_matchers(silence.match)
        teams = (None, silence.team_id)
        found = sum(
            1
            for team, labels in seen
            if (silence.team_id is None or team in teams) and matchers.matches(labels)
        )
        counts[silence.pk] = f"{found:,}{more}"
    return counts


def extend_silence(silence: Silence, by: timedelta, *, actor: Actor, now: datetime) -> None:
    """Let it end so much later. Raises ConflictError, PayloadError."""
    if silence.over_at(now):
        raise ConflictError("This silence is over; make a new one.")
    if silence.ends_at is None:
        raise ConflictError("This silence has no end that could be put off.")
    silence.ends_at += by
    save_silence(silence, actor=actor, now=now)


def sweep_silences(*, now: datetime) -> None:
    """Close those whose time has run out, give notice of those about to, end the unmatched."""
    rest = Silence.objects.filter(ended_at=None).order_by("pk")
    for silence in rest.filter(ends_at__lte=now)[:_BATCH]:
        close_silence(silence, now=now)
    begun = rest.filter(starts_at__lte=now).exclude(ends_at__lte=now)
    for silence in begun.filter(noticed_at=None, ends_at__lte=now + NOTICE)[:_BATCH]:
        _give_notice(silence.pk, now)
    for silence in begun.filter(end_when_unmatched=True)[:_BATCH]:
        _end_if_unmatched(silence.pk, now)


def _matched(silence: Silence, alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    if silence.team_id is not None:
        alerts = alerts.filter(Q(team=None) | Q(team=silence.team_id))
    return filter_queryset(alerts, parse_matchers(silence.match), QUERY_FIELDS)


def _hits(alerts: QuerySet[Alert]) -> Hits:
    newest = alerts.order_by("-id")
    names = list(newest.values_list("name", flat=True)[: MOST_COUNTED + 1])
    samples = list(newest.select_related("team")[:SAMPLES]) if names else []
    more = len(names) > MOST_COUNTED
    counted = Counter(names[:MOST_COUNTED])
    return Hits(min(len(names), MOST_COUNTED), more, samples, counted.most_common(SAMPLES))


@transaction.atomic
def _give_notice(silence_id: int, now: datetime) -> None:
    """Tell its author once that it ends soon, if it holds something back.

    It is told as an alert about ourselves that lasts until the silence ends: one that everybody
    can see, that rules may send elsewhere, and whose message has the retries of all others.
    """
    rows = Silence.objects.select_for_update(of=("self",)).select_related("user", "team")
    silence = rows.filter(pk=silence_id, noticed_at=None, ended_at=None).first()
    if silence is None or silence.ends_at is None:
        return
    silence.noticed_at = now
    silence.save(update_fields=["noticed_at"])
    if silence.ends_at - silence.starts_at < SHORTEST_NOTICED:
        return
    hits = _hits(_matched(silence, open_alerts()))
    if not hits.count:
        return
    [receipt] = receive_alerts([_ending(silence, hits, now)], now=now)
    user = silence.user
    channel = personal_channel(user, now=now) if user is not None else None
    opened = Transition.objects.filter(alert=receipt.alert_id).order_by("-pk").first()
    if channel is None or opened is None:
        return
    Notification.objects.bulk_create(
        [
            Notification(
                alert_id=opened.alert_id,
                transition=opened,
                channel=channel,
                about="info",
                created_at=now,
                due_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    nudge("alerts.notifications")


def _ending(silence: Silence, hits: Hits, now: datetime) -> AlertEvent:
    left = format_duration((silence.ends_at or now) - now)
    alerts = "alert" if hits.count == 1 else "alerts"
    page = f"{settings.PUBLIC_URL}/admin/alerts/silence/{silence.pk}/change/"
    return AlertEvent(
        name="SilenceEnding",
        # Of this end: an extended silence gives notice again.
        dedup_key=f"silence:{silence.uuid}:{silence.version}",
        severity="info",
        summary=f"{silence.name} ends in {left} and holds back {hits.text} {alerts}"[:1024],
        description=(
            f"{silence.match}\n{silence.comment}\n"
            "What still fires then is told. Extend the silence if that is too early."
        ),
        source="opsportal",
        links=(Link(page, "The silence"),),
        ends_at=silence.ends_at,
        team_id=silence.team_id,
    )


@transaction.atomic
def _end_if_unmatched(silence_id: int, now: datetime) -> None:
    """It has done what it was for once something matched and nothing does any more."""
    rows = Silence.objects.select_for_update(of=("self",)).select_related("team")
    silence = rows.filter(pk=silence_id, ended_at=None).first()
    if silence is None:
        return
    seen = silence.matched_at
    if _matched(silence, open_alerts()).exists():
        if seen is None or now - seen >= _NOTED_EVERY:
            silence.matched_at = now
            silence.save(update_fields=["matched_at"])
    elif seen is not None and now - seen >= UNMATCHED_FOR:
        end_silence(silence, actor=PORTAL, now=now)
