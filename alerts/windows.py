"""Change windows: a change under way holds back the alerts in its scope, if its key may do that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.conf import settings
from django.db import transaction

from alerts.change.matching import complaint_of_match
from alerts.change.record import keep_version
from alerts.models import ChangeWindow, PolicyVersion
from alerts.policy.load import WINDOW
from alerts.policy.windows import window_policy
from chronos.models import ChangeEvent
from chronos.normalise import CANCELLED, FAILED, Change, ChangeReceipt
from chronos.record import UPDATED
from opsportal.accounts.actors import PORTAL, Actor
from opsportal.accounts.audit import record_audit
from opsportal.accounts.keys import confirm_key
from opsportal.accounts.models import ApiKey, Team

# What a key needs beside `events:write`.
SCOPE = "silences:write"
LONGEST_MATCH = 1000
# Where a change's data says that its scope was dropped.
NOTE = "scope_note"
# Of one commit: each is a version of the policy.
MOST_AT_ONCE = 100
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Asking:
    """A report of a change that may hold back alerts, and who asked for that."""

    change: Change
    author: str
    team: Team | None


class Scopes:
    """The scopes of the changes that are recorded in one commit."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._granted: dict[int, bool] = {}
        # By the place of the change among those recorded.
        self._asking: dict[int, Asking] = {}
        self._notes: dict[int, str] = {}

    def ask(self, place: int, change: Change, key: ApiKey, team: Team | None) -> Change:
        """The change; without its scope, and saying so, where it may hold back nothing."""
        complaint = self._complaint(change.scope, key)
        if not complaint:
            self._asking[place] = Asking(change, f"key {key.name}", team)
            return change
        self._notes[place] = note = f"scope was dropped: {complaint}"
        return msgspec.structs.replace(change, scope="", data={**change.data, NOTE: note})

    def follow(self, receipts: list[ChangeReceipt]) -> list[ChangeReceipt]:
        """Once they are recorded: open and end the windows; the receipts say what was dropped."""
        asking = {receipts[place].event_id: asked for place, asked in self._asking.items()}
        updated = [found.event_id for found in receipts if found.outcome == UPDATED]
        follow_changes(asking, updated, now=self._now)
        for place, note in self._notes.items():
            receipts[place] = msgspec.structs.replace(receipts[place], note=note)
        return receipts

    def _complaint(self, match: str, key: ApiKey) -> str:
        """Why what was reported may hold back nothing; empty: it may."""
        if key.pk not in self._granted:
            # The key in hand may be one of a minute ago.
            self._granted[key.pk] = SCOPE in confirm_key(key, self._now).scopes
        if not self._granted[key.pk]:
            return f"to hold back alerts the key needs {SCOPE} as well"
        if len(match) > LONGEST_MATCH or "\0" in match:
            return f"at most {LONGEST_MATCH} characters, and no NUL"
        if len(self._asking) >= MOST_AT_ONCE:
            return f"at most {MOST_AT_ONCE} at a time"
        wrong = complaint_of_match(match, "scope", narrow=True)
        return wrong[0].message if wrong else ""


def follow_changes(asking: Mapping[int, Asking], updated: Iterable[int], *, now: datetime) -> None:
    """Open the windows that changes ask for, and let those that are open follow their changes.

    `asking` and `updated` have ids of changes, of reports that were just stored.
    """
    ids = {*asking, *updated}
    if not ids:
        return
    rows = ChangeWindow.objects.select_for_update(of=("self",)).select_related("team")
    found = {window.event_id: window for window in rows.filter(event_id__in=ids)}
    known = {window.event_id: _decides(window) for window in found.values()}
    events = ChangeEvent.objects.in_bulk([pk for pk in ids if pk in asking or pk in known])
    new: list[ChangeWindow] = []
    for pk, event in events.items():
        window = found.get(pk)
        asked = asking.get(pk)
        if window is None:
            if asked is None or event.ended_at is not None:
                continue
            window = ChangeWindow(event_id=pk, author=asked.author[:200], team=asked.team)
            new.append(window)
        elif window.closed:
            continue
        _follow(window, event, asked, now)
    for window in found.values():
        if _decides(window) != known[window.event_id]:
            window.save()
            keep_version(window, window_policy(window), actor=PORTAL, now=now)
    _store_new(new, now)


def end_window(window: ChangeWindow, *, actor: Actor, now: datetime) -> bool:
    """Hold back nothing any more, whatever becomes of the change; False: it was over."""
    with transaction.atomic():
        rows = ChangeWindow.objects.select_for_update(of=("self",)).select_related("team")
        stored = rows.get(pk=window.pk)
        if stored.closed and stored.ends_at <= now:
            return False
        before = window_policy(stored)
        stored.closed, stored.ends_at = True, min(stored.ends_at, now)
        stored.save()
        keep_version(stored, window_policy(stored), actor=actor, now=now)
        record_audit(actor, "end", stored, before=before, after=window_policy(stored), now=now)
    return True


def sweep_windows(*, now: datetime) -> None:
    """Those whose changes ended by another way than a report to the gateway end with them."""
    rows = ChangeWindow.objects.filter(closed=False, ends_at__gt=now)
    ids = list(rows.order_by("pk").values_list("event_id", flat=True)[:_BATCH])
    if not ids:
        return
    over = ChangeEvent.objects.filter(pk__in=ids, ended_at__isnull=False)
    if ended := list(over.order_by().values_list("pk", flat=True)):
        with transaction.atomic():
            follow_changes({}, ended, now=now)


def _decides(window: ChangeWindow) -> tuple[object, ...]:
    return window.match, window.starts_at, window.ends_at, window.closed, window.expected_end_at


def _follow(window: ChangeWindow, event: ChangeEvent, asked: Asking | None, now: datetime) -> None:
    """What is known of the change now. Only who may hold back can move it, until it has begun."""
    if asked is not None and window.team == asked.team:
        started = event.started_at
        begun = not window._state.adding and window.starts_at <= now
        window.starts_at = min(window.starts_at, started) if begun else started
        window.match = asked.change.scope
        window.expected_end_at = asked.change.expected_end_at or window.expected_end_at
        window.severity_up_to = settings.CHANGE_WINDOW_UP_TO
    window.title = event.title
    ends = [window.starts_at + settings.CHANGE_WINDOW_MOST]
    if window.expected_end_at is not None:
        ends.append(window.expected_end_at + settings.CHANGE_WINDOW_GRACE)
    if event.ended_at is not None:
        window.closed = True
        # What went wrong needs somebody at once.
        wrong = event.status in (FAILED, CANCELLED)
        ends.append(min(event.ended_at, now) if wrong else _settled(event.ended_at))
    window.ends_at = max(min(ends), window.starts_at)


def _settled(ended_at: datetime) -> datetime:
    return ended_at + settings.CHANGE_WINDOW_GRACE


def _store_new(windows: Sequence[ChangeWindow], now: datetime) -> None:
    made = ChangeWindow.objects.bulk_create(windows)
    PolicyVersion.objects.bulk_create(
        PolicyVersion(
            kind=WINDOW,
            object_id=window.pk,
            number=1,
            state=window_policy(window),
            at=now,
            actor=window.author,
        )
        for window in made
    )
