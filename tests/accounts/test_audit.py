"""The trail."""

import pytest

from alerts.models import Channel
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import audit_state, difference, record_audit
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_person, make_team

pytestmark = pytest.mark.django_db


def test_secrets_are_masked_and_a_change_of_one_still_shows():
    channel = Channel(name="x", kind="webhook")
    channel.settings = {"secret": "swordfish"}
    before = audit_state(channel)
    channel.settings = {"secret": "marlin"}
    after = audit_state(channel)
    assert "swordfish" not in str(before)
    assert list(difference(before, after)[0]) == ["settings"]
    person, (key, _) = make_person(), make_key("alerts:read")
    assert person.password not in str(audit_state(person))
    assert key.key_hash not in str(audit_state(key))


def test_an_entry_says_who_from_where_and_in_which_request():
    person, team = make_person(), make_team("payments")
    actor = Actor(person.username, person.pk, None, "192.0.2.7", "req-1")
    entry = record_audit(actor, "create", team, after=audit_state(team), now=utc_now())
    entry.refresh_from_db()
    assert (entry.user, entry.key, entry.actor) == (person, None, person.username)
    assert (entry.target_type, entry.target_id) == ("accounts.team", str(team.pk))
    assert (entry.address, entry.request_id) == ("192.0.2.7", "req-1")
    assert entry.before is None
    assert entry.after
    assert entry.after["name"] == "payments"


def test_an_entry_outlives_its_person():
    person, team = make_person(), make_team()
    entry = record_audit(Actor("ann", person.pk, None), "create", team, now=utc_now())
    person.delete()
    entry.refresh_from_db()
    assert (entry.user, entry.actor) == (None, "ann")
