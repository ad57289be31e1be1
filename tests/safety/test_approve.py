"""A person's word."""

import pytest

from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.safety.approve import approve_operation, reject_operation, settle_operation
from opsportal.safety.execute import execute_operation
from opsportal.safety.models import Approval
from opsportal.safety.plan import plan_operation
from opsportal.safety.stop import stop_file
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import NOW
from tests.safety.executors import JO, request_for


@pytest.fixture
def waiting(armed):
    return plan_operation(request_for("a", needs_approval=True), armed, actor=JO, now=NOW)


def word(deed, operation, user, plan_hash=""):
    actor = Actor(user.username, user.pk, None)
    return deed(operation.pk, plan_hash or operation.plan_hash, user=user, actor=actor, now=NOW)


def test_without_it_nothing_is_done(armed, waiting):
    with pytest.raises(ConflictError, match="waiting for approval"):
        execute_operation(waiting.pk, armed, actor=JO, now=NOW)
    assert armed.called == []


def test_with_it_it_is_done(armed, waiting):
    word(approve_operation, waiting, make_person("responder"))
    assert execute_operation(waiting.pk, armed, actor=JO, now=NOW).state == "done"


def test_a_word_is_given_once(waiting):
    user = make_person("administrator")
    word(approve_operation, waiting, user)
    for deed in (approve_operation, reject_operation):
        with pytest.raises(ConflictError, match="not waiting"):
            word(deed, waiting, user)


@pytest.mark.parametrize("role", ["viewer", ""])
def test_who_may_not_respond_may_not_approve(waiting, role):
    with pytest.raises(ForbiddenError):
        word(approve_operation, waiting, make_person(role))


def test_a_teams_plan_is_approved_by_the_team(armed):
    team = make_team()
    request = request_for("a", needs_approval=True, team_id=team.pk)
    operation = plan_operation(request, armed, actor=JO, now=NOW)
    with pytest.raises(ForbiddenError):
        word(approve_operation, operation, make_person("team_admin"))
    word(approve_operation, operation, make_person("responder", team))


def test_the_approval_of_another_plan_is_none(armed, waiting):
    word(approve_operation, waiting, make_person("administrator"))
    Approval.objects.update(plan_hash="0" * 64)
    assert execute_operation(waiting.pk, armed, actor=JO, now=NOW).state == "refused"
    assert armed.called == []


def test_stopped_nothing_is_approved(waiting, data_dir):
    stop_file().touch()
    with pytest.raises(ConflictError, match="stopped"):
        word(approve_operation, waiting, make_person("administrator"))


def test_only_what_is_unknown_is_settled(waiting):
    with pytest.raises(ConflictError):
        settle_operation(waiting.pk, done=True, actor=JO, now=NOW)
