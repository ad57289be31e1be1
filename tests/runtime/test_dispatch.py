"""The dispatcher: finds what no nudge announced, survives trouble, leaves cleanly."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connections
from django_q.models import OrmQ

from alerts.models import Alert, Decision, Transition
from opsportal.lib import jobs
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import Outbox, finish, oldest_due
from opsportal.runtime import dispatch
from opsportal.runtime.checks import check_sweeps
from opsportal.runtime.dispatch import Dispatcher
from opsportal.runtime.models import Process
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
PAST = datetime(2026, 1, 1, tzinfo=UTC)


class Quick(Outbox):
    slug = "test.quick"
    model = Decision
    batch = 1
    threads = 3

    def perform(self, rows, now):
        for row in rows:
            finish(row, now)


class Hanging(Quick):
    """The first row hangs until released; the others are quick."""

    def __init__(self):
        self.release = threading.Event()
        self.hung = threading.Event()

    def perform(self, rows, now):
        if not self.hung.is_set():
            self.hung.set()
            self.release.wait(20)
        super().perform(rows, now)


@pytest.fixture(autouse=True)
def _quick_ticks(monkeypatch):
    monkeypatch.setattr(dispatch, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(dispatch, "LONGEST_PAUSE_SECONDS", 0.2)


@contextmanager
def dispatching(*outboxes, sweeps=()):
    stop = threading.Event()
    dispatcher = Dispatcher(outboxes, sweeps)

    def work():
        dispatcher.run(stop.wait)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield dispatcher
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


def make_rows(count):
    alert = Alert.objects.create(
        dedup_key="k",
        name="disk full",
        severity="high",
        received_severity="high",
        starts_at=PAST,
        received_at=PAST,
        last_received_at=PAST,
    )
    for _ in range(count):
        transition = Transition.objects.create(alert=alert, kind="opened", at=PAST)
        Decision.objects.create(transition=transition, due_at=PAST)


def states():
    return sorted(Decision.objects.values_list("state", flat=True))


def test_due_rows_are_performed_without_any_nudge_and_it_shows_a_sign_of_life():
    with dispatching(Quick()):
        make_rows(4)
        wait_until(lambda: states() == ["done"] * 4)
        wait_until(lambda: Process.objects.filter(name="dispatcher").count() == 1)
    assert not Process.objects.exists()


def test_a_nudge_is_heard_at_once(monkeypatch):
    monkeypatch.setattr(dispatch, "TICK_SECONDS", 3600)
    monkeypatch.setattr(jobs, "_last", {})
    with dispatching(Quick()):
        make_rows(1)
        nudge(Quick.slug)
        wait_until(lambda: states() == ["done"])
        assert not OrmQ.objects.exists()
    nudge(Quick.slug)
    assert OrmQ.objects.count() == 1


def test_one_hanging_act_does_not_hold_up_the_others():
    outbox = Hanging()
    make_rows(6)
    with dispatching(outbox):
        assert outbox.hung.wait(10)
        wait_until(lambda: states() == ["claimed"] + ["done"] * 5)
        outbox.release.set()
        wait_until(lambda: states() == ["done"] * 6)


def test_at_the_end_what_is_held_is_finished():
    outbox = Hanging()
    make_rows(1)
    with dispatching(outbox):
        assert outbox.hung.wait(10)
        threading.Timer(0.3, outbox.release.set).start()
    assert states() == ["done"]


def test_an_act_that_hangs_past_the_grace_is_left_to_its_lease(monkeypatch):
    monkeypatch.setattr(dispatch, "GRACE_SECONDS", 0.2)
    outbox = Hanging()
    make_rows(1)
    with dispatching(outbox) as dispatcher:
        assert outbox.hung.wait(10)
    assert states() == ["claimed"]
    outbox.release.set()
    wait_until(lambda: not any(lane.thread.is_alive() for lane in dispatcher._lanes))


def test_it_backs_off_while_the_database_is_away_and_goes_on_afterwards(monkeypatch, caplog):
    away = threading.Event()
    away.set()

    def lose_then_ask(*args):
        if away.is_set():
            raise OperationalError("connection refused")
        return oldest_due(*args)

    monkeypatch.setattr(dispatch, "oldest_due", lose_then_ask)
    make_rows(1)
    with dispatching(Quick()):
        wait_until(lambda: "the database is away" in caplog.text)
        away.clear()
        wait_until(lambda: states() == ["done"])
    assert "the database is back" in caplog.text


def test_an_error_in_one_lane_does_not_end_it():
    class Failing(Quick):
        threads = 1
        fails = [True]

        def perform(self, rows, now):
            if self.fails:
                self.fails.clear()
                raise ValueError("boom")
            super().perform(rows, now)

    make_rows(2)
    with dispatching(Failing()):
        wait_until(lambda: states() == ["done", "due"])
    failed = Decision.objects.get(state="due")
    assert failed.last_error == "ValueError: boom"
    assert failed.due_at > PAST + timedelta(days=1)


swept: list[datetime] = []


def sweep_quietly(*, now):
    swept.append(now)


def sweep_and_fail(*, now):
    swept.append(now)
    raise ValueError("boom")


def sweep_without_database(*, now):
    swept.append(now)
    raise OperationalError("connection refused")


@pytest.mark.parametrize("deed", [sweep_quietly, sweep_and_fail, sweep_without_database])
def test_what_is_to_be_swept_is_called_again_and_again_whatever_comes_of_it(deed, monkeypatch):
    monkeypatch.setattr(dispatch, "SWEEP_SECONDS", 0.02)
    swept.clear()
    with dispatching(sweeps=[f"{__name__}.{deed.__name__}"]):
        wait_until(lambda: len(swept) >= 3)
    assert swept == sorted(swept)
    assert swept[0].tzinfo is UTC


def test_a_sweep_that_does_not_import_fails_the_check(settings):
    settings.SWEEPS = ["alerts.nothing.at_all"]
    [error] = check_sweeps(None)
    assert error.id == "opsportal.E004"
