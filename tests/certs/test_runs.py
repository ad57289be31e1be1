"""Runs that are overtaken, killed, endless or hostile store nothing wrong; and what one costs."""

import logging
import os
import signal
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from certs.change import delete_source
from certs.discover import run_source
from certs.discover.run import LONGEST
from certs.models import Certificate, Finding, Placement, Source, SourceRun, SourceTrouble
from certs.normalise import FoundCertificate, FoundTrouble
from certs.prune import prune_runs, prune_troubles
from certs.sources import SourceError
from certs.tasks import SourceRunOutbox
from certs.tell import tell_findings
from certs.watch import OVERDUE, judge_sources
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.lib.outbox import claim_due
from tests.certs.pki import NOW, intermediate, later, new_key
from tests.certs.shelf import Shelf, claim, run, shelf

__all__ = ["shelf"]
pytestmark = pytest.mark.django_db(transaction=True)
LEAF = intermediate().issue("a.test", key=new_key()).parsed
PAST_LEASE = SourceRunOutbox.lease + timedelta(minutes=1)


def places(number: int, start: int = 0) -> list[FoundCertificate]:
    return [FoundCertificate(LEAF, f"place {index:06}") for index in range(start, start + number)]


def test_a_run_that_outlives_its_lease_stores_nothing_more(shelf):
    first = claim()

    def overtake() -> None:
        (second,) = claim_due(SourceRunOutbox(), NOW + PAST_LEASE, 1)
        Shelf.things = [*places(3)]
        run_source(second, clock=lambda: NOW + PAST_LEASE)
        assert second.state == "done"

    Shelf.things = [*places(2), overtake, *places(5, start=10)]
    run_source(first, clock=lambda: NOW)
    assert Placement.objects.count() == 3
    done = SourceRun.objects.get()
    assert (done.attempts, done.found, done.outcome) == (2, 3, "complete")


def test_of_two_workers_one_has_the_run(shelf):
    claim()
    assert claim_due(SourceRunOutbox(), NOW, 10) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="forks with an open connection")
def test_a_killed_run_starts_again_and_ends_well(shelf):
    row = claim()
    connection.close()
    child = os.fork()
    if child == 0:
        Shelf.things = [*places(600), lambda: os.kill(os.getpid(), signal.SIGKILL)]
        run_source(row, clock=lambda: NOW)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    # What it had committed is there, and nothing is said to be gone.
    assert Placement.objects.filter(gone_at=None).count() == 500
    Shelf.things = places(600)
    (again,) = claim_due(SourceRunOutbox(), NOW + PAST_LEASE, 1)
    run_source(again, clock=lambda: NOW + PAST_LEASE)
    assert Placement.objects.filter(gone_at=None).count() == 600
    assert SourceRun.objects.get().outcome == "complete"


def test_a_run_that_never_ends_is_ended(shelf):
    times = iter([NOW, *[NOW] * 3, *[NOW + LONGEST + timedelta(seconds=1)] * 99])
    Shelf.things = places(50)
    row = claim()
    run_source(row, clock=lambda: next(times))
    row = SourceRun.objects.get()
    assert row.outcome == "partial"
    assert "within 0:25:00" in row.message
    assert Placement.objects.count() == row.found == 4
    assert Shelf.closed


def test_a_source_that_is_disabled_or_deleted_meanwhile_stores_nothing_more(shelf):
    row = claim()
    Shelf.things = [*places(500), lambda: Source.objects.update(enabled=False), *places(5, 600)]
    run_source(row, clock=lambda: NOW)
    assert Placement.objects.count() == 500
    Source.objects.update(enabled=True)
    (row,) = claim_due(SourceRunOutbox(), NOW + PAST_LEASE, 1)
    row.source.refresh_from_db()

    def delete() -> None:
        delete_source(row.source, actor=COMMAND_LINE, now=later(hours=1))

    Shelf.things = [delete, *places(500)]
    run_source(row, clock=lambda: NOW + PAST_LEASE)
    assert (Source.objects.count(), Placement.objects.count()) == (0, 0)
    assert Certificate.objects.get().use == "known"


