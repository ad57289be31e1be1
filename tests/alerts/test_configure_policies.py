"""Subscriptions, silences, inhibitions and heartbeats in configuration files."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from alerts.change import save_silence
from alerts.models import (
    Channel,
    Heartbeat,
    Inhibition,
    PolicyVersion,
    Silence,
    Subscription,
)
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import mask_secret
from opsportal.accounts.models import Team, User
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import ConfigError

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db
FILE = """\
teams:
- name: payments
  members: []
channels:
- name: mail
  kind: email
  settings:
    to:
    - a@example.org
  team: payments
rules: []
subscriptions:
- name: ada hears of all
  user: ada
  match: service=~"pay.*"
  digest: every 30m
  quiet_hours: 22:00-07:00
  min_severity: warning
  zone: Europe/Berlin
  tell_resolved: false
- name: payments hear of theirs
  team: payments
  enabled: false
  channel: mail
silences:
- name: nightly backup
  match: service="backup"
  comment: the nightly run
  starts_at: '2025-12-01T21:00:00.000000Z'
  recurrence: FREQ=DAILY
  zone: Europe/Berlin
  duration: 2h
- name: the move
  match: service="billing"
  comment: moving the database
  starts_at: '2026-01-02T12:00:00.000000Z'
  ends_at: '2026-01-02T14:00:00.000000Z'
  team: payments
  end_when_unmatched: true
inhibitions:
- name: host down
  source_match: name="HostDown"
  target_match: severity=~"low|warning"
  equal:
  - host
- name: later
  source_match: name="A"
  target_match: name="B"
  team: payments
  enabled: false
heartbeats:
- name: backup
  interval: 1d
  grace: 1h30m
  severity: critical
  service: backup
  environment: prod
  labels:
    db: main
  team: payments
  enabled: false
- name: watchdog
  interval: 5m
  grace: 1m
  severity: high
