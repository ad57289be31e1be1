"""Each brake of EC2 refuses, and says why."""

import pytest

from alerts.remediate import approve_remediation
from alerts.remediations.ec2 import find_instance
from alerts.remediations.ec2_reboot import Ec2Reboot
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import PayloadError
from opsportal.safety.plugins import RefusedError
from tests.accounts.people import make_person
from tests.alerts.makers import NOW, later, make_alert, make_rule
from tests.alerts.moto import ACCOUNT, REGION
from tests.alerts.remediating import arm, make_wish, step, walk

INSTANCE = "i-0123456789abcdef0"


@pytest.fixture
def armed(db, cloud):
    arm("ec2_reboot", "ec2_terminate")
    return cloud


@pytest.fixture
def pair(armed):
    return armed.launch(2, remediate="all", group="web")


def approve(wish, operation) -> None:
    user = make_person("administrator")
    actor = Actor(user.username, user.pk, None)
    approve_remediation(wish, operation.plan_hash, user=user, actor=actor, now=NOW)


def refused(cloud, wish, word: str, now=NOW) -> None:
    """It is refused, for that reason, and nothing was called."""
    calls = cloud.asked("RebootInstances") + cloud.asked("TerminateInstances")
    operation = walk(wish, now)
    assert operation.state == "refused"
    assert word in operation.outcome
    assert cloud.asked("RebootInstances") + cloud.asked("TerminateInstances") == calls