def test_a_source_that_is_deleted_takes_its_alert_along(shelf):
    Shelf.things = [SourceError("no")]
    for hour in range(3):
        run(later(hours=hour))
    assert judge_sources(now=later(hours=3))
    assert tell_findings(now=later(hours=3)) == 1
    alert = Alert.objects.get(resolved_at=None)
    delete_source(shelf, actor=COMMAND_LINE, now=later(hours=4))
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_a_disabled_source_keeps_its_places(shelf):
    Shelf.things = places(3)
    run()
    Source.objects.update(enabled=False)
    judge_sources(now=later(days=9))
    assert Placement.objects.filter(gone_at=None).count() == 3
    assert not Finding.objects.exists()


def test_what_a_source_raises_tells_no_secret(shelf, caplog):
    Source.objects.update(secret={"token": "s3cr3t-token"})
    Shelf.things = [RuntimeError("cannot send Bearer s3cr3t-token\0")]
    with caplog.at_level(logging.DEBUG):
        done = run()
    assert done.outcome == "failed"
    assert done.message == "RuntimeError: cannot send Bearer ***\ufffd"
    assert "s3cr3t" not in caplog.text
    Shelf.things = [
        FoundTrouble("default/", "403: s3cr3t-token may not list"),
        SourceError("401 for s3cr3t-token"),
    ]
    assert run(later(hours=1)).message == "401 for ***"
    assert SourceTrouble.objects.get().message == "403: *** may not list"


def test_hostile_words_are_stored_as_a_database_takes_them(shelf):
    Shelf.things = [
        FoundCertificate(LEAF, "a\0b\ud800", facts={"x\0": ["\0", ("y", "\udfff")]}),
        FoundTrouble("c\0d", "no\0"),
    ]
    done = run()
    assert (done.found, done.troubles) == (1, 1)
    place = Placement.objects.get()
    assert (place.locator, place.facts) == ("a\ufffdb?", {"x\ufffd": ["\ufffd", ["y", "?"]]})
    assert SourceTrouble.objects.get().message == "no\ufffd"
    assert run(later(hours=1)).new == 0


def test_unchanged_places_are_read_and_not_written(shelf):
    Shelf.things = places(2000)
    run()

    def look(hours: int) -> list[str]:
        row = claim(later(hours=hours))
        with CaptureQueriesContext(connection) as caught:
            run_source(row, clock=lambda: later(hours=hours))
        return [query["sql"] for query in caught.captured_queries]

    few = look(1)
    writes = [sql for sql in few if sql.startswith(("UPDATE", "INSERT"))]
    # The source's row and the run's.
    assert len(writes) == 2
    # Of four batches each: begin, hold, read, commit.
    assert len(few) <= 4 * 4 + 12
    # Once a day the rows say that they are there, by one statement each for a batch.
    day = [sql for sql in look(25) if sql.startswith("UPDATE")]
    assert len(day) <= 2 + 4 * 2


def test_a_source_that_fails_is_asked_again_soon(shelf):
    Source.objects.update(interval=timedelta(days=7))
    Shelf.things = [SourceError("no")]
    for minutes in (5, 10, 20):
        run()
        shelf.refresh_from_db()
        assert shelf.next_at == later(minutes=minutes)


def test_a_run_that_does_not_end_and_one_that_was_given_up_are_findings(shelf):
    claim()
    assert judge_sources(now=NOW) is False
    judge_sources(now=NOW + OVERDUE + timedelta(minutes=1))
    assert "not finished" in Finding.objects.get().summary
    at = NOW
    for _ in range(SourceRunOutbox.max_attempts):
        at += PAST_LEASE
        claim_due(SourceRunOutbox(), at, 1)
    assert SourceRun.objects.get().state == "dead"
    judge_sources(now=at)
    assert "given up" in Finding.objects.get().summary
    Shelf.things = []
    run(at + timedelta(hours=1))
    judge_sources(now=at + timedelta(hours=1))
    assert Finding.objects.get().closed_reason == "fixed"


def test_a_source_that_is_not_looked_at_is_a_finding(shelf):
    Source.objects.update(next_at=NOW)
    judge_sources(now=NOW + OVERDUE + timedelta(minutes=1))
    assert "due and not looked at" in Finding.objects.get().summary


def test_old_runs_and_troubles_go_and_places_stay(shelf):
    Shelf.things = [*places(1), FoundTrouble("x", "unreadable")]
    run()
    Shelf.things = places(1)
    run(later(hours=1))
    prune_runs(now=later(days=20))
    assert SourceRun.objects.count() == 2
    assert prune_runs(now=later(days=40)) == 2
    assert prune_troubles(now=later(days=40)) == 1
    assert Placement.objects.count() == 1
