"""Rows that must not be lost: claimed once, fenced, retried, and buried when they kill."""

import fcntl
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from alerts.models import Alert, Decision, Transition
from opsportal.lib.outbox import (
    LONGEST_DELAY,
    UNFINISHED,
    Outbox,
    backoff,
    bury,
    claim_due,
    finish,
    oldest_due,
    postpone,
    replay,
    retry_later,
    run_outbox,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Decisions(Outbox):
    slug = "test.decisions"
    model = Decision
    lease = timedelta(seconds=30)
    max_attempts = 3
    batch = 10

    def __init__(self, act=finish):
        self.act = act

    def perform(self, rows, now):
        for row in rows:
            self.act(row, now)


def make_rows(count, due_at=NOW):
    alert = Alert.objects.create(
        dedup_key=f"k{Alert.objects.count()}",
        name="disk full",
        severity="high",
        received_severity="high",
        starts_at=NOW,
        received_at=NOW,
        last_received_at=NOW,
    )
    for number in range(count):
        transition = Transition.objects.create(alert=alert, kind="opened", at=NOW)
        Decision.objects.create(transition=transition, due_at=due_at + number * SECOND / 1000)
    return list(Decision.objects.order_by("due_at"))


@pytest.mark.django_db
def test_a_claim_counts_the_attempt_and_holds_the_lease():
    make_rows(3, NOW - SECOND)
    rows = claim_due(Decisions(), NOW, 2)
    assert [row.attempts for row in rows] == [1, 1]
    stored = Decision.objects.get(pk=rows[0].pk)
    assert (stored.state, stored.attempts, stored.due_at) == ("claimed", 1, NOW + 30 * SECOND)
    assert len(claim_due(Decisions(), NOW, 10)) == 1
    assert claim_due(Decisions(), NOW, 10) == []


@pytest.mark.django_db
def test_rows_that_are_not_due_are_left_alone():
    make_rows(1, NOW + SECOND)
    assert claim_due(Decisions(), NOW, 10) == []
    assert oldest_due(Decisions(), NOW) == timedelta(0)
    assert oldest_due(Decisions(), NOW + 3 * SECOND) == 2 * SECOND


@pytest.mark.django_db(transaction=True)
def test_many_workers_claim_every_row_exactly_once():
    make_rows(60, NOW - SECOND)

    def work(_):
        taken = []
        try:
            while rows := claim_due(Decisions(), NOW, 4):
                taken += [row.pk for row in rows]
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = Counter(pk for part in pool.map(work, range(8)) for pk in part)
    # A claim under contention may find all rows locked and stop early; none is taken twice.
    assert set(taken.values()) == {1}
    assert len(taken) + len(claim_due(Decisions(), NOW, 100)) == 60


@pytest.mark.django_db
def test_a_lapsed_lease_makes_the_row_due_again_and_fences_the_old_holder():
    make_rows(1)
    (old,) = claim_due(Decisions(), NOW, 1)
    assert claim_due(Decisions(), NOW + 29 * SECOND, 1) == []
    (new,) = claim_due(Decisions(), NOW + 31 * SECOND, 1)
    for settle in (
        lambda: finish(old, NOW),
        lambda: retry_later(old, "late", NOW),
        lambda: bury(old, "late", NOW),
        lambda: postpone(old, NOW, SECOND),
    ):
        assert settle() is False
    assert finish(new, NOW) is True
    assert finish(new, NOW) is False
    assert Decision.objects.get().state == "done"


@pytest.mark.django_db
def test_a_holder_from_before_a_replay_is_fenced():
    make_rows(1)
    (old,) = claim_due(Decisions(), NOW, 1)
    (new,) = claim_due(Decisions(), NOW + 31 * SECOND, 1)
    bury(new, "no", NOW)
    assert replay(new, NOW + 40 * SECOND)
    (fresh,) = claim_due(Decisions(), NOW + 41 * SECOND, 1)
    assert fresh.attempts == old.attempts == 1
    assert not finish(old, NOW)
    assert finish(fresh, NOW)


@pytest.mark.django_db
def test_a_row_that_kills_its_worker_each_time_is_buried_and_says_so():
    make_rows(1)
    at = NOW
    for _ in range(3):
        assert len(claim_due(Decisions(), at, 1)) == 1
        at += 31 * SECOND
    assert claim_due(Decisions(), at, 1) == []
    row = Decision.objects.get()
    assert (row.state, row.attempts, row.finished_at) == ("dead", 3, at)
    assert "after 3 attempts" in row.last_error


@pytest.mark.django_db
def test_a_lapsed_row_is_taken_alone_so_that_its_neighbours_keep_their_attempts():
    make_rows(5)
    assert len(claim_due(Decisions(), NOW + SECOND, 5)) == 5  # and the worker is killed
    later = NOW + 60 * SECOND
    for _ in range(5):
        assert len(claim_due(Decisions(), later, 5)) == 1
    assert claim_due(Decisions(), later, 5) == []
    assert set(Decision.objects.values_list("attempts", flat=True)) == {2}


@pytest.mark.django_db
def test_written_off_rows_do_not_hide_those_behind_them():
    make_rows(1, NOW - SECOND)
    for step in range(3):
        claim_due(Decisions(), NOW + 31 * step * SECOND, 1)
    make_rows(2, NOW + 95 * SECOND)
    assert len(claim_due(Decisions(), NOW + 100 * SECOND, 10)) == 2


@pytest.mark.django_db
def test_a_failed_row_comes_back_later_each_time_and_dies_after_its_attempts():
    make_rows(1)
    at, waits = NOW, []
    for _ in range(2):
        (row,) = claim_due(Decisions(), at, 1)
        assert retry_later(row, "connection refused", at)
        waits.append(row.due_at - at)
        at = row.due_at
    (row,) = claim_due(Decisions(), at, 1)
    assert retry_later(row, "connection refused", at)
    assert waits[0] < timedelta(seconds=6.5) < timedelta(seconds=7.5) <= waits[1]
    stored = Decision.objects.get()
    assert (stored.state, stored.last_error) == ("dead", "connection refused")


def test_the_back_off_is_capped_and_jittered():
    assert all(backoff(99) <= LONGEST_DELAY * 1.25 for _ in range(50))
    assert len({backoff(3) for _ in range(20)}) > 10
    assert all(timedelta(seconds=3.75) <= backoff(1) <= timedelta(seconds=6.25) for _ in range(50))


@pytest.mark.django_db
def test_the_other_sides_retry_after_is_honoured():
    make_rows(1)
    (row,) = claim_due(Decisions(), NOW, 1)
    retry_later(row, "429", NOW, 42 * SECOND)
    assert Decision.objects.get().due_at == NOW + 42 * SECOND


@pytest.mark.django_db
def test_a_postponed_row_keeps_its_attempt():
    make_rows(1)
    (row,) = claim_due(Decisions(), NOW, 1)
    assert postpone(row, NOW, 5 * SECOND)
    stored = Decision.objects.get()
    assert (stored.state, stored.attempts, stored.due_at) == ("due", 0, NOW + 5 * SECOND)


@pytest.mark.django_db
def test_only_dead_rows_are_replayed():
    make_rows(1)
    (row,) = claim_due(Decisions(), NOW, 1)
    assert not replay(row, NOW)
    bury(row, "refused for good", NOW)
    assert replay(row, NOW)
    stored = Decision.objects.get()
    assert (stored.state, stored.attempts, stored.finished_at) == ("due", 0, None)


@pytest.mark.django_db
def test_running_an_outbox_empties_it():
    make_rows(25)
    assert run_outbox(Decisions(), now=lambda: NOW + SECOND) == 25
    assert set(Decision.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.django_db
def test_an_error_out_of_perform_is_a_failed_attempt_of_every_row_not_yet_settled(caplog):
    def act(row, now):
        if row.pk != first.pk:
            raise ValueError("boom")
        finish(row, now)

    first, *_ = make_rows(3)
    assert run_outbox(Decisions(act), now=lambda: NOW + SECOND) == 3
    assert list(Decision.objects.order_by("pk").values_list("state", flat=True)) == [
        "done",
        "due",
        "due",
    ]
    assert set(Decision.objects.filter(state="due").values_list("last_error", flat=True)) == {
        "ValueError: boom"
    }


@pytest.mark.django_db
def test_a_sweep_uses_the_index_of_unfinished_rows():
    due = Decision.objects.filter(UNFINISHED, due_at__lte=NOW).order_by("due_at")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "decision_due" in due[:10].explain()


@pytest.mark.django_db(transaction=True)
def test_one_poison_row_in_a_batch_fails_alone():
    rows = make_rows(5)

    class Batch(Decisions):
        def perform(self, rows, now):
            if any(row.pk == poison for row in rows):
                raise ValueError("poison")
            for row in rows:
                finish(row, now)

    poison = rows[2].pk
    run_outbox(Batch(), now=lambda: NOW + SECOND)
    states = dict(Decision.objects.values_list("pk", "state"))
    assert states.pop(poison) == "due"
    assert set(states.values()) == {"done"}
    assert "poison" in Decision.objects.get(pk=poison).last_error


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite only")
def test_where_one_writes_one_process_runs_whole_batches(settings):
    class Alone(Decisions):
        alone = True

    make_rows(2)
    with (settings.DATA_DIR / f"{Alone.slug}.lane").open("w") as lane:
        fcntl.flock(lane, fcntl.LOCK_EX)
        assert run_outbox(Alone(), now=lambda: NOW + SECOND) == 0
    assert run_outbox(Alone(), now=lambda: NOW + SECOND) == 2