class TestInstance:
    @pytest.mark.parametrize(
        ("facts", "found"),
        [
            ({"resource": INSTANCE, "region": REGION}, (INSTANCE, REGION, "")),
            ({"labels": {"instance_id": INSTANCE, "region": REGION}}, (INSTANCE, REGION, "")),
            ({"labels": {"instance": INSTANCE}, "region": REGION}, (INSTANCE, REGION, "")),
            (
                {"resource": f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{INSTANCE}"},
                (INSTANCE, REGION, ACCOUNT),
            ),
            (
                {"resource": INSTANCE, "region": REGION, "labels": {"instance": "10.0.0.1:9100"}},
                (INSTANCE, REGION, ""),
            ),
        ],
    )
    def test_is_found(self, facts, found):
        assert find_instance(facts, {}) == found

    @pytest.mark.parametrize(
        ("facts", "word"),
        [
            ({"resource": "web-1", "region": REGION}, "no instance"),
            ({"resource": "i-0123456789ABCDEF0", "region": REGION}, "no instance"),
            ({"resource": f"{INSTANCE}\n", "region": REGION}, "no instance"),
            ({"resource": f"{INSTANCE},i-0123456789abcdef1", "region": REGION}, "no instance"),
            (
                {"resource": INSTANCE, "labels": {"instance": "i-0123456789abcdef1"}},
                "several instances",
            ),
            ({"resource": INSTANCE, "region": REGION, "labels": {"region": "us-east-1"}}, "region"),
            ({"resource": INSTANCE, "labels": {"account_id": "x"}, "region": REGION}, "no account"),
            ({"resource": INSTANCE, "region": "eu-west-1a"}, "is no region"),
            ({"resource": INSTANCE, "region": "eu-west-1; x"}, "is no region"),
        ],
    )
    def test_is_refused(self, facts, word):
        with pytest.raises(RefusedError, match=word):
            find_instance(facts, {})

    def test_without_a_region_the_only_one_allowed_is_meant(self, settings):
        settings.REMEDIATE_REGIONS = [REGION]
        assert find_instance({"resource": INSTANCE}, {})[1] == REGION
        settings.REMEDIATE_REGIONS = [REGION, "us-east-1"]
        with pytest.raises(RefusedError, match="region"):
            find_instance({"resource": INSTANCE}, {})


class TestBrakes:
    def test_an_instance_that_is_not_there(self, armed):
        refused(armed, make_wish(INSTANCE), "there is no instance")

    def test_no_opt_in_tag(self, armed):
        refused(armed, make_wish(armed.launch(2, group="web")[0]), "opsportal:remediate")

    def test_the_opt_in_tag_is_for_something_else(self, armed):
        instance = armed.launch(2, group="web", remediate="terminate")[0]
        refused(armed, make_wish(instance), "'terminate'")

    @pytest.mark.parametrize("value", ["", "true", "false"])
    def test_the_protected_tag_beats_all(self, armed, pair, value):
        armed.tag(pair[0], "opsportal:protected", value)
        refused(armed, make_wish(pair[0]), "not protected")

    def test_a_tag_that_changes_between_plan_and_call(self, armed, pair):
        wish = make_wish(pair[0], approval="required")
        approve(wish, walk(wish))
        armed.tag(pair[0], "opsportal:protected", "yes")
        refused(armed, wish, "not protected", later(minutes=1))

    def test_a_group_that_changes_between_plan_and_call(self, armed, pair):
        wish = make_wish(pair[0], approval="required")
        approve(wish, walk(wish))
        armed.launch(2, group="other")
        armed.tag(pair[0], "opsportal:group", "other")
        refused(armed, wish, "still the same group", later(minutes=1))

    @pytest.mark.parametrize("accounts", [[], ["999999999999"]])
    def test_the_account_is_not_allowed(self, armed, pair, settings, accounts):
        settings.REMEDIATE_ACCOUNTS = accounts
        refused(armed, make_wish(pair[0]), "OPSPORTAL_REMEDIATE_ACCOUNTS")

    @pytest.mark.parametrize("regions", [[], ["us-east-1"]])
    def test_the_region_is_not_allowed(self, armed, pair, settings, regions):
        settings.REMEDIATE_REGIONS = regions
        refused(armed, make_wish(pair[0]), "OPSPORTAL_REMEDIATE_REGIONS")

    def test_the_alert_is_of_another_account(self, armed, pair, settings):
        settings.REMEDIATE_ACCOUNTS = [ACCOUNT, "999999999999"]
        wish = make_wish(pair[0], parameters={"account": "999999999999"})
        refused(armed, wish, f"the credentials are of account {ACCOUNT}")

    def test_a_role_of_another_account_is_assumed(self, armed, settings):
        other = "999999999999"
        settings.REMEDIATE_ACCOUNTS = [other]
        settings.REMEDIATE_ROLES = [f"arn:aws:iam::{other}:role/opsportal"]
        refused(armed, make_wish(INSTANCE, parameters={"account": other}), "there is no instance")
        assert armed.asked("AssumeRole") == 1

    def test_an_instance_that_does_not_run(self, armed, pair):
        armed.client("ec2").stop_instances(InstanceIds=[pair[0]])
        refused(armed, make_wish(pair[0]), "the instance is stopped")

    def test_the_last_healthy_member_of_a_tagged_group(self, armed, pair):
        armed.client("ec2").stop_instances(InstanceIds=[pair[1]])
        refused(armed, make_wish(pair[0]), "0 healthy besides")

    def test_a_group_by_tag_means_exactly_its_value(self, armed):
        instance = armed.launch(1, remediate="all", group="w*")[0]
        armed.launch(2, remediate="all", group="web")
        refused(armed, make_wish(instance), "0 healthy besides")

    def test_the_last_healthy_member_of_a_scaling_group(self, armed):
        members = armed.scaling_group("web", 2)
        armed.client("autoscaling").set_instance_health(
            InstanceId=members[1], HealthStatus="Unhealthy"
        )
        refused(armed, make_wish(members[0], "ec2_terminate"), "0 healthy besides")

    def test_the_last_healthy_member_of_a_target_group(self, armed):
        balancing = armed.client("elbv2")
        vpc = armed.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        made = balancing.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        members = armed.scaling_group("web", 2, targets=[arn])
        assert walk(make_wish(members[0])).state == "done"
        balancing.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": members[0]}])
        wish = make_wish(members[1])
        refused(armed, wish, "the target group", later(minutes=1))

    def test_more_peers_can_be_asked_for(self, armed, pair):
        refused(armed, make_wish(pair[0], parameters={"min_healthy": 2}), "min_healthy is 2")

    def test_without_a_group_it_is_refused_unless_none_is_needed(self, armed):
        instance = armed.launch(1, remediate="all")[0]
        refused(armed, make_wish(instance), "its peers are not known")
        wish = make_wish(instance, parameters={"min_healthy": 0})
        assert walk(wish).state == "done"

    @pytest.mark.parametrize(
        "action",
        [
            "GetCallerIdentity",
            "DescribeInstances",
            "DescribeAutoScalingInstances",
            "DescribeInstanceStatus",
        ],
    )
    def test_a_look_that_fails_is_a_refusal(self, armed, pair, action):
        armed.before(action, lambda: "<broken/>")
        refused(armed, make_wish(pair[0]), "could not be checked"
                if action == "DescribeInstanceStatus" else "no plan could be made")  # fmt: skip
        armed.before(action, lambda: None)

    def test_a_cloud_that_is_not_there_is_a_refusal(self, armed, pair, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        refused(armed, make_wish(pair[0]), "no plan could be made")


class TestCaps:
    def launch(self, cloud, number: int) -> list[str]:
        return [
            cloud.launch(2, remediate="all", group=f"group-{place}")[0] for place in range(number)
        ]

    def test_of_a_rule_stop_the_next(self, armed, settings):
        settings.REMEDIATE_LIMITS = settings.REMEDIATE_LIMITS | {"percent": 100}
        rule, limits = make_rule("busy"), {"max_per_rule": 1, "max_percent": 100}
        first, second, third = self.launch(armed, 3)
        assert walk(make_wish(first, rule=rule, parameters=limits)).state == "done"
        refused(armed, make_wish(second, rule=rule, parameters=limits), "cap per rule")
        refused(armed, make_wish(third, rule=rule, parameters=limits), "cap per rule")
        again = make_wish(third, rule=rule, parameters=limits)
        assert walk(again, later(minutes=61)).state == "done"

    def test_of_the_fleet_hold_for_all_rules(self, armed, settings):
        settings.REMEDIATE_LIMITS = settings.REMEDIATE_LIMITS | {"fleet": 2, "percent": 100}
        limits = {"max_percent": 100}
        first, second, third = self.launch(armed, 3)
        assert walk(make_wish(first, parameters=limits)).state == "done"
        assert walk(make_wish(second, "ec2_terminate", parameters=limits)).state == "done"
        refused(armed, make_wish(third, parameters=limits), "cap of the fleet")

    def test_by_percent_allow_one_however_small_the_fleet(self, armed):
        first, second = self.launch(armed, 2)
        assert walk(make_wish(first)).state == "done"
        refused(armed, make_wish(second), "percentage of the fleet")

    def test_cooldown(self, armed, pair):
        wish = make_wish(pair[0], parameters={"clear_within": "1m"})
        assert walk(wish).state == "done"
        step(later(minutes=2))
        limits = {"max_percent": 10, "cooldown": "2h"}
        wish = make_wish(pair[0], parameters=limits)
        refused(armed, wish, "cooldown", later(minutes=65))
        assert walk(make_wish(pair[0]), later(minutes=65)).state == "done"

    def test_nothing_else_runs_on_the_target(self, armed, pair):
        waiting = make_wish(pair[0], approval="required")
        assert walk(waiting).state == "waiting_approval"
        refused(armed, make_wish(pair[0], "ec2_terminate"), "nothing else on the target")

    def test_two_of_a_group_are_not_acted_on_at_once(self, armed):
        members = armed.scaling_group("web", 3)
        waiting = make_wish(members[0], approval="required")
        assert walk(waiting).state == "waiting_approval"
        refused(armed, make_wish(members[1]), "nothing else in the group")

    def test_simulations_do_not_count_against_what_is_done(self, armed, pair):
        dry = make_wish(pair[0], dry_run=True)
        assert walk(dry).state == "simulated"
        refused(armed, make_wish(pair[0], dry_run=True), "cooldown")
        assert walk(make_wish(pair[0])).state == "done"


class TestParameters:
    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"cooldown": "1m"}, "cooldown"),
            ({"cooldown": 30}, "cooldown"),
            ({"max_per_rule": 11}, "max_per_rule"),
            ({"max_per_rule": True}, "max_per_rule"),
            ({"max_fleet": 0}, "max_fleet"),
            ({"max_percent": 11}, "max_percent"),
            ({"min_healthy": -1}, "min_healthy"),
            ({"clear_within": "2d"}, "clear_within"),
            ({"region": "Europe"}, "region"),
            ({"account": 123456789012}, "account"),
            ({"force": True}, "force"),
        ],
    )
    def test_what_is_out_of_bounds_is_told(self, given, field):
        with pytest.raises(PayloadError) as raised:
            Ec2Reboot.clean(given)
        assert [error.field for error in raised.value.errors] == [field]

    def test_what_is_right_stays_as_it_is(self):
        given = {"cooldown": "45m", "max_per_rule": 2, "min_healthy": 0, "region": "eu-west-1"}
        assert Ec2Reboot.clean(given) == given

    def test_a_bound_that_becomes_stricter_refuses(self, armed, pair, settings):
        wish = make_wish(pair[0], parameters={"max_per_rule": 9})
        settings.REMEDIATE_LIMITS = settings.REMEDIATE_LIMITS | {"per_rule": 2}
        refused(armed, wish, "its limits are beyond the allowed")

    def test_another_kind_of_alert_names_no_instance(self, armed):
        refused(armed, make_wish(alert=make_alert(resource="db-1")), "no instance")
