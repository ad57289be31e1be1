"""Channels and rules in configuration files."""

import pytest
import yaml

from alerts.channel_admin import ChannelForm
from alerts.escalation_admin import PolicyForm
from alerts.models import (
    Alert,
    Channel,
    MessageTemplate,
    Notification,
    Rule,
    RuleAction,
    Transition,
)
from alerts.oncall_admin import ScheduleForm
from alerts.policy_forms import HeartbeatForm, InhibitionForm, SilenceForm, SubscriptionForm
from alerts.rule_form import RuleForm
from alerts.template_admin import TemplateForm
from chronos.models import ChangeEvent
from opsportal.accounts.models import AuditEntry, Team, User
from opsportal.lib.configfile import export_config
from opsportal.lib.confignode import ConfigError
from opsportal.lib.registry import plugins
from tests.alerts.configuring import FILE, NOW, apply

pytestmark = pytest.mark.django_db


def clear():
    Rule.objects.all().delete()
    Channel.objects.all().delete()
    Team.objects.all().delete()


def test_a_file_makes_channels_and_rules():
    apply(FILE)
    hook = Channel.objects.get(name="hook")
    assert hook.settings == {"url": "https://example.org/hook", "secret": "open sesame"}
    mail = Channel.objects.get(name="mail")
    assert (mail.enabled, mail.team.name) == (False, "payments")
    rule = Rule.objects.get(name="tell payments")
    assert [str(action) for action in rule.actions.all()] == [
        "set severity high",
        "set team payments",
        "notify mail",
        "notify hook",
        "set runbook_url https://example.org/runbook",
    ]
    assert Rule.objects.get(name="quiet staging").stop


def test_a_file_says_how_channels_behave_whatever_their_order():
    User.objects.create_user("ada")
    text = """
templates:
- {name: short, subject: "{{ summary }}", body: "{{ name }}"}
channels:
- {name: a, kind: email, settings: {to: [a@example.org]}, fallback: b, rate_limit: 30}
- {name: b, kind: email, settings: {to: [b@example.org]}, fallback: a, template: short, user: ada}
"""
    apply(text)
    one, other = Channel.objects.order_by("name")
    assert (one.fallback, one.rate_limit, other.fallback) == (other, 30, one)
    assert (other.template.name, other.user.username) == ("short", "ada")
    assert apply(text).difference == ""
    exported = export_config()
    assert apply(exported).difference == ""
    apply("channels: [{name: a, fallback: null, rate_limit: null}]")
    one.refresh_from_db()
    assert (one.fallback, one.rate_limit) == (None, None)
    apply("channels: []\ntemplates: []", prune=True)
    assert not Channel.objects.exists()
    assert not MessageTemplate.objects.exists()


def test_a_second_run_changes_nothing():
    apply(FILE)
    entries, changes = AuditEntry.objects.count(), ChangeEvent.objects.count()
    assert changes == 4
    assert apply(FILE).difference == ""
    assert (AuditEntry.objects.count(), ChangeEvent.objects.count()) == (entries, changes)


def test_the_export_of_an_import_is_the_same_text():
    apply(FILE)
    text = export_config()
    wanted = yaml.safe_load(FILE.replace("open sesame", "'***'"))
    stored = yaml.safe_load(text)
    assert {slug: stored[slug] for slug in wanted} == wanted
    clear()
    apply(text.replace("'***'", "open sesame"))
    assert export_config() == text
    assert apply(text).difference == ""


def test_an_exported_secret_keeps_what_is_stored():
    apply(FILE)
    apply(export_config().replace("/hook", "/other"))
    assert Channel.objects.get(name="hook").settings == {
        "url": "https://example.org/other",
        "secret": "open sesame",
    }


def test_an_exported_secret_needs_a_stored_one():
    apply(FILE)
    text = export_config()
    clear()
    with pytest.raises(ConfigError) as caught:
        apply(text)
    assert caught.value.message.startswith("channels[0].settings.secret: ")
    assert "none is stored" in caught.value.message


def test_a_changed_secret_is_seen_but_not_shown():
    apply(FILE)
    outcome = apply(FILE.replace("open sesame", "close sesame"))
    assert "secret: secret " in outcome.difference
    assert "sesame" not in outcome.difference
    assert Channel.objects.get(name="hook").settings["secret"] == "close sesame"


def test_settings_that_are_absent_stay_and_null_removes():
    apply(FILE)
    apply("channels: [{name: hook, settings: {url: 'https://example.org/new'}}]")
    assert Channel.objects.get(name="hook").settings["secret"] == "open sesame"
    apply("channels: [{name: hook, settings: {secret: null}}]")
    assert Channel.objects.get(name="hook").settings == {"url": "https://example.org/new"}


