"""Calendars are read with their rules and zones, and written so that programs keep them apart."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from icalendar import Calendar

from alerts.change.calendars import MAX_BYTES, import_calendar, import_calendars
from alerts.models import Alert, ImportedShift, Schedule
from alerts.oncall.ical import Entry, match_people, read_calendar, write_calendar
from alerts.oncall.load import load_plan
from alerts.oncall.plan import Shift
from alerts.oncall.shifts import holder_at
from opsportal.accounts.models import User
from opsportal.lib.errors import PayloadError
from tests.alerts.makers import NOW, later
from tests.alerts.paging import make_schedule, person, utc
from tests.alerts.receivers import Reply

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, event in enumerate(events):
        stamp = ["DTSTAMP:20260101T000000Z"]
        if "UID:" not in event:
            stamp.append(f"UID:event-{number}")
        lines += ["BEGIN:VEVENT", *stamp, *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def read(*events: str, start=(2026, 1, 1), end=(2027, 1, 1), zone=BERLIN) -> list[Entry]:
    return read_calendar(calendar(*events), zone, utc(*start), utc(*end))


def test_a_rule_keeps_its_wall_time_over_dst_and_leaves_out_what_it_excepts():
    found = read(
        "SUMMARY:jo\nDTSTART;TZID=Europe/Berlin:20260322T090000\n"
        "DTEND;TZID=Europe/Berlin:20260322T170000\nRRULE:FREQ=WEEKLY;UNTIL=20260419T070000Z\n"
        "EXDATE;TZID=Europe/Berlin:20260405T090000"
    )
    assert [entry.start for entry in found] == [
        utc(2026, 3, 22, 8), utc(2026, 3, 29, 7), utc(2026, 4, 12, 7), utc(2026, 4, 19, 7),
    ]  # fmt: skip
    assert {entry.end - entry.start for entry in found} == {timedelta(hours=8)}


def test_a_moved_occurrence_replaces_its_own_and_a_cancelled_one_is_none():
    series = "UID:a\nSUMMARY:jo\nDTSTART:20260301T090000Z\nDURATION:PT8H\nRRULE:FREQ=DAILY;COUNT=3"
    moved = (
        "UID:a\nSUMMARY:sam\nRECURRENCE-ID:20260302T090000Z\nDTSTART:20260302T120000Z\n"
        "DURATION:PT1H"
    )
    gone = (
        "UID:a\nSUMMARY:jo\nSTATUS:CANCELLED\nRECURRENCE-ID:20260303T090000Z\n"
        "DTSTART:20260303T090000Z"
    )
    found = read(series, moved, gone)
    assert [(entry.start, entry.summary) for entry in found] == [
        (utc(2026, 3, 1, 9), "jo"),
        (utc(2026, 3, 2, 12), "sam"),
    ]


def test_days_and_floating_times_are_the_schedules():
    days, floating = read(
        "SUMMARY:jo\nDTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330",
        "SUMMARY:sam\nDTSTART:20260701T090000\nDTEND:20260701T100000",
    )
    # Two days, of which one has 23 hours.
    assert (days.start, days.end) == (utc(2026, 3, 27, 23), utc(2026, 3, 29, 22))
    assert floating.start == utc(2026, 7, 1, 7)


def test_single_dates_are_added_and_days_end_with_their_last():
    added = read("SUMMARY:jo\nDTSTART:20260301T090000Z\nDURATION:PT1H\nRDATE:20260305T100000Z")
    assert [entry.start for entry in added] == [utc(2026, 3, 1, 9), utc(2026, 3, 5, 10)]
    days = read("SUMMARY:jo\nDTSTART;VALUE=DATE:20260301\nRRULE:FREQ=DAILY;UNTIL=20260303")
    assert len(days) == 3


def test_a_rule_that_never_comes_takes_no_time():
    never = "SUMMARY:jo\nDTSTART:19000101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;"
    assert read(*[f"{never}BYMONTHDAY=30"] * 100) == []


def test_only_what_reaches_into_the_time_is_read():
    rule = "SUMMARY:jo\nDTSTART:19990101T000000Z\nDTEND:19990102T000000Z\nRRULE:FREQ=DAILY"
    found = read(rule, start=(2026, 3, 1, 12), end=(2026, 3, 3))
    assert [entry.start for entry in found] == [utc(2026, 3, 1), utc(2026, 3, 2)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>", "no iCalendar"),
        (b"", "no iCalendar"),
        (calendar("SUMMARY:jo"), "cannot be read"),
        (calendar("DTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY"), "FREQ is"),
        (calendar("DTSTART:20260101T000000Z\nRRULE:FREQ=NEVER"), "cannot be read"),
        (calendar(*["DTSTART:20260101T000000Z"] * 5001), "More than 5000 events"),
        (calendar(*["DTSTART:20260101T000000Z\nDTEND:20260102T000000Z\nRRULE:FREQ=DAILY"] * 20),
         "More than 5000 shifts"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(content, words):
    with pytest.raises(PayloadError, match=words):
        read_calendar(content, BERLIN, utc(2026, 1, 1), utc(2027, 1, 1))


def entry(summary="", *addresses) -> Entry:
    return Entry(NOW, NOW, addresses, summary)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (entry("whatever", "other@example.org", "jo@example.org"), "jo"),
        (entry("sam"), "sam"),
        (entry("SAM (primary)"), "sam"),
        (entry("Payments: Jo Doe"), "jo"),
        (entry("On call - sam"), "sam"),
        (entry("sam", "jo@example.org"), "jo"),
        (entry("holiday"), None),
    ],
)
def test_an_event_names_a_person(found, name):
    people = [
        User(username="jo", email="Jo@Example.org", first_name="Jo", last_name="Doe"),
        User(username="sam"),
    ]
    reading = match_people([found], people)
    assert [user.username for user, _ in reading.shifts] == ([name] if name else [])
    assert reading.unknown == (set() if name else {"holiday"})


def test_shifts_are_written_with_ids_that_stay():
    jo = User(pk=7, username="jo", first_name="Jo", last_name="Doe")
    shift = Shift(7, utc(2026, 3, 1, 9), utc(2026, 3, 2, 9), "weekly")
    texts = [
        write_calendar("Payments, EU", "ops.example.org", 3, [shift], {7: jo}, now)
        for now in (NOW, later(days=1))
    ]
    events = [Calendar.from_ical(text).walk("VEVENT")[0] for text in texts]
    assert events[0]["UID"] == events[1]["UID"] == "oncall-3-7-1772355600@ops.example.org"
    assert str(events[0]["SUMMARY"]) == "Jo Doe (Payments, EU)"
    assert events[0]["DTSTART"].dt == datetime(2026, 3, 1, 9, tzinfo=UTC)


FEED = calendar(
    "SUMMARY:jo\nDTSTART:20260301T000000Z\nDTEND:20260308T000000Z",
    "SUMMARY:nobody here\nDTSTART:20260308T000000Z\nDTEND:20260309T000000Z",
)


@pytest.fixture
def fed(db, hooks) -> Schedule:
    person("jo")
    hooks.reply = lambda request: Reply(200, FEED)
    return make_schedule("fed", ical_url=f"{hooks.url}/secret-token/basic.ics")


def test_a_calendar_is_fetched_and_becomes_shifts(fed):
    assert import_calendars(now=NOW) == 1
    fed.refresh_from_db()
    assert (fed.ical_imported_at, fed.ical_error) == (NOW, "")
    assert fed.ical_note.startswith("Events that name nobody here: 'nobody here'.")
    jo = User.objects.get(username="jo")
    assert holder_at(load_plan(fed, NOW), NOW) == jo.pk
    import_calendars(now=later(minutes=15))
    assert ImportedShift.objects.count() == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404, b"no"), "answered 404"),
        (Reply(302, b"", {"Location": "/"}), "answered 302: give the address it leads to"),
        (Reply(200, b"<html>hello"), "no iCalendar"),
        (Reply(200, b"x" * (MAX_BYTES + 1)), "larger than 2048 KiB"),
    ],
)
def test_a_failed_import_says_why_and_keeps_the_last_good_one(fed, hooks, reply, words):
    import_calendars(now=NOW)
    hooks.reply = lambda request: reply
    assert import_calendars(now=later(minutes=15)) == 0
    fed.refresh_from_db()
    assert words in fed.ical_error
    assert "secret-token" not in fed.ical_error
    assert (fed.ical_imported_at, fed.ical_failing_since) == (NOW, later(minutes=15))
    assert ImportedShift.objects.count() == 1


def test_a_calendar_that_fails_for_a_day_is_an_alert_about_ourselves(fed, hooks):
    good = hooks.reply
    hooks.reply = lambda request: Reply(500, b"")
    import_calendars(now=NOW)
    import_calendars(now=later(hours=23))
    assert not Alert.objects.exists()
    import_calendars(now=later(hours=24))
    alert = Alert.objects.get()
    assert (alert.dedup_key, alert.status) == ("opsportal:calendars-failing", "firing")
    assert "fed for 1d: The calendar's server answered 500" in alert.summary
    hooks.reply = good
    import_calendars(now=later(hours=25))
    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_an_address_changed_meanwhile_is_not_overwritten(fed):
    stale = Schedule.objects.get(pk=fed.pk)
    fed.ical_url = ""
    fed.save()
    assert not import_calendar(stale, now=NOW)
    assert not ImportedShift.objects.exists()


def test_addresses_are_encrypted_at_rest(fed):
    with connection.cursor() as cursor:
        cursor.execute("SELECT ical_url FROM alerts_schedule")
        assert "secret-token" not in cursor.fetchone()[0]