"""
MODELS = (Subscription, Silence, Inhibition, Heartbeat, Channel, Team)


def apply(text, now=NOW, **options):
    deed = Deed(COMMAND_LINE, now)
    return apply_config(text.encode(), deed=deed, mask=mask_secret, **options)


def exported() -> str:
    """Without the sections that the file does not have."""
    root = yaml.safe_load(export_config())
    assert not any(root[slug] for slug in root.keys() - yaml.safe_load(FILE).keys())
    lines = export_config().splitlines(keepends=True)
    skipped = tuple(f"{slug}: []" for slug in root if f"\n{slug}:" not in "\n" + FILE)
    return "".join(line for line in lines if not line.startswith(("#", *skipped)))


@pytest.fixture(autouse=True)
def _ada():
    User.objects.create(username="ada")


def test_the_export_of_an_import_is_the_same_text_and_applies_again():
    apply(FILE)
    assert exported() == FILE
    versions = PolicyVersion.objects.count()
    assert apply(FILE).difference == ""
    assert PolicyVersion.objects.count() == versions
    for model in MODELS:
        model.objects.all().delete()
    apply(FILE)
    assert exported() == FILE


def test_keys_that_are_absent_stay_and_null_empties():
    apply(FILE)
    apply("subscriptions: [{name: ada hears of all}]\nheartbeats: [{name: backup}]")
    apply("silences: [{name: the move}]\ninhibitions: [{name: host down}]")
    assert exported() == FILE
    apply("subscriptions: [{name: ada hears of all, digest: null, quiet_hours: null, zone: null}]")
    found = Subscription.objects.get(user__isnull=False)
    assert (found.digest, found.quiet_hours, found.zone) == ("", "", "UTC")
    apply("heartbeats: [{name: backup, labels: null, service: null, team: null, grace: 90}]")
    backup = Heartbeat.objects.get(name="backup")
    assert (backup.labels, backup.service, backup.team) == ({}, "", None)
    assert backup.grace == timedelta(seconds=90)
    apply("inhibitions: [{name: host down, equal: null}]")
    assert Inhibition.objects.get(name="host down").equal == []


def test_a_subscription_changes_hands():
    apply(FILE)
    apply("subscriptions: [{name: ada hears of all, team: payments, channel: mail}]")
    found = Subscription.objects.get(name="ada hears of all")
    assert (found.user, found.team.name) == (None, "payments")
    apply("subscriptions: [{name: ada hears of all, user: ada, channel: null}]")
    found.refresh_from_db()
    assert (found.user.username, found.team) == ("ada", None)


def test_times_need_no_quotes():
    apply(FILE.replace("'", ""))
    assert exported() == FILE


def test_a_file_may_go_on_naming_what_is_over():
    apply(FILE)
    during = datetime(2026, 1, 2, 13, tzinfo=UTC)
    assert apply(FILE, now=during).difference == ""  # it has begun
    after = datetime(2026, 1, 3, tzinfo=UTC)
    apply(FILE, now=after)
    assert Silence.objects.filter(name="the move").count() == 1
    assert apply(FILE, now=after).left == {}
    Silence.objects.all().delete()
    apply(FILE, now=after)
    assert not Silence.objects.filter(name="the move").exists()


def test_an_end_that_is_moved_into_the_past_ends_it():
    apply(FILE)
    apply("silences: [{name: nightly backup, ends_at: 2025-12-31T00:00:00Z}]")
    assert Silence.objects.get(name="nightly backup").ended_at == NOW


def test_a_silence_of_a_person_is_exported_under_the_name_it_was_given():
    silence = Silence(match='a="b"', comment="why", starts_at=NOW, ends_at=NOW + timedelta(days=1))
    save_silence(silence, actor=COMMAND_LINE, now=NOW)
    text = exported()
    assert silence.name in text
    assert apply(text).difference == ""


def test_pruning_removes_them_and_ends_silences():
    apply(FILE)
    apply("subscriptions: []\nsilences: []\ninhibitions: []\nheartbeats: []", prune=True)
    for model in (Subscription, Inhibition, Heartbeat):
        assert not model.objects.exists()
    assert set(Silence.objects.values_list("ended_at", flat=True)) == {NOW}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("silences: [{name: x, match: '', comment: c, ends_at: 2026-02-01}]", r"silences\[0\]"),
        ("silences: [{name: x, match: a=b, comment: c}]", r"silences\[0\]\.ends_at"),
        ("silences: [{name: x, starts_at: soon}]", r"silences\[0\]\.starts_at"),
        ("silences: [{name: x, duration: long}]", r"silences\[0\]\.duration"),
        (
            "silences: [{name: x, match: a=b, comment: c, duration: 1h, recurrence: FREQ=NEVER}]",
            r"silences\[0\]\.recurrence",
        ),
        ("subscriptions: [{name: x}]", r"subscriptions\[0\]"),
        ("subscriptions: [{name: x, user: nobody}]", r"subscriptions\[0\]\.user"),
        ("subscriptions: [{name: x, user: ada, channel: c}]", r"subscriptions\[0\]\.channel"),
        ("subscriptions: [{name: x, user: ada, digest: often}]", r"subscriptions\[0\]\.digest"),
        ("inhibitions: [{name: x}]", r"inhibitions\[0\]\.source_match"),
        ("inhibitions: [{name: x, equal: host}]", r"inhibitions\[0\]\.equal"),
        ("heartbeats: [{name: x}]", r"heartbeats\[0\]: interval"),
        ("heartbeats: [{name: x, interval: 1}]", r"heartbeats\[0\]\.interval"),
        ("heartbeats: [{name: x, interval: 5m, labels: [a]}]", r"heartbeats\[0\]\.labels"),
        ("heartbeats: [{name: x, interval: 5m, labels: {a: 1}}]", r"heartbeats\[0\]\.labels\.a"),
    ],
)
def test_a_complaint_says_where(text, place):
    with pytest.raises(ConfigError, match=place):
        apply(text)
