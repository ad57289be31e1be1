"""Schedules, overrides and policies are changed with checks and a trail."""

import json
from datetime import timedelta
from typing import Any

import pytest

from alerts.change.channels import delete_channel
from alerts.change.escalations import StepDraft, delete_policy, save_policy
from alerts.change.oncall import (
    LayerDraft,
    delete_override,
    delete_schedule,
    renew_feed,
    save_override,
    save_schedule,
)
from alerts.models import (
    EscalationPolicy,
    EscalationTarget,
    ImportedShift,
    Layer,
    Override,
    Schedule,
)
from alerts.oncall.words import parse_wall
from chronos.models import ChangeEvent
from opsportal.accounts.models import AuditEntry
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError, PayloadError
from tests.accounts.people import make_team
from tests.alerts.makers import JO, NOW, later, make_channel
from tests.alerts.paging import make_policy, make_schedule, person

pytestmark = pytest.mark.django_db
BY: Any = {"actor": JO, "now": NOW}
URL = "https://calendar.example.org/secret-token/basic.ics"


def draft(*people, **values) -> LayerDraft:
    defaults: dict[str, Any] = {
        "name": "weekly",
        "length": 1,
        "unit": "weeks",
        "starts_at": parse_wall("2026-01-05 09:00"),
    }
    return LayerDraft(**defaults | {"people": people} | values)


def last(model) -> Any:
    return model.objects.latest("pk")


def test_a_new_schedule_leaves_a_trail_without_its_secret():
    jo = person("jo")
    schedule = Schedule(name="primary", team=make_team("payments"), ical_url=URL)
    assert save_schedule(schedule, [draft(jo)], **BY)
    entry = last(AuditEntry)
    assert (entry.action, entry.actor, entry.target) == ("create", "jo", "primary")
    assert entry.after["layers"] == [
        {
            "name": "weekly",
            "rotation": "1w",
            "starts_at": "2026-01-05 09:00",
            "people": ["jo"],
            "hours": "",
        }
    ]
    change = ChangeEvent.objects.get()
    assert (change.what, change.team) == ("schedule.created", "payments")
    assert "secret-token" not in json.dumps([entry.after, change.data])
    assert not save_schedule(Schedule.objects.get(), [draft(jo)], **BY)


def test_another_calendar_forgets_the_old_ones_shifts_and_the_mask_keeps_it():
    jo = person("jo")
    schedule = make_schedule("primary", ical_url=URL, ical_error="gone")
    ImportedShift.objects.create(schedule=schedule, user=jo, starts_at=NOW, ends_at=later(hours=1))
    schedule.ical_url, schedule.description = MASK, "first"
    save_schedule(schedule, **BY)
    assert Schedule.objects.get().ical_url == URL
    assert ImportedShift.objects.exists()
    schedule.ical_url = ""
    save_schedule(schedule, **BY)
    assert (Schedule.objects.get().ical_error, ImportedShift.objects.count()) == ("", 0)


def test_changed_layers_replace_those_there_were():
    jo, sam = person("jo"), person("sam")
    schedule = Schedule(name="primary")
    save_schedule(schedule, [draft(jo)], **BY)
    kept = Layer.objects.get()
    schedule.description = "changed"
    save_schedule(schedule, **BY)
    assert Layer.objects.get() == kept
    save_schedule(schedule, [draft(jo, sam), draft(sam, name="office", hours="9:00-17:00")], **BY)
    assert [layer.name for layer in schedule.layers.all()] == ["weekly", "office"]


def test_a_schedule_that_is_asked_is_not_deleted_and_one_that_is_not_is():
    schedule = make_schedule("primary", person("jo"))
    policy = make_policy(None, (timedelta(0), schedule), name="p")
    with pytest.raises(ConflictError, match="asked by the escalation policies p"):
        delete_schedule(schedule, **BY)
    delete_policy(policy, **BY)
    assert last(AuditEntry).before["steps"] == [
        {"delay": "0s", "notify": [{"schedule": "primary"}]}
    ]
    delete_schedule(schedule, **BY)
    assert not Schedule.objects.exists()


def test_another_feed_ends_the_one_given_out():
    schedule = make_schedule()
    renew_feed(schedule, **BY)
    assert Schedule.objects.get().feed_number == schedule.feed_number == 2
    assert last(AuditEntry).action == "renew feed"


def test_an_override_is_kept_with_its_author():
    schedule, sam = make_schedule(), person("sam")
    override = Override(schedule=schedule, user=sam, starts_at=NOW, ends_at=later(hours=1))
    assert save_override(override, **BY)
    assert Override.objects.get().author == "jo"
    assert last(ChangeEvent).what == "override.created"
    override.ends_at = later(hours=2)
    assert save_override(override, **BY)
    assert not save_override(override, **BY)
    delete_override(override, **BY)
    assert last(AuditEntry).before["user"] == "sam"
    assert not Override.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (later(hours=2), later(hours=1), "after the start"),
        (later(hours=-2), later(hours=-1), "in the future"),
        (NOW, later(days=400), "at most a year"),
    ],
)
def test_an_override_has_sense(start, end, words):
    override = Override(schedule=make_schedule(), user=person("sam"), starts_at=start, ends_at=end)
    with pytest.raises(PayloadError, match=words):
        save_override(override, **BY)


def test_who_has_left_takes_nothing_over():
    left = person("sam", is_active=False)
    override = Override(schedule=make_schedule(), user=left, starts_at=NOW, ends_at=later(hours=1))
    with pytest.raises(PayloadError, match="sam has left"):
        save_override(override, **BY)


def test_a_policy_is_kept_with_its_steps_and_one_per_team():
    team, jo = make_team("payments"), person("jo")
    policy = EscalationPolicy(name="p", team=team)
    steps = [StepDraft(timedelta(minutes=5), [EscalationTarget(user=jo)])]
    assert save_policy(policy, steps, **BY)
    assert last(ChangeEvent).what == "escalation_policy.created"
    assert not save_policy(EscalationPolicy.objects.get(), steps, **BY)
    with pytest.raises(PayloadError, match="with this Team already exists"):
        save_policy(EscalationPolicy(name="q", team=team), steps, **BY)
    steps = [*steps, StepDraft(timedelta(0), [EscalationTarget(team=team)])]
    assert save_policy(policy, steps, **BY)
    assert [str(step) for step in policy.steps.all()] == ["step 1 of p", "step 2 of p"]


def test_a_channel_that_a_policy_tells_stays():
    channel = make_channel("ops")
    make_policy(None, (timedelta(0), channel), name="p")
    with pytest.raises(ConflictError, match="told by the escalation policies p"):
        delete_channel(channel, **BY)
