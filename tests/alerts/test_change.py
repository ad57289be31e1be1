"""Rules and channels are changed with checks, an audit entry and a change on the timeline."""

import json
from typing import Any

import pytest

from alerts.change import delete_channel, delete_rule, save_channel, save_rule
from alerts.models import Channel, Rule, RuleAction
from chronos.models import ChangeEvent
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError, PayloadError
from tests.alerts.makers import JO, NOW, make_alert, make_channel, make_notification, make_rule

pytestmark = pytest.mark.django_db
BY: Any = {"actor": JO, "now": NOW}
SECRET = "hush-hush"


def last(model) -> Any:
    return model.objects.latest("pk")


def hook(name="hook", **changes) -> Channel:
    settings: Any = {"url": "https://hooks.example.org/T0/token", "secret": SECRET} | changes
    return Channel(name=name, kind="webhook", settings=settings)


def complaint(caught) -> list[str]:
    return [error.field for error in caught.value.errors]


def test_a_new_channel_leaves_a_trail_without_its_secrets():
    team = Team.objects.create(name="payments")
    channel = hook()
    channel.team = team
    assert save_channel(channel, **BY)
    assert Channel.objects.get().settings["secret"] == SECRET
    entry = last(AuditEntry)
    assert (entry.action, entry.actor, entry.before) == ("create", "jo", None)
    assert entry.after["team"] == "payments"
    change = ChangeEvent.objects.get()
    assert (change.what, change.actor, change.team) == ("channel.created", "jo", "payments")
    assert change.subject == f"alerts.channel:{channel.pk}"
    assert (change.started_at, change.ended_at, change.recorded_at) == (NOW, NOW, NOW)
    for trail in (entry.after, change.data):
        assert SECRET not in json.dumps(trail)
        assert "token" not in json.dumps(trail)


def test_saving_what_is_so_already_changes_nothing():
    save_channel(hook(), **BY)
    channel = Channel.objects.get()
    assert not save_channel(channel, **BY)
    assert AuditEntry.objects.count() == ChangeEvent.objects.count() == 1


def test_a_changed_secret_is_seen_in_the_trail_but_not_told():
    save_channel(hook(), **BY)
    channel = Channel.objects.get()
    channel.settings = channel.settings | {"secret": "other"}
    assert save_channel(channel, **BY)
    entry = last(AuditEntry)
    assert entry.before["settings"]["secret"] != entry.after["settings"]["secret"]
    change = last(ChangeEvent)
    assert (change.what, change.title) == (
        "channel.changed",
        "Channel hook was changed: settings",
    )
    assert "other" not in json.dumps([entry.after, change.data])


def test_a_masked_secret_stays_as_it_was():
    save_channel(hook(), **BY)
    channel = Channel.objects.get()
    channel.settings = {"url": "https://new.example.org/", "secret": MASK}
    save_channel(channel, **BY)
    assert Channel.objects.get().settings == {
        "url": "https://new.example.org/",
        "secret": SECRET,
    }


def test_settings_that_are_not_right_are_refused_field_by_field():
    with pytest.raises(PayloadError) as caught:
        save_channel(hook(url="nonsense", colour="red"), **BY)
    assert sorted(complaint(caught)) == ["settings.colour", "settings.url"]
    with pytest.raises(PayloadError) as caught:
        save_channel(Channel(name="x", kind="pigeon"), **BY)
    assert complaint(caught) == ["kind"]
    with pytest.raises(PayloadError) as caught:
        save_channel(hook(name=""), **BY)
    assert complaint(caught) == ["name"]
    assert Channel.objects.count() == AuditEntry.objects.count() == 0


def test_a_name_is_taken_once():
    save_channel(hook(), **BY)
    with pytest.raises(PayloadError) as caught:
        save_channel(hook(), **BY)
    assert complaint(caught) == ["name"]


def test_a_channel_that_a_rule_uses_or_that_has_told_somebody_stays():
    channel = make_channel()
    rule = make_rule("all", "", channel)
    with pytest.raises(ConflictError, match="used by: all"):
        delete_channel(channel, **BY)
    delete_rule(rule, **BY)
    note = make_notification(make_alert(), channel)
    with pytest.raises(ConflictError, match="Disable it"):
        delete_channel(channel, **BY)
    note.delete()
    delete_channel(channel, **BY)
    assert not Channel.objects.exists()
    kinds = [change.what for change in ChangeEvent.objects.order_by("pk")]
    assert kinds == ["rule.deleted", "channel.deleted"]
    assert last(AuditEntry).before["name"] == "ops"


def actions(*made: RuleAction) -> list[RuleAction]:
    return list(made)


def test_a_rule_is_stored_with_its_actions_in_order():
    channel = make_channel()
    rule = Rule(name="billing", match='{service="billing"}', stop=True)
    save_rule(
        rule,
        actions(
            RuleAction(kind="set", field="severity", value="critical"),
            RuleAction(kind="notify", channel=channel),
            RuleAction(kind="suppress", value="night"),
        ),
        **BY,
    )
    stored = Rule.objects.get()
    assert [str(action) for action in stored.actions.all()] == [
        "set severity critical",
        "notify ops",
        "suppress  night",
    ]
    assert last(AuditEntry).after["actions"] == [
        {"set": {"severity": "critical"}},
        {"notify": "ops"},
        {"suppress": "night"},
    ]
    assert ChangeEvent.objects.get().what == "rule.created"
    again = [
        RuleAction(kind=a.kind, field=a.field, value=a.value, channel=a.channel)
        for a in stored.actions.all()
    ]
    assert not save_rule(stored, again, **BY)
    stored.order = 7
    assert save_rule(stored, **BY)
    assert stored.actions.count() == 3
    assert save_rule(stored, [], **BY)
    assert stored.actions.count() == 0
    change = last(ChangeEvent)
    assert change.title == "Rule billing was changed: actions"
    assert change.data["after"] == {"actions": []}


def test_a_matcher_that_cannot_be_read_is_refused_with_its_column():
    with pytest.raises(PayloadError, match="column") as caught:
        save_rule(Rule(name="x", match="{service="), [], **BY)
    assert complaint(caught) == ["match"]


@pytest.mark.parametrize(
    "action",
    [
        RuleAction(kind="notify"),
        RuleAction(kind="suppress", value=" "),
        RuleAction(kind="set", field="colour", value="red"),
        RuleAction(kind="set", field="severity", value="awful"),
        RuleAction(kind="set", field="team", value="nobody"),
        RuleAction(kind="set", field="runbook_url", value="javascript:alert(1)"),
        RuleAction(kind="set", field="service", value="x" * 201),
        RuleAction(kind="explode"),
    ],
)
def test_an_action_that_makes_no_sense_is_refused(action):
    with pytest.raises(PayloadError) as caught:
        save_rule(Rule(name="x"), [RuleAction(kind="suppress", value="ok"), action], **BY)
    assert complaint(caught) == ["actions.1"]
    assert not Rule.objects.exists()
