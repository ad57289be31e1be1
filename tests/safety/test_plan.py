"""Request → plan."""

import pytest

from opsportal.safety.freeze import hash_plan
from opsportal.safety.models import Operation, OperationTarget, Suspension
from opsportal.safety.plan import plan_operation
from opsportal.safety.plugins import Call, Check, Plan, RefusedError, Target
from tests.alerts.makers import NOW, later
from tests.safety.executors import JO, request_for


def plan(executor, *names, now=NOW, **options) -> Operation:
    return plan_operation(request_for(*names, **options), executor, actor=JO, now=now)


def test_targets_and_calls_are_frozen_and_hashed(armed):
    operation = plan(armed, "a", "b")
    assert operation.state == "planned"
    assert [target["key"] for target in operation.targets] == ["lamp:a", "lamp:b"]
    assert [call["arguments"] for call in operation.calls] == [{"name": "a"}, {"name": "b"}]
    stored = Operation.objects.get(pk=operation.pk)
    assert stored.plan_hash == hash_plan(stored)
    assert armed.called == []


@pytest.mark.parametrize(
    "change",
    [
        {"plugin": "other"},
        {"requester": "other"},
        {"subject": "other"},
        {"reason": "other"},
        {"parameters": {}},
        {"targets": []},
        {"calls": []},
        {"needs_approval": True},
        {"dry_run": True},
        {"expires_at": later(days=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_hash_is_of_all_that_was_planned(armed, change):
    operation = plan(armed, "a")
    Operation.objects.filter(pk=operation.pk).update(**change)
    assert hash_plan(Operation.objects.get(pk=operation.pk)) != operation.plan_hash


def test_a_wish_is_planned_once(armed):
    first, again = plan(armed, "a"), plan(armed, "a", now=later(minutes=1))
    assert first.pk == again.pk
    assert Operation.objects.count() == 1


def test_leashed_it_is_a_simulation_and_says_by_what(lamp):
    operation = plan(lamp, "a")
    assert operation.dry_run
    assert operation.dry_run_why == "the lock of everything, the lock of lamp"


def test_a_target_is_held_by_one(armed):
    plan(armed, "a", "b")
    second = plan(armed, "b", "c")
    assert second.state == "refused"
    assert "nothing else on the target" in second.outcome
    assert not OperationTarget.objects.filter(key="lamp:c").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        Plan((), ()),
        Plan((Target("a", "a", "f"),), ()),
        Plan((Target("a", "a", "f"),), (Call("b", "off"),)),
        Plan((Target("a", "a", "f"), Target("a", "a", "f")), (Call("a", "off"),)),
        Plan((Target("a", "a", "f", facts={"x": object()}),), (Call("a", "off"),)),
    ],
    ids=["empty", "no call", "strange target", "target twice", "no JSON"],
)
def test_a_plan_that_makes_no_sense_is_refused(armed, wrong, monkeypatch):
    monkeypatch.setattr(armed, "plan", lambda request: wrong)
    operation = plan(armed, "a")
    assert operation.state == "refused"
    assert "no plan could be made" in operation.outcome


def test_a_refusal_is_told_in_its_own_words(armed, monkeypatch):
    def refuse(request):
        raise RefusedError("there is no such lamp")

    monkeypatch.setattr(armed, "plan", refuse)
    assert plan(armed, "a").outcome == "there is no such lamp"


@pytest.mark.parametrize(
    ("checks", "outcome"),
    [
        ([], "checks nothing"),
        ([Check("fine", passed=True), Check("off", passed=False, detail="it is off")], "it is off"),
    ],
)
def test_what_is_not_checked_or_fails_is_refused(armed, monkeypatch, checks, outcome):
    monkeypatch.setattr(armed, "check", lambda target, parameters: checks)
    operation = plan(armed, "a")
    assert operation.state == "refused"
    assert outcome in operation.outcome


def test_a_check_that_raises_is_refused(armed):
    def fail(name):
        raise OSError("no light")

    armed.before_check = fail
    assert "a could not be checked: OSError: no light" in plan(armed, "a").outcome


def test_a_pool_that_nobody_counted_is_refused(armed, monkeypatch):
    target = Target("lamp:a", "a", "lamps", pool="house")
    made = Plan((target,), (Call(target.key, "off"),))
    monkeypatch.setattr(armed, "plan", lambda request: made)
    assert "is not known" in plan(armed, "a").outcome


def test_the_caps_are_for_all_targets_of_a_plan(armed):
    assert plan(armed, "a", "b", parameters={"max_per_rule": 1}).state == "refused"
    assert plan(armed, *"cdefgh", parameters={"max_per_rule": 10}).state == "refused", "fleet"


def test_who_is_suspended_is_refused(armed):
    Suspension.objects.create(requester="test", name="the test", since=NOW, why="0 of 5 helped")
    assert "0 of 5 helped" in plan(armed, "a").outcome
