"""A wish of a rule walks from plan to score, in a cloud that answers over HTTP."""

from datetime import timedelta

import pytest

from alerts.act import resolve_alert
from alerts.models import Alert, Remediation, Transition
from alerts.remediate import approve_remediation, reject_remediation, settle_remediation
from chronos.models import ChangeEvent
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.safety.leash import set_leash
from opsportal.safety.models import GLOBAL, JournalEntry, Suspension
from opsportal.safety.stop import stop_everything
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import NOW, later, make_alert, make_rule
from tests.alerts.remediating import JO, arm, make_wish, operation_of, step, story, walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(cloud):
    """Two instances of one group that may be rebooted and terminated."""
    return cloud.launch(2, remediate="all", group="web")


def kinds(operation) -> list[str]:
    return list(operation.journal.exclude(kind="note").values_list("kind", flat=True))


def approve(wish, role="administrator", now=NOW, plan_hash="", **person):
    user = make_person(role, **person)
    actor = Actor(user.username, user.pk, None)
    wanted = plan_hash or operation_of(wish).plan_hash
    approve_remediation(wish, wanted, user=user, actor=actor, now=now)
    return user


class TestLocks:
    @pytest.mark.parametrize("missing", ["everything", "plug-in", "rule"])
    def test_each_of_the_three_locks_makes_a_simulation(self, cloud, pair, missing):
        if missing != "everything":
            set_leash(GLOBAL, armed=True, actor=JO, now=NOW)
        if missing != "plug-in":
            set_leash("ec2_reboot", armed=True, actor=JO, now=NOW)
        wish = make_wish(pair[0], dry_run=missing == "rule")
        operation = walk(wish)
        assert operation.state == "simulated"
        assert {"everything": "everything", "plug-in": "ec2_reboot", "rule": "dry_run"}[
            missing
        ] in operation.outcome
        assert cloud.asked("RebootInstances") == 0
        assert kinds(operation) == ["simulated"]
        assert story(wish.alert) == ["planned", "simulated"]
        assert wish.state == "done"

    def test_a_lock_that_closes_after_the_plan_stops_it(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0], approval="required")
        walk(wish)
        approve(wish)
        set_leash("ec2_reboot", armed=False, actor=JO, now=NOW)
        assert walk(wish).state == "simulated"
        assert cloud.asked("RebootInstances") == 0

    def test_a_plan_made_as_a_simulation_stays_one(self, cloud, pair):
        wish = make_wish(pair[0], approval="required")
        assert walk(wish).dry_run
        arm("ec2_reboot")
        approve(wish)
        assert walk(wish).state == "simulated"
        assert cloud.asked("RebootInstances") == 0


