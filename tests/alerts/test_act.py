"""What people do with an episode."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from alerts.act import (
    acknowledge_alert,
    act_on_alerts,
    add_note,
    assign_alert,
    resolve_alert,
    snooze_alert,
    unacknowledge_alert,
    unsnooze_alert,
)
from alerts.models import Alert, Decision, Transition
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, PayloadError
from tests.alerts.makers import JO, NOW, later, make_alert

pytestmark = pytest.mark.django_db
BY: Any = {"actor": JO, "now": NOW}


def last_transition() -> Transition:
    return Transition.objects.latest("pk")


def test_an_acknowledgement_has_an_actor_a_note_and_an_audit_entry():
    user = get_user_model().objects.create(username="jo")
    alert = make_alert()
    actor = Actor("jo", user.pk, None, "127.0.0.1", "r1")
    acknowledged = acknowledge_alert(alert.pk, actor=actor, now=NOW, note=" on it ")
    assert acknowledged.status == "acknowledged"
    found = last_transition()
    assert (found.kind, found.before, found.after) == ("acknowledged", "firing", "acknowledged")
    assert (found.actor, found.user, found.note, found.at) == ("jo", user, "on it", NOW)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.user, entry.target_id) == ("acknowledge", user, str(alert.pk))
    assert (entry.before, entry.after) == (
        {"value": "firing"},
        {"value": "acknowledged", "note": "on it"},
    )
    assert Decision.objects.count() == 0


def test_what_is_so_already_is_a_conflict_that_names_the_state():
    alert = make_alert()
    with pytest.raises(ConflictError, match="is firing"):
        unacknowledge_alert(alert.pk, **BY)
    acknowledge_alert(alert.pk, **BY)
    with pytest.raises(ConflictError, match="already acknowledged"):
        acknowledge_alert(alert.pk, **BY)
    unacknowledge_alert(alert.pk, **BY)
    with pytest.raises(ConflictError, match="not snoozed"):
        unsnooze_alert(alert.pk, **BY)
    with pytest.raises(ConflictError, match="already assigned to nobody"):
        assign_alert(alert.pk, None, **BY)
    resolve_alert(alert.pk, **BY)
    for deed in (acknowledge_alert, unacknowledge_alert, resolve_alert, unsnooze_alert):
        with pytest.raises(ConflictError, match="resolved since 2026-03-01T12:00:00"):
            deed(alert.pk, **BY)
    with pytest.raises(ConflictError):
        snooze_alert(alert.pk, later(hours=1), **BY)
    assert Transition.objects.count() == AuditEntry.objects.count() == 3


def test_what_does_not_exist_is_not_found():
    with pytest.raises(Alert.DoesNotExist):
        acknowledge_alert(4711, **BY)


def test_a_resolve_by_hand_ends_the_episode_and_is_routed():
    alert = make_alert(status="acknowledged", snoozed_until=later(hours=1))
    resolve_alert(alert.pk, **BY)
    alert.refresh_from_db()
    assert (alert.status, alert.resolved_at, alert.snoozed_until) == ("resolved", NOW, None)
    decision = Decision.objects.get()
    assert (decision.transition.kind, decision.due_at) == ("resolved", NOW)
    assert decision.transition.before == "acknowledged"


def test_an_alert_is_assigned_to_active_people_only():
    ann = get_user_model().objects.create(username="ann")
    gone = get_user_model().objects.create(username="gone", is_active=False)
    alert = make_alert()
    assert assign_alert(alert.pk, ann.pk, **BY).assignee == ann
    assert (last_transition().before, last_transition().after) == ("", "ann")
    with pytest.raises(ConflictError, match="already assigned to ann"):
        assign_alert(alert.pk, ann.pk, **BY)
    for nobody in (gone.pk, 4711):
        with pytest.raises(PayloadError) as caught:
            assign_alert(alert.pk, nobody, **BY)
        assert caught.value.errors[0].field == "user"
    assign_alert(alert.pk, None, **BY)
    assert (last_transition().before, last_transition().after) == ("ann", "")


def test_a_snooze_has_an_end_in_the_future_and_can_be_moved_and_ended():
    alert = make_alert()
    for wrong in (NOW, later(days=400), later(hours=1).replace(tzinfo=None)):
        with pytest.raises(PayloadError):
            snooze_alert(alert.pk, wrong, **BY)
    snooze_alert(alert.pk, later(hours=1), **BY)
    with pytest.raises(ConflictError):
        snooze_alert(alert.pk, later(hours=1), **BY)
    assert snooze_alert(alert.pk, later(hours=2), **BY).snoozed_until == later(hours=2)
    assert unsnooze_alert(alert.pk, **BY).snoozed_until is None
    assert (last_transition().kind, last_transition().actor) == ("woken", "jo")
    assert Decision.objects.count() == 0


def test_notes_are_kept_on_past_episodes_too():
    alert = make_alert(status="resolved", resolved_at=NOW)
    add_note(alert.pk, "it was the disk", **BY)
    assert (last_transition().kind, last_transition().note) == ("noted", "it was the disk")
    for wrong in ("", "  ", "\0", "x" * 10_001):
        with pytest.raises(PayloadError):
            add_note(alert.pk, wrong, **BY)


def test_many_at_once_are_each_answered_in_their_order():
    free, taken = make_alert(), make_alert(status="acknowledged")
    answers = act_on_alerts("acknowledge", [taken.pk, 4711, free.pk, free.pk], **BY)
    assert [(pk, outcome) for pk, outcome, _ in answers] == [
        (taken.pk, "conflict"),
        (4711, "not_found"),
        (free.pk, "done"),
    ]
    assert "already acknowledged" in answers[0][2]
    assert act_on_alerts("note", [free.pk], note="", **BY)[0][1] == "invalid"
    with pytest.raises(PayloadError):
        act_on_alerts("explode", [free.pk], **BY)
    with pytest.raises(PayloadError):
        act_on_alerts("resolve", list(range(2000)), **BY)


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_is_told_of_the_conflict():
    alert = make_alert()
    together = threading.Barrier(2, timeout=10)
    outcomes = []

    def acknowledge():
        together.wait()
        try:
            acknowledge_alert(alert.pk, actor=JO, now=NOW + timedelta(seconds=1))
            outcomes.append("done")
        except ConflictError:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=acknowledge) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "done"]
    assert Transition.objects.count() == 1
