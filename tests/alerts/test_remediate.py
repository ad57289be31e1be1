"""A wish of a rule walks from plan to score, in a cloud that answers over HTTP."""

from datetime import timedelta

import pytest

from alerts.act import resolve_alert
from alerts.models import Alert, Remediation, Transition
from chronos.models import ChangeEvent
from opsportal.safety.leash import set_leash
from opsportal.safety.models import GLOBAL, Suspension
from opsportal.safety.stop import stop_everything
from tests.accounts.people import make_team
from tests.alerts.makers import NOW, later, make_alert, make_rule
from tests.alerts.remediating import JO, approve, arm, make_wish, operation_of, step, story, walk

pytestmark = pytest.mark.django_db


def kinds(operation) -> list[str]:
    return list(operation.journal.exclude(kind="note").values_list("kind", flat=True))


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
        assert [event.what for event in events.order_by("pk")] == [
            "operation.planned",
            "operation.executing",
            "operation.done",
            "operation.helped",
        ]
        assert events.first().service == "web"
        assert pair[0] in events.first().title

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
