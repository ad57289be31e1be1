"""Silences in the words of the contract: listed, made, changed, ended.

What may change under the same id, and what makes a new silence of it, is Alertmanager's to say
(prometheus/alertmanager silence/silence.go, canUpdate).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from msgspec import Struct

from alerts.alertmanager.matchers import (
    ApiMatcher,
    check_pattern,
    from_ours,
    in_its_words,
    to_ours,
)
from alerts.change import end_silence, save_silence
from alerts.models import PolicyVersion, Silence
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ForbiddenError, NotFoundError, PayloadError
from opsportal.lib.matchers import Matcher, Matchers
from opsportal.lib.times import format_duration, format_instant

# How long what is over is listed: Alertmanager's `--data.retention`.
RETENTION = timedelta(hours=120)
MOST_SILENCES = 10_000
NO_COMMENT = "(no comment)"
State = Silence.State
_start, _end = attrgetter("starts_at"), attrgetter("ends_at")


class SilenceStatus(Struct):
    """`silenceStatus` of the contract."""

    state: str


class GettableSilence(Struct, rename="camel"):
    """`gettableSilence` of the contract."""

    id: str
    status: SilenceStatus
    updated_at: str
    comment: str
    created_by: str
    starts_at: str
    ends_at: str
    matchers: list[ApiMatcher]
    annotations: dict[str, str]


class WantedSilence(Struct, frozen=True):
    """A posted silence that has its shape; times are aware."""

    id: str
    matchers: list[ApiMatcher]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str


def list_silences(
    filters: Sequence[Matcher], states: Sequence[str], *, now: datetime
) -> list[GettableSilence]:
    """Those of these states with these very matchers; active ones by their end, pending ones by
    their start, expired ones by their end, the latest first.
    """
    long_ago = now - RETENTION
    rows = _rows().filter(Q(ended_at=None) | Q(ended_at__gt=long_ago))
    rows = rows.filter(Q(ends_at=None) | Q(ends_at__gt=long_ago))
    found: dict[str, list[GettableSilence]] = {state: [] for state in State.values}
    for silence in rows.order_by("-id")[:MOST_SILENCES]:
        shown = show_silence(silence, now=now)
        known = {(item.name, item.op, item.value) for item in shown.matchers}
        if shown.status.state in states and all(
            (item.name, item.op, item.value) in known for item in filters
        ):
            found[shown.status.state].append(shown)
    return [
        *sorted(found[State.ACTIVE], key=_end),
        *sorted(found[State.PENDING], key=_start),
        *sorted(found[State.EXPIRED], key=_end, reverse=True),
    ]


def find_silence(silence_id: UUID) -> Silence:
    """That one. Raises NotFoundError."""
    silence: Silence | None = _rows().filter(uuid=silence_id).first()
    if silence is None:
        raise NotFoundError("silence not found")
    return silence


def show_silence(silence: Silence, *, now: datetime) -> GettableSilence:
    """A silence as it stands; of a recurring one the time that is, or comes next."""
    state, (starts_at, ends_at) = silence.state_at(now), _window(silence, now)
    changed: datetime | None = getattr(silence, "changed_at", None)
    return GettableSilence(
        id=str(silence.uuid),
        status=SilenceStatus(state),
        updated_at=_instant(changed or silence.ended_at or silence.created_at),
        comment=silence.comment,
        created_by=silence.author,
        starts_at=_instant(starts_at),
        ends_at=_instant(ends_at),
        matchers=from_ours(silence.match),
        annotations=_annotations(silence),
    )


@transaction.atomic
def put_silence(
    wanted: WantedSilence,
    *,
    team_id: int | None,
    may: Callable[[int | None], bool],
    actor: Actor,
    now: datetime,
) -> UUID:
    """Make it, or change the one of that id; the id of the silence that holds from now on.

    `team_id` is whose a new one is, `may` whether that team's silences may be touched. Raises
    PayloadError in Alertmanager's words where it has words, NotFoundError, ForbiddenError.
    """
    stored = _stored(wanted.id) if wanted.id else None
    if stored is not None:
        team_id = stored.team_id
    if not may(team_id):
        raise ForbiddenError("This key may silence the alerts of its own team only.")
    _check(wanted, now)
    same = stored is not None and wanted.matchers == from_ours(stored.match)
    if stored is not None and stored.recurrence and not stored.over_at(now):
        raise PayloadError("This silence comes again and again; change it in the portal.")
    if stored is not None and same and _may_change(stored, wanted, now):
        silence = stored
    else:
        silence = Silence(team_id=team_id, match=to_ours(wanted.matchers))
        if stored is not None:
            end_silence(stored, actor=actor, now=now)
            silence.match = stored.match if same else silence.match
    if silence is not stored or not stored.window_at(now):
        silence.starts_at = wanted.starts_at
    silence.ends_at = wanted.ends_at
    silence.comment = wanted.comment.strip() or NO_COMMENT
    save_silence(silence, actor=actor, now=now, author=wanted.created_by.strip())
    return silence.uuid


def _rows() -> QuerySet[Any]:
    versions = PolicyVersion.objects.filter(kind="silence", object_id=OuterRef("pk"))
    changed_at = Subquery(versions.order_by("-number").values("at")[:1])
    return Silence.objects.select_related("team").annotate(changed_at=changed_at)


def _stored(text: str) -> Silence:
    try:
        silence_id = UUID(text)
    except ValueError:
        raise NotFoundError("silence not found") from None
    rows = Silence.objects.select_for_update(of=("self",))
    silence = rows.filter(uuid=silence_id).first()
    if silence is None:
        raise NotFoundError("silence not found")
    return silence


def _may_change(stored: Silence, wanted: WantedSilence, now: datetime) -> bool:
    """Whether that leaves what it has silenced so far as it was."""
    if stored.over_at(now):
        return False
    if stored.starts_at <= now:
        return int(stored.starts_at.timestamp()) == int(wanted.starts_at.timestamp())
    return wanted.starts_at >= now


def _check(wanted: WantedSilence, now: datetime) -> None:
    if wanted.starts_at >= wanted.ends_at:
        raise PayloadError("Failed to create silence: start time must be before end time")
    if wanted.ends_at < now:
        raise PayloadError("Failed to create silence: end time can't be in the past")
    for number, item in enumerate(wanted.matchers):
        where = f"silence invalid: invalid label matcher {number}"
        if not item.name:
            raise PayloadError(f'{where}: invalid label name ""')
        said = f'{where}: invalid regular expression "{item.value}": '
        check_pattern(Matcher(item.name, item.op, item.value), said)
    made = tuple(Matcher(item.name, item.op, item.value) for item in wanted.matchers)
    if Matchers(made).matches({}):
        raise PayloadError("silence invalid: at least one matcher must not match the empty string")


def _window(silence: Silence, now: datetime) -> tuple[datetime, datetime]:
    if silence.ended_at is not None:
        return min(silence.starts_at, silence.ended_at), silence.ended_at
    times = silence.times
    if times is not None and not silence.over_at(now) and (found := times.next_windows(now, 1)):
        return found[0]
    return silence.starts_at, silence.ends_at or silence.starts_at


def _annotations(silence: Silence) -> dict[str, str]:
    """What the contract has no words for."""
    found = {}
    if silence.recurrence and silence.duration is not None:
        lasts = format_duration(silence.duration)
        found["recurrence"] = f"{silence.recurrence} for {lasts}, {silence.zone}"
    if not in_its_words(silence.match):
        found["match"] = silence.match
    if silence.team is not None:
        found["team"] = silence.team.name
    return found


def _instant(instant: datetime) -> str:
    return f"{format_instant(instant)[:23]}Z"