class TestReboot:
    def test_a_dry_run_first_and_then_for_real(self, cloud, pair):
        dry = make_wish(pair[0])
        assert walk(dry).state == "simulated"
        assert cloud.asked("RebootInstances") == 0
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        operation = walk(wish)
        assert operation.state == "done"
        assert cloud.asked("RebootInstances") == 1
        assert kinds(operation) == ["intent", "answer"]
        assert story(wish.alert) == ["planned", "done"]
        assert wish.state == "due", "whether it helped is looked at later"

    def test_each_step_is_on_the_timeline(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        operation = walk(wish)
        resolve_alert(wish.alert_id, actor=JO, now=later(minutes=2))
        step(later(minutes=3))
        events = ChangeEvent.objects.filter(subject=f"safety.operation:{operation.pk}")
        assert list(events.order_by("pk").values_list("kind", flat=True)) == [
            "operation.planned",
            "operation.executing",
            "operation.done",
            "operation.helped",
        ]
        assert events.first().service == "web"
        assert pair[0] in events.first().summary

    def test_it_helped_when_the_alert_clears_in_time(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        walk(wish)
        assert walk(wish, later(minutes=1)).score is None, "not yet known"
        resolve_alert(wish.alert_id, actor=JO, now=later(minutes=2))
        operation = walk(wish, later(minutes=3))
        assert operation.score == 1
        assert story(wish.alert)[-1] == "cleared"
        assert wish.state == "done"
        assert not operation.target_rows.filter(holds=True).exists()

    def test_it_did_not_help_when_it_fires_on(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0], parameters={"clear_within": "5m"})
        walk(wish)
        assert walk(wish, later(minutes=4)).score is None
        operation = walk(wish, later(minutes=5))
        assert operation.score == 0
        assert story(wish.alert)[-1] == "not cleared"

    def test_an_alert_that_only_expired_proves_nothing(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        walk(wish)
        Alert.objects.filter(pk=wish.alert_id).update(
            status="resolved", resolved_at=later(minutes=2)
        )
        Transition.objects.create(alert=wish.alert, kind="expired", at=later(minutes=2))
        assert walk(wish, later(minutes=10)).score == 0

    def test_the_instance_must_be_well_afterwards(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0])
        walk(wish)
        cloud.client("ec2").stop_instances(InstanceIds=[pair[0]])
        resolve_alert(wish.alert_id, actor=JO, now=later(minutes=2))
        operation = walk(wish, later(minutes=10))
        assert operation.score == 0
        assert "the instance is stopped" in operation.outcome


class TestTerminate:
    def test_for_real(self, cloud):
        members = cloud.scaling_group("web", 2)
        arm("ec2_terminate")
        wish = make_wish(members[0], "ec2_terminate")
        assert walk(wish).state == "done"
        assert cloud.state(members[0]) == "terminated"
        resolve_alert(wish.alert_id, actor=JO, now=later(minutes=1))
        assert walk(wish, later(minutes=2)).score == 1

    def test_leashed_it_lives(self, cloud):
        members = cloud.scaling_group("web", 2)
        assert walk(make_wish(members[0], "ec2_terminate")).state == "simulated"
        assert cloud.state(members[0]) == "running"


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


class TestSwitch:
    def test_it_stops_what_is_asked_for(self, cloud, pair):
        arm("ec2_reboot")
        stop_everything("fire", actor=JO, now=NOW)
        wish = make_wish(pair[0])
        operation = walk(wish)
        assert operation.state == "stopped"
        assert "fire" in operation.outcome
        assert cloud.asked("GetCallerIdentity") == 0, "not even a look"

    def test_what_waited_is_over(self, cloud, pair):
        arm("ec2_reboot")
        wish = make_wish(pair[0], approval="required")
        walk(wish)
        stop_everything("fire", actor=JO, now=NOW)
        operation = walk(wish, later(minutes=1))
        assert operation.state == "stopped"
        assert story(wish.alert) == ["waiting for approval", "stopped"]
        assert wish.state == "done"


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


class TestScore:
    def test_a_rule_that_helps_too_seldom_is_suspended_and_says_so(self, cloud, settings):
        settings.REMEDIATE_LIMITS = settings.REMEDIATE_LIMITS | {"percent": 100}
        arm("ec2_reboot")
        rule = make_rule("hopeless")
        limits = {"max_per_rule": 10, "clear_within": "1m", "max_percent": 100}
        now = NOW
        for number in range(5):
            instance, _ = cloud.launch(2, remediate="all", group=f"g{number}")
            wish = make_wish(instance, rule=rule, parameters=limits)
            Remediation.objects.filter(pk=wish.pk).update(due_at=now)
            assert walk(wish, now).state == "done", operation_of(wish).outcome
            assert not Suspension.objects.exists()
            now += timedelta(minutes=30)
            assert walk(wish, now).score == 0
        suspension = Suspension.objects.get()
        assert suspension.requester == f"alerts.rule:{rule.pk}"
        alert = Alert.objects.get(name="RemediationSuspended")
        assert "hopeless" in alert.summary
        wish = make_wish(cloud.launch(2, remediate="all", group="z")[0], rule=rule)
        operation = walk(wish, now)
        assert operation.state == "refused"
        assert "0 of the last 5 helped" in operation.outcome


class TestWish:
    def test_an_unknown_plug_in_is_told_and_buried(self):
        wish = make_wish("i-0123456789abcdef0", "nonsense")
        step()
        wish.refresh_from_db()
        assert wish.state == "dead"
        assert story(wish.alert) == ["refused"]

    def test_another_teams_rule_does_nothing_to_an_alert(self, cloud):
        rule = make_rule("theirs", team=make_team())
        wish = make_wish(alert=make_alert(team=make_team()), rule=rule)
        step()
        wish.refresh_from_db()
        assert wish.operation is None
        assert wish.state == "done"
        assert story(wish.alert) == ["refused"]
