"""The worker is killed at a chosen moment; the lease runs out and another one comes."""

import pytest

from alerts.act import resolve_alert
from alerts.remediate import settle_remediation
from opsportal.accounts.models import AuditEntry
from opsportal.safety.models import JournalEntry
from tests.alerts.makers import NOW, later
from tests.alerts.remediating import JO, arm, make_wish, operation_of, step, story, walk

pytestmark = pytest.mark.django_db


class KilledError(BaseException):
    """As SIGKILL: nothing in between catches it."""


def _die(*args, **options):
    raise KilledError


class TestCrash:
    """The worker is killed at a chosen moment; the lease runs out and another one comes."""

    def test_between_intent_and_call_a_reboot_needs_a_person(self, cloud, pair, monkeypatch):
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        with monkeypatch.context() as patch:
            patch.setattr("alerts.remediations.ec2_reboot.Ec2Reboot.call", _die)
            with pytest.raises(KilledError):
                step()
        operation = walk(wish, later(minutes=16))
        assert operation.state == "unknown"
        assert cloud.asked("RebootInstances") == 0, "nothing is called blindly"
        assert "ended after it had announced" in operation.outcome
        assert operation.target_rows.get().holds, "nobody else touches it"
        assert walk(make_wish(pair[0]), later(minutes=17)).state == "refused"
        settle_remediation(wish, done=False, actor=JO, now=later(minutes=18))
        assert operation_of(wish).state == "failed"
        assert not operation.target_rows.get().holds
        assert AuditEntry.objects.filter(action="settle", actor="jo").exists()
        assert story(wish.alert) == ["planned", "unknown", "failed"]

    def test_after_the_call_a_termination_is_seen_and_not_repeated(self, cloud, monkeypatch):
        members = cloud.scaling_group("web", 3)
        arm("ec2_terminate")
        wish = make_wish(members[0], "ec2_terminate")
        with monkeypatch.context() as patch:
            patch.setattr("opsportal.safety.execute._Run.answer", _die)
            with pytest.raises(KilledError):
                step()
        assert cloud.state(members[0]) == "terminated"
        operation = walk(wish, later(minutes=16))
        assert operation.state == "done"
        assert cloud.asked("TerminateInstances") == 1

    def test_before_the_intent_it_is_done_by_the_next_worker(self, cloud, pair, monkeypatch):
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        with monkeypatch.context() as patch:
            patch.setattr("opsportal.safety.execute._announce", _die)
            with pytest.raises(KilledError):
                step()
        operation = walk(wish, later(minutes=16))
        assert operation.state == "done"
        assert operation.run == 2
        assert cloud.asked("RebootInstances") == 1

    def test_left_before_the_intent_it_is_not_done_for_an_alert_that_is_over(
        self, cloud, pair, monkeypatch
    ):
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        with monkeypatch.context() as patch:
            patch.setattr("opsportal.safety.execute._announce", _die)
            with pytest.raises(KilledError):
                step()
        resolve_alert(wish.alert_id, actor=JO, now=NOW)
        operation = walk(wish, later(minutes=16))
        assert (operation.state, operation.outcome) == ("stopped", "the alert is over")
        assert cloud.asked("RebootInstances") == 0

    def test_an_answer_that_is_not_heard_leaves_a_reboot_unknown(self, cloud, pair):
        arm("ec2_reboot")
        cloud.before("RebootInstances", lambda: "<broken/>")
        wish = make_wish(pair[0])
        operation = walk(wish)
        assert operation.state == "unknown"
        assert cloud.asked("RebootInstances") == 1, "the call that changes something: once"
        assert JournalEntry.objects.get(kind="answer").succeeded is None

    def test_a_refusal_by_the_cloud_is_a_failure(self, cloud, pair, monkeypatch):
        arm("ec2_reboot")
        monkeypatch.setattr(
            "alerts.remediations.ec2_reboot.Ec2Reboot.send",
            lambda client, instance: client.reboot_instances(InstanceIds=["i-0123456789abcdef0"]),
        )
        operation = walk(make_wish(pair[0]))
        assert operation.state == "failed"
        assert "InvalidInstanceID.NotFound" in operation.outcome
        assert JournalEntry.objects.get(kind="answer").succeeded is False
        assert not operation.target_rows.get().holds