def test_keys_that_are_absent_stay_untouched():
    apply(FILE)
    apply("rules: [{name: tell payments, enabled: false}]")
    rule = Rule.objects.get(name="tell payments")
    assert (rule.enabled, rule.order, rule.actions.count()) == (False, 2, 5)
    apply("rules: [{name: tell payments, team: null, actions: []}]")
    rule = Rule.objects.get(name="tell payments")
    assert (rule.team, rule.actions.count()) == (None, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channels: [{name: x}]", "channels[0]: kind is missing"),
        ("channels: [{name: x, kind: fax}]", 'channels[0].kind: no kind of channel "fax"; write'),
        ("channels: [{name: x, kind: email}]", "channels[0].settings.to: this is needed"),
        (
            "channels: [{name: x, kind: email, settings: {to: [a@example.org], cc: x}}]",
            "channels[0].settings.cc: unknown; known are to",
        ),
        (
            "channels: [{name: x, kind: webhook, settings: {url: 'ftp://x'}}]",
            "channels[0].settings.url: Only http:// and https://",
        ),
        ("channels: [{name: x, kind: webhook, settings: {url: 5}}]", "settings.url: write a text"),
        (
            "channels: [{name: x, kind: email, settings: {to: [a@b.c]}, team: nope}]",
            'channels[0].team: no team "nope"; add it under teams',
        ),
        ("templates: [{name: x, body: '{% load y %}'}]", "templates[0].body: Invalid block tag"),
        (
            "channels: [{name: x, kind: email, settings: {to: [a@b.co]}, fallback: y}]",
            'channels[0].fallback: no channel "y"; add it under channels',
        ),
        (
            "channels: [{name: x, kind: email, settings: {to: [a@b.co]}, template: y}]",
            'channels[0].template: no template "y"; add it under templates',
        ),
        (
            "channels: [{name: x, kind: email, settings: {to: [a@b.co]}, user: y}]",
            'channels[0].user: no user "y"',
        ),
        (
            "channels: [{name: x, kind: email, settings: {to: [a@b.co]}, rate_limit: 0}]",
            "channels[0].rate_limit: from 1 to",
        ),
        ("rules: [{name: x, match: 'a='}, {name: y, match: nonsense}]", "rules[1].match: Match"),
        ("rules: [{name: x, order: -1}]", "rules[0].order: write a whole number"),
        ("rules: [{name: x, order: true}]", "rules[0].order: write a whole number"),
        ("rules: [{name: x, stop: 1}]", "rules[0].stop: write true or false"),
        (
            "rules: [{name: x, actions: [{page: x}]}]",
            'rules[0].actions[0].page: no team "x"; add it under teams',
        ),
        (
            "rules: [{name: x, actions: [{notify: nobody}]}]",
            'rules[0].actions[0].notify: no channel "nobody"; add it under channels',
        ),
        (
            "rules: [{name: x, actions: [{notify: a, suppress: b}]}]",
            "rules[0].actions[0]: write one of notify, suppress, set",
        ),
        (
            "rules: [{name: x, actions: [{set: {service: a, severity: awful}}]}]",
            "rules[0].actions[0].set.severity: the severity is one of critical",
        ),
        ("rules: [{name: x, actions: [{set: {team: nope}}]}]", "actions[0].set.team: there is no"),
        ("rules: [{name: x, actions: [{set: {colour: no}}]}]", "actions[0].set.colour: unknown"),
        ("rules: [{name: x, actions: [{suppress: ''}]}]", "actions[0].suppress: the text is empty"),
    ],
)
def test_a_complaint_says_where_and_what_to_do(text, message):
    with pytest.raises(ConfigError) as caught:
        apply(text)
    assert message in caught.value.message
    assert not Channel.objects.exists()
    assert not Rule.objects.exists()


def test_pruning_removes_rules_before_the_channels_they_use():
    apply(FILE)
    apply("teams: []\nchannels: []\nrules: []", prune=True)
    assert not Rule.objects.exists()
    assert not Channel.objects.exists()
    assert not Team.objects.exists()


def test_pruning_a_channel_that_a_rule_still_uses_is_refused():
    apply(FILE)
    with pytest.raises(ConfigError, match=r'channels, removing "hook": .*tell payments'):
        apply("channels: []", prune=True)
    assert Channel.objects.count() == 2


def test_pruning_a_channel_that_has_told_somebody_disables_it():
    apply(FILE)
    channel = Channel.objects.get(name="hook")
    alert = Alert.objects.create(
        dedup_key="k", name="n", severity="high", received_severity="high", content_hash="x",
        starts_at=NOW, received_at=NOW, last_received_at=NOW,
    )  # fmt: skip
    transition = Transition.objects.create(alert=alert, kind="opened", at=NOW)
    Notification.objects.create(
        alert=alert,
        transition=transition,
        channel=channel,
        about="high",
        created_at=NOW,
        due_at=NOW,
    )
    RuleAction.objects.all().delete()
    apply("channels: []", prune=True)
    assert [found.name for found in Channel.objects.all()] == ["hook"]
    assert not Channel.objects.get().enabled


def test_what_the_pages_can_set_a_file_can_set():
    team = {field.name for field in Team._meta.fields if field.editable and field.name != "id"}
    pages = {
        "teams": team | {"members"},
        "channels": {*ChannelForm.Meta.fields, "kind", "settings"},
        "templates": set(TemplateForm.Meta.fields),
        "rules": {*RuleForm.Meta.fields, "actions"},
        "schedules": {*ScheduleForm.Meta.fields, "ical_url", "layers"},
        "escalations": {*PolicyForm.Meta.fields, "repeat_after", "steps"},
        "subscriptions": {*SubscriptionForm.Meta.fields},
        "silences": {*SilenceForm.Meta.fields},
        "inhibitions": {*InhibitionForm.Meta.fields},
        "heartbeats": {*HeartbeatForm.Meta.fields},
    }
    keys = {slug: set(found.keys) for slug, found in plugins("CONFIG_SECTIONS").items()}
    assert {slug: keys[slug] for slug in pages} == pages
