"""Whether it helped, and what follows."""

import pytest

from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.safety.models import Operation, OperationTarget, Suspension
from opsportal.safety.score import lift_suspension, score_operation, success_rate
from tests.accounts.people import make_person
from tests.alerts.makers import NOW, later
from tests.safety.executors import JO

pytestmark = pytest.mark.django_db


def done(number: int, requester: str = "test") -> Operation:
    operation = Operation.objects.create(
        plugin="lamp", token=f"{requester}{number}", requester=requester, requested_by="the test",
        state="done", dry_run=False, created_at=NOW, started_at=NOW, expires_at=later(hours=1),
    )  # fmt: skip
    OperationTarget.objects.create(
        operation=operation, key=f"{requester}{number}", requester=requester, fleet="lamps"
    )
    return operation


def score(*helped: bool, requester="test", start=0, now=NOW) -> Suspension | None:
    found = None
    for number, good in enumerate(helped, start=start):
        operation = done(number, requester)
        found = score_operation(operation.pk, helped=good, text="looked", now=now)
    return found


def test_the_targets_are_free_and_the_outcome_is_told():
    operation = done(1)
    score_operation(operation.pk, helped=True, text="the alert cleared", now=NOW)
    operation.refresh_from_db()
    assert (operation.score, operation.outcome) == (1.0, "the alert cleared")
    assert not OperationTarget.objects.filter(holds=True).exists()
    with pytest.raises(ConflictError):
        score_operation(operation.pk, helped=False, text="", now=NOW)


def test_below_the_floor_after_enough_it_is_suspended():
    assert score(False, False, False, True) is None, "too few"
    assert score(False, start=4).why == "1 of the last 5 helped, less than 50 %"
    assert score(False, start=5) is None, "once"


def test_at_the_floor_it_is_not():
    assert score(*[True, False] * 5) is None
    assert success_rate("test") == (5, 10)


def test_only_the_last_ten_count():
    score(*[True] * 10)
    assert score(*[False] * 5, start=10) is None
    assert score(False, start=15) is not None


def test_the_floor_is_a_setting(settings):
    settings.REMEDIATE_SUCCESS_FLOOR = 0
    assert score(*[False] * 10) is None


def test_others_are_not_counted():
    score(*[False] * 4)
    assert score(*[False] * 4, requester="other") is None


def test_lifted_it_begins_anew():
    suspension = score(*[False] * 5)
    with pytest.raises(ForbiddenError):
        lift_suspension(suspension.pk, actor=Actor("key k", None, 1), now=NOW)
    lift_suspension(suspension.pk, actor=JO, now=later(minutes=1))
    assert AuditEntry.objects.filter(action="lift").exists()
    assert success_rate("test") == (0, 0)
    assert score(*[False] * 4, start=5, now=later(minutes=2)) is None
    assert score(False, start=9, now=later(minutes=3)) is not None
    with pytest.raises(ConflictError):
        lift_suspension(suspension.pk, actor=JO, now=later(minutes=4))


def test_the_page_lifts_it(client):
    suspension = score(*[False] * 5)
    client.force_login(make_person("team_admin"))
    assert client.post(f"/safety/lift/{suspension.pk}/").status_code == 403
    client.force_login(make_person("administrator"))
    assert "less than 50 %" in client.get("/safety/").content.decode()
    assert client.post(f"/safety/lift/{suspension.pk}/").status_code == 302
    suspension.refresh_from_db()
    assert suspension.lifted_at
    assert client.post("/safety/lift/999999/").status_code == 404
