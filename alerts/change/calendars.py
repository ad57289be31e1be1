"""Calendars from elsewhere become shifts of a schedule; the last good import stays."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from alerts.models import ImportedShift, Schedule
from alerts.oncall.ical import Reading, match_people, read_calendar
from alerts.ourselves import report_invariant
from opsportal.accounts.models import User
from opsportal.lib.errors import CollectError, OpsError
from opsportal.lib.http import send_request
from opsportal.lib.times import format_duration
from opsportal.lib.windows import zone_of

log = logging.getLogger(__name__)

MAX_BYTES = 2 * 1024 * 1024
TIMEOUT = 10.0
BEFORE, AHEAD = timedelta(days=35), timedelta(days=400)
# A calendar that failed for so long is an alert about ourselves.
ALERT_AFTER = timedelta(days=1)
_MOST_NAMED = 5


def import_calendars(*, now: datetime) -> int:
    """Fetch the calendar of every schedule that has one; how many were imported."""
    fed = [found for found in Schedule.objects.order_by("pk") if found.ical_url]
    good = sum(import_calendar(schedule, now=now) for schedule in fed)
    _report(now)
    return good


def import_calendar(schedule: Schedule, *, now: datetime) -> bool:
    """Fetch the schedule's calendar and replace its imported shifts; False when that failed.

    What is wrong is kept on the schedule, with the shifts of the last good import.
    """
    url = str(schedule.ical_url)
    try:
        content = _fetch(url)
        zone = zone_of(schedule.zone)
        entries = read_calendar(content, zone, now - BEFORE, now + AHEAD)
    except OpsError as error:
        _failed(schedule, error.message, now)
        return False
    people = list(User.objects.filter(is_active=True).order_by("pk"))
    return _store(schedule, url, match_people(entries, people), now)


def _fetch(url: str) -> bytes:
    headers = {"Accept": "text/calendar, */*;q=0.1"}
    answer = send_request("GET", url, headers=headers, timeout=TIMEOUT, max_bytes=MAX_BYTES)
    if answer.status != 200:
        hint = ": give the address it leads to" if 300 <= answer.status < 400 else ""
        raise CollectError(f"The calendar's server answered {answer.status}{hint}.")
    if answer.truncated:
        raise CollectError(f"The calendar is larger than {MAX_BYTES // 1024} KiB.")
    return answer.body


def _failed(schedule: Schedule, message: str, now: datetime) -> None:
    log.warning("calendar not imported: %s", message, extra={"schedule": schedule.pk})
    schedule.ical_tried_at, schedule.ical_error = now, message[:2000]
    schedule.ical_failing_since = schedule.ical_failing_since or now
    schedule.save(update_fields=["ical_tried_at", "ical_error", "ical_failing_since"])


def _store(schedule: Schedule, url: str, reading: Reading, now: datetime) -> bool:
    with transaction.atomic():
        stored = Schedule.objects.select_for_update(of=("self",)).filter(pk=schedule.pk).first()
        if stored is None or stored.ical_url != url:
            return False  # changed while it was fetched
        schedule.imported.all().delete()
        ImportedShift.objects.bulk_create(
            ImportedShift(
                schedule=schedule,
                user=user,
                starts_at=entry.start,
                ends_at=entry.end,
                summary=entry.summary,
            )
            for user, entry in reading.shifts
        )
        schedule.ical_tried_at = schedule.ical_imported_at = now
        schedule.ical_failing_since, schedule.ical_error = None, ""
        schedule.ical_note = _note(reading)
        schedule.save(
            update_fields=[
                "ical_tried_at",
                "ical_imported_at",
                "ical_failing_since",
                "ical_error",
                "ical_note",
            ]
        )
    return True


def _note(reading: Reading) -> str:
    if not reading.unknown:
        return ""
    names = sorted(reading.unknown)
    shown = ", ".join(repr(name[:80]) for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (
        f"Events that name nobody here: {shown}{more}. An attendee's e-mail address, or a title "
        "with a username or full name, says whose a shift is."
    )


def _report(now: datetime) -> None:
    """One alert for all of them, which says which."""
    failing = Schedule.objects.filter(ical_failing_since__lte=now - ALERT_AFTER).order_by("pk")
    said = [
        f"{found.name} for {format_duration(now - found.ical_failing_since)}: {found.ical_error}"
        for found in failing
        if found.ical_failing_since
    ]
    complaint = f"Calendars of schedules cannot be imported: {'; '.join(said)}" if said else ""
    report_invariant("calendars-failing", "CalendarsFailing", complaint, now=now)
