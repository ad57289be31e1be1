"""Two workers on one scope, a lease that ran out, a clock that was put back."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import OperationalError, connection

from opsportal.lib.outbox import claim_due, run_outbox
from security.collect import ask_about, plan_collections, run_collection
from security.models import CloudResource, Collection, ConfigRevision, Scope
from security.tasks import CollectionOutbox
from tests.security.collecting import NOW, later, resource
from tests.security.things import THROTTLED, account, state, states, sweep, work

pytestmark = pytest.mark.django_db(transaction=True)


def claim(now):
    (row,) = claim_due(CollectionOutbox(), now, 1)
    return row


def test_two_that_ask_at_once_store_each_thing_once(sky):
    account()
    names = sky.fill(50)
    sweep()
    for name in names[:20]:
        sky.there[name] = {"size": 2}
    for number in range(30):
        sky.there[f"new-{number}"] = {"size": 1}
    scope = Scope.objects.get()
    rows = [
        Collection.objects.create(scope=scope, asked_at=NOW, due_at=NOW, targets=targets)
        for targets in ([], sorted(sky.there))
    ]
    rows = [claim(later(minutes=5)) for _ in rows]
    barrier, failures = Barrier(2), []
    sky.before_page = lambda _: barrier.wait(20)

    def run(row):
        try:
            if row.targets:
                barrier.wait(20)
            run_collection(row, clock=lambda: later(minutes=5))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert set(Collection.objects.values_list("state", flat=True)) <= {"done", "due"}
    sky.before_page = None
    work(later(minutes=6))
    assert states() == {"active": 80}
    assert ConfigRevision.objects.count() == 50 + 20 + 30
    changed = CloudResource.objects.filter(resource_id__in=names[:20])
    assert {row.config["size"] for row in changed} == {2}


def test_whoever_was_overtaken_by_an_event_leaves_it_and_asks_again(sky):
    account()
    names = sky.fill(3)
    sweep()
    scope = Scope.objects.get()

    def meanwhile(page):
        if page == 0 and sky.listings == 2:
            sky.there[names[0]] = {"size": 7}
            ask_about(scope, [names[0]], reason="event", due_at=later(minutes=5), now=NOW)
            work(later(minutes=5))
            # The listing's own answer is of before.
            sky.there[names[0]] = {"size": 1}

    sky.before_page = meanwhile
    sweep(later(minutes=5))
    assert resource(names[0]).config == {"size": 7}
    sky.there[names[0]] = {"size": 7}
    (again,) = work(later(minutes=6))
    assert (again.targets, again.changed) == ([names[0]], 0)
    assert ConfigRevision.objects.count() == 4


def failing_once(monkeypatch, error):
    """The first transaction that stores something is undone by that."""
    errors = [error]

    def mark(*args, **kwargs):
        if errors:
            raise errors.pop()

    monkeypatch.setattr("security.collect.run.mark_dependents", mark)


def test_a_deadlock_is_stored_again_without_asking_again(sky, monkeypatch):
    account()
    sky.fill(3)
    deadlock = OperationalError("deadlock detected")
    deadlock.__cause__ = type("Deadlock", (Exception,), {"sqlstate": "40P01"})()
    failing_once(monkeypatch, deadlock)
    (row,) = sweep()
    assert (row.state, row.outcome, sky.listings) == ("done", "complete", 1)
    assert ConfigRevision.objects.count() == 3


def test_what_could_not_be_stored_comes_again_at_once_and_not_when_its_lease_is_over(
    sky, monkeypatch
):
    account()
    sky.fill(3)
    failing_once(monkeypatch, ValueError("a full disk, say"))
    plan_collections(now=NOW)
    run_outbox(CollectionOutbox(), now=lambda: NOW)
    row = Collection.objects.get()
    assert (row.state, row.due_at < later(seconds=30)) == ("due", True)
    work(later(minutes=1))
    assert states() == {"active": 3}


def test_two_listings_at_once_do_not_prove_each_other(sky):
    account()
    names = sky.fill(3)
    sweep()
    scope = Scope.objects.get()
    sky.there.pop(names[0])

    def meanwhile(page):
        if sky.listings == 2:
            row = Collection.objects.create(scope=scope, asked_at=NOW, due_at=NOW, rank=0)
            run_collection(claim(later(minutes=5)), clock=lambda: later(minutes=5))
            row.refresh_from_db()
            assert row.outcome == "complete"

    Collection.objects.create(scope=scope, asked_at=NOW, due_at=NOW)
    first = claim(later(minutes=5))
    Collection.objects.filter(pk=first.pk).update(state="dead")
    sky.before_page = meanwhile
    # As one whose lease ran out goes on beside the next.
    Collection.objects.filter(pk=first.pk).update(state="claimed", targets=["x"])
    run_collection(first, clock=lambda: later(minutes=5))
    assert state(names[0]) == "missing"


def test_whose_lease_ran_out_writes_nothing(sky):
    account()
    sky.fill(3)
    sweep()
    scope = Scope.objects.get()
    Collection.objects.create(scope=scope, asked_at=NOW, due_at=NOW)
    slow = claim(later(minutes=5))
    sky.there.clear()
    quick = claim(later(minutes=30))
    assert quick.pk == slow.pk
    assert run_collection(slow, clock=lambda: later(minutes=31)) is None
    scope.refresh_from_db()
    assert (states(), scope.complete_at, scope.generation) == ({"active": 3}, NOW, 1)
    run_collection(quick, clock=lambda: later(minutes=31))
    assert states() == {"missing": 3}


def test_a_clock_that_was_put_back_loses_no_change(sky):
    account()
    names = sky.fill(3)
    sweep()
    sky.there[names[0]] = {"size": 2}
    back = NOW - timedelta(hours=1)
    plan = Collection.objects.create(scope=Scope.objects.get(), asked_at=back, due_at=back)
    assert work(NOW, clock=lambda: back) == [plan]
    row = resource(names[0])
    assert (row.config, row.captured_at) == ({"size": 2}, NOW)
    revision = ConfigRevision.objects.latest("id")
    assert revision.captured_before_at <= revision.captured_at
    assert Collection.objects.get(pk=plan.pk).duration_ms == 0


def test_an_event_that_could_not_be_followed_comes_again(sky):
    account()
    names = sky.fill(3)
    sweep()
    scope = Scope.objects.get()
    sky.there[names[0]] = {"size": 2}
    ask_about(scope, names[:2], reason="event", due_at=NOW, now=NOW)
    sky.fetch_fails = THROTTLED
    (row,) = work(NOW)
    assert (row.state, row.outcome, row.targets) == ("due", "throttled", names[:2])
    sky.fetch_fails = None
    (row,) = work(later(minutes=1))
    assert (row.state, row.outcome, row.changed) == ("done", "complete", 1)
    assert ConfigRevision.objects.latest("id").source == "event"
