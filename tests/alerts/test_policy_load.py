"""The policy as it is and as it was: loaded once, and never out of date."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.change import save_channel, save_rule
from alerts.models import (
    Channel,
    Inhibition,
    PolicyVersion,
    Rule,
    RuleAction,
    Silence,
    Subscription,
)
from alerts.policy import load_policy, policy_at
from alerts.policy.states import rule_policy
from opsportal.accounts.models import Team, User
from tests.alerts.makers import JO, NOW, later, make_channel, make_rule
from tests.alerts.policies import decide

pytestmark = pytest.mark.django_db


def told(policy, **labels) -> list[str]:
    return [telling.name for telling in decide(policy, labels, now=NOW).tellings]


def test_while_nothing_changes_it_costs_one_query():
    make_rule("all", "", make_channel())
    first = load_policy()
    with CaptureQueriesContext(connection) as queries:
        assert load_policy() is first
    assert len(queries) == 1


def test_loading_costs_the_same_however_much_there_is():
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            load_policy()
        return len(queries)

    team, user = Team.objects.create(name="payments"), User.objects.create(username="jo")

    def make(number: int) -> None:
        channel = make_channel(f"c{number}", team=team, user=user)
        make_rule(f"r{number}", "", channel, team=team)
        Subscription.objects.create(name=f"s{number}", user=user, channel=channel)
        Silence.objects.create(match='{a="b"}', starts_at=NOW, ends_at=later(hours=1), team=team)
        Inhibition.objects.create(name=f"i{number}", team=team)

    make(0)
    few = cost()
    for number in range(1, 10):
        make(number)
    assert cost() == few <= 9


def test_every_deed_is_seen_at_once():
    channel = Channel(name="ops", kind="email", settings={"to": ["ops@example.org"]})
    save_channel(channel, actor=JO, now=NOW)
    rule = Rule(name="all")
    save_rule(rule, [RuleAction(kind="notify", channel=channel)], actor=JO, now=NOW)
    assert told(load_policy()) == ["ops"]
    channel.enabled = False
    save_channel(channel, actor=JO, now=NOW)
    assert told(load_policy()) == []
    channel.enabled = True
    save_channel(channel, actor=JO, now=NOW)
    assert told(load_policy()) == ["ops"]
    rule.match = '{service="other"}'
    save_rule(rule, actor=JO, now=NOW)
    assert told(load_policy()) == []


def test_what_changes_without_a_version_is_seen_too():
    team, user = Team.objects.create(name="payments"), User.objects.create(username="jo")
    make_rule("own", "", ("suppress", "quiet"), team=team)
    own = make_channel("jo's", user=user)
    Subscription.objects.create(name="jo", user=user)
    foreign = {"team": "billing"}
    assert told(load_policy(), **foreign) == ["jo's"]
    assert decide(load_policy(), foreign, now=NOW).suppressed == ""
    # The team is called so now: its rule may hush.
    Team.objects.filter(pk=team.pk).update(name="billing")
    assert decide(load_policy(), foreign, now=NOW).suppressed == "rule own: quiet"
    Team.objects.filter(pk=team.pk).update(name="payments")
    assert decide(load_policy(), foreign, now=NOW).suppressed == ""
    # A rule of nobody's is everybody's.
    team.delete()
    assert decide(load_policy(), foreign, now=NOW).suppressed == "rule own: quiet"
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert told(load_policy()) == []
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert told(load_policy()) == ["jo's"]
    own.delete()
    [telling] = decide(load_policy(), now=NOW).tellings
    assert (telling.channel, telling.user) == (None, user.pk)
    user.delete()
    assert decide(load_policy(), now=NOW).tellings == []


def test_a_version_committed_late_is_seen_although_its_number_is_lower():
    rule = make_rule("all", "", make_channel())
    PolicyVersion.objects.create(
        id=50, kind="rule", object_id=999, number=1, state={}, removed=True, at=NOW, actor="x"
    )
    assert told(load_policy()) == ["ops"]
    Rule.objects.filter(pk=rule.pk).update(match='{service="other"}')
    PolicyVersion.objects.create(
        id=49, kind="rule", object_id=rule.pk, number=2, state={}, at=NOW, actor="x"
    )
    assert told(load_policy()) == []


def test_the_versions_that_are_kept_are_what_is_asked():
    channel, team = make_channel(), Team.objects.create(name="payments")
    rule = Rule(name="all", group_by=["service"], team=team, active_times="09:00-17:00")
    actions = [
        RuleAction(kind="notify", channel=channel),
        RuleAction(kind="page", team=team),
        RuleAction(kind="set", field="severity", value="high"),
        RuleAction(kind="suppress", value="quiet"),
    ]
    save_rule(rule, actions, actor=JO, now=NOW)
    kept = PolicyVersion.objects.get(kind="rule")
    stored = Rule.objects.get(pk=rule.pk)
    assert kept.state == rule_policy(stored, list(stored.actions.order_by("position")))
    assert load_policy().facts.rules == policy_at(kept.pk).facts.rules


def test_the_policy_as_it_stood_knows_nothing_of_what_came_later():
    first, second = (
        Channel(name=name, kind="email", settings={"to": ["ops@example.org"]})
        for name in ("first", "second")
    )
    for channel in (first, second):
        save_channel(channel, actor=JO, now=NOW)
    rule = Rule(name="all")
    save_rule(rule, [RuleAction(kind="notify", channel=first)], actor=JO, now=NOW)
    then = load_policy().version
    save_rule(rule, [RuleAction(kind="notify", channel=second)], actor=JO, now=NOW)
    new = Rule(name="new")
    save_rule(new, [RuleAction(kind="notify", channel=first)], actor=JO, now=NOW)
    assert told(policy_at(then)) == ["first"]
    assert told(load_policy()) == ["second", "first"]
    assert told(policy_at(load_policy().version)) == ["second", "first"]
    assert policy_at(then).version == then < load_policy().version


def test_what_never_had_a_version_is_taken_as_it_is():
    make_rule("old", "", make_channel())
    assert told(policy_at(0)) == ["ops"]
