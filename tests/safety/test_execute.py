"""Plan → calls."""

import threading

import pytest
from django.db import IntegrityError, connection

from opsportal.lib.errors import ConflictError
from opsportal.safety.execute import execute_operation
from opsportal.safety.leash import set_leash
from opsportal.safety.models import JournalEntry, Operation
from opsportal.safety.plan import plan_operation
from opsportal.safety.plugins import CallFailedError, CallUnknownError, Seen
from opsportal.safety.stop import stop_everything
from tests.alerts.makers import NOW, later
from tests.safety.executors import JO, arm, request_for


def planned(executor, *names, **options) -> Operation:
    operation = plan_operation(request_for(*names, **options), executor, actor=JO, now=NOW)
    assert operation.state == "planned", operation.outcome
    return operation


def execute(operation, executor, now=NOW) -> Operation:
    return execute_operation(operation.pk, executor, actor=JO, now=now)


def journal(operation) -> list[tuple[str, int | None]]:
    entries = JournalEntry.objects.filter(operation=operation, call__isnull=False)
    return list(entries.order_by("pk").values_list("kind", "call"))


def test_each_call_is_announced_before_it_is_made(armed):
    operation = planned(armed, "a", "b")
    announced = []
    armed.before_call = lambda name: announced.append(journal(operation)[-1])
    assert execute(operation, armed).state == "done"
    assert armed.called == ["a", "b"]
    assert announced == [("intent", 0), ("intent", 1)]
    assert journal(operation) == [("intent", 0), ("answer", 0), ("intent", 1), ("answer", 1)]


def test_it_is_done_once(armed):
    operation = planned(armed, "a")
    execute(operation, armed)
    with pytest.raises(ConflictError):
        execute(operation, armed)
    assert armed.called == ["a"]


def test_no_call_has_two_intents(armed):
    operation = planned(armed, "a")
    execute(operation, armed)
    with pytest.raises(IntegrityError):
        JournalEntry.objects.create(operation=operation, kind="intent", call=0, at=NOW, text="")


def test_the_switch_in_the_middle_stops_the_rest(armed):
    operation = planned(armed, "a", "b", "c")
    armed.before_call = lambda name: stop_everything("enough", actor=JO, now=NOW)
    operation = execute(operation, armed)
    assert operation.state == "stopped"
    assert armed.called == ["a"]
    assert "after 1 of 3 calls" in operation.outcome
    assert "enough" in operation.outcome
    acted = operation.target_rows.filter(acted_at__isnull=False).values_list("key", flat=True)
    assert list(acted) == ["lamp:a"], "what was not called counts for no cap"
    assert not operation.target_rows.filter(holds=True).exists()


def test_the_file_in_the_middle_stops_the_rest(armed, data_dir):
    operation = planned(armed, "a", "b")
    armed.before_call = lambda name: (data_dir / "STOP").write_text("smoke\n")
    operation = execute(operation, armed)
    assert operation.state == "stopped"
    assert armed.called == ["a"]
    assert "smoke" in operation.outcome


def test_the_switch_while_looking_stops_the_call(armed):
    operation = planned(armed, "a")
    armed.before_check = lambda name: stop_everything("now", actor=JO, now=NOW)
    assert execute(operation, armed).state == "stopped"
    assert armed.called == []


def test_a_lock_in_the_middle_stops_the_rest(armed):
    operation = planned(armed, "a", "b")
    armed.before_call = lambda name: set_leash("lamp", armed=False, actor=JO, now=NOW)
    operation = execute(operation, armed)
    assert (operation.state, armed.called) == ("stopped", ["a"])
    assert "the lock of lamp was closed" in operation.outcome


def test_a_check_that_fails_in_the_middle_stops_the_rest(armed):
    operation = planned(armed, "a", "b")

    def fail(name):
        if name == "b":
            raise OSError("gone")

    armed.before_check = fail
    operation = execute(operation, armed)
    assert (operation.state, armed.called) == ("stopped", ["a"])


def test_a_refused_call_fails_and_stops_the_rest(armed):
    def refuse(name):
        raise CallFailedError("not this one")

    armed.before_call = refuse
    operation = execute(planned(armed, "a", "b"), armed)
    assert (operation.state, operation.outcome) == ("failed", "not this one")
    assert armed.called == ["a"]
    assert not operation.target_rows.filter(holds=True).exists()


@pytest.mark.parametrize("error", [CallUnknownError("no answer"), TimeoutError("no answer")])
def test_a_call_without_an_answer_is_unknown_and_holds_its_targets(armed, error):
    def vanish(name):
        raise error

    armed.before_call = vanish
    operation = execute(planned(armed, "a", "b"), armed)
    assert operation.state == "unknown"
    assert "no answer" in operation.outcome
    assert armed.called == ["a"]
    assert operation.target_rows.filter(holds=True).count() == 2


@pytest.mark.parametrize(("seen", "state"), [("done", "done"), ("unknown", "unknown")])
def test_where_looking_proves_it_the_answer_is_not_needed(armed, seen, state):
    def vanish(name):
        raise CallUnknownError("no answer")

    armed.before_call, armed.proves, armed.seen = vanish, True, Seen(seen, "looked")
    assert execute(planned(armed, "a"), armed).state == state


@pytest.mark.parametrize("answered", [True, False])
def test_who_picks_up_a_dead_workers_plan_calls_nothing(armed, answered):
    operation = planned(armed, "a", "b")
    Operation.objects.filter(pk=operation.pk).update(state="executing", run=1, started_at=NOW)
    JournalEntry.objects.create(operation=operation, kind="intent", call=0, at=NOW, text="")
    if answered:
        JournalEntry.objects.create(
            operation=operation, kind="answer", call=0, at=NOW, text="", succeeded=True
        )
    operation = execute(operation, armed, later(minutes=30))
    assert operation.state == ("stopped" if answered else "unknown")
    assert armed.called == []


def test_a_worker_that_was_taken_for_dead_calls_nothing(armed):
    operation = planned(armed, "a")
    armed.before_check = lambda name: Operation.objects.filter(pk=operation.pk).update(run=7)
    with pytest.raises(ConflictError, match="taken over"):
        execute(operation, armed)
    assert armed.called == []


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"plan_hash": "0" * 64}, "refused"),
        ({"calls": []}, "refused"),
        ({"needs_approval": True}, "refused"),
        ({"expires_at": NOW}, "expired"),
    ],
    ids=["hash", "calls", "approval", "time"],
)
def test_a_plan_that_is_not_the_planned_one_is_not_begun(armed, change, state):
    operation = planned(armed, "a")
    Operation.objects.filter(pk=operation.pk).update(**change)
    assert execute(operation, armed).state == state
    assert armed.called == []


def test_leashed_nothing_is_called(lamp):
    operation = execute(planned(lamp, "a", "b"), lamp)
    assert operation.state == "simulated"
    assert lamp.called == []
    assert journal(operation) == [("simulated", 0), ("simulated", 1)]


@pytest.mark.django_db(transaction=True)
def test_two_rules_at_once_act_once_on_a_target(lamp):
    arm()
    operations = []

    def go(number: int) -> None:
        request = request_for("a", token=f"t{number}", requester=f"r{number}")
        operation = plan_operation(request, lamp, actor=JO, now=NOW)
        if operation.state == "planned":
            operation = execute_operation(operation.pk, lamp, actor=JO, now=NOW)
        operations.append(operation.state)
        connection.close()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(operations) == ["done", "refused", "refused", "refused"]
    assert lamp.called == ["a"]
