"""What waits for a person, and their word."""

import pytest

from alerts.act import resolve_alert
from alerts.models import Transition
from alerts.remediate import approve_remediation, reject_remediation
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, ForbiddenError
from tests.accounts.people import make_team
from tests.alerts.makers import NOW, later, make_alert
from tests.alerts.remediating import JO, approve, arm, make_wish, operation_of, step, story, walk

pytestmark = pytest.mark.django_db


class TestApproval:
    def test_it_waits_and_then_goes_on(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0], approval="required")
        assert walk(wish).state == "waiting_approval"
        assert walk(wish, later(minutes=5)).state == "waiting_approval"
        assert cloud.asked("RebootInstances") == 0
        user = approve(wish, now=later(minutes=6))
        assert walk(wish, later(minutes=6)).state == "done"
        assert cloud.asked("RebootInstances") == 1
        assert story(wish.alert) == ["waiting for approval", "approved", "done"]
        approved = Transition.objects.get(kind="remediated", after="approved")
        assert approved.user == user
        assert AuditEntry.objects.filter(action="approve", user=user).exists()

    def test_a_wrong_hash_approves_nothing(self, cloud, pair):
        wish = make_wish(pair[0], approval="required")
        walk(wish)
        with pytest.raises(ConflictError, match="hash"):
            approve(wish, plan_hash="0" * 64)
        assert operation_of(wish).state == "waiting_approval"

    def test_a_key_cannot_approve(self, cloud, pair):
        wish = make_wish(pair[0], approval="required")
        operation = walk(wish)
        with pytest.raises(ForbiddenError, match="person"):
            approve_remediation(
                wish, operation.plan_hash, user=None, actor=Actor("key k", None, 1), now=NOW
            )

    def test_another_teams_responder_cannot_approve(self, cloud, pair):
        alert = make_alert(resource=pair[0], region="eu-west-1", team=make_team())
        wish = make_wish(alert=alert, approval="required")
        walk(wish)
        with pytest.raises(ForbiddenError, match="team"):
            approve(wish, "responder")
        approve(wish, "responder", team=alert.team)

    def test_rejected_it_is_not_done(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0], approval="required")
        operation = walk(wish)
        reject_remediation(
            wish, operation.plan_hash, user=None, actor=JO, now=NOW, note="not today"
        )
        assert walk(wish).state == "refused"
        assert "not today" in operation_of(wish).outcome
        assert cloud.asked("RebootInstances") == 0

    def test_expired_it_is_not_done(self, cloud, pair):
        wish = make_wish(pair[0], approval="required", parameters={"approve_within": "10m"})
        walk(wish)
        with pytest.raises(ConflictError, match="expired"):
            approve(wish, now=later(minutes=10))
        assert walk(wish, later(minutes=10)).state == "expired"
        assert wish.state == "done"

    def test_approved_and_then_expired_it_is_not_done(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0], approval="required")
        walk(wish)
        approve(wish)
        assert walk(wish, later(hours=2)).state == "expired"
        assert cloud.asked("RebootInstances") == 0

    def test_changed_after_the_approval_it_is_not_done(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0], approval="required")
        operation = walk(wish)
        approve(wish)
        operation.calls[0]["arguments"]["InstanceIds"] = [pair[1]]
        type(operation).objects.filter(pk=operation.pk).update(calls=operation.calls)
        assert walk(wish).state == "refused"
        assert cloud.asked("RebootInstances") == 0

    @pytest.mark.parametrize("change", ["resolved", "disabled", "deleted", "dropped", "leashed"])
    def test_what_is_no_longer_wanted_is_withdrawn(self, cloud, pair, change):
        arm("ec2_reboot")
        wish = make_wish(pair[0], approval="required")
        walk(wish)
        approve(wish)
        if change == "resolved":
            resolve_alert(wish.alert_id, actor=JO, now=NOW)
        elif change == "disabled":
            type(wish.rule).objects.update(enabled=False)
        elif change == "dropped":
            wish.rule.actions.all().delete()
        elif change == "leashed":
            wish.rule.actions.update(dry_run=True)
        else:
            wish.rule.delete()
        assert walk(wish).state == "stopped"
        assert cloud.asked("RebootInstances") == 0


def test_a_rule_that_asks_for_approval_by_now_does_nothing_without(cloud, pair):
    arm("ec2_reboot")
    wish = make_wish(pair[0])
    wish.rule.actions.update(approval="required")
    step()
    assert "asks for approval by now" in wish.alert.transitions.get(kind="remediated").note
    assert cloud.asked("RebootInstances") == 0
