"""Silences: what is refused, what a change makes of them, how they end."""

from datetime import timedelta

import pytest

from alerts.change import close_silence, end_silence, save_silence
from alerts.models import PolicyVersion, Silence
from chronos.models import ChangeEvent
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_team
from tests.alerts.makers import JO, NOW, later

pytestmark = pytest.mark.django_db
State = Silence.State


def make_silence(**values) -> Silence:
    defaults = {
        "match": 'service="billing"',
        "starts_at": NOW,
        "ends_at": later(hours=2),
        "comment": "moving the database",
    }
    return Silence(**defaults | values)


def save(silence: Silence, now=NOW, actor=JO) -> bool:
    return save_silence(silence, actor=actor, now=now)


def saved(**values) -> Silence:
    silence = make_silence(**values)
    assert save(silence)
    return silence


def complaints(silence: Silence, now=NOW) -> dict[str, str]:
    with pytest.raises(PayloadError) as caught:
        save(silence, now)
    return {error.field: error.message for error in caught.value.errors}


@pytest.mark.parametrize(
    "match",
    [
        "",
        "{}",
        'service=~".*"',
        'service!="billing"',
        'severity=~".*", service=~"a?"',
        'service!~"x"',
    ],
)
def test_one_that_matches_nearly_everything_is_refused(match):
    assert "nearly everything" in complaints(make_silence(match=match))["match"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"match": "service=="}, "match"),
        ({"comment": "  "}, "comment"),
        ({"ends_at": None}, "ends_at"),
        ({"starts_at": later(hours=3)}, "ends_at"),
        ({"starts_at": later(hours=2)}, "ends_at"),
        ({"starts_at": later(hours=-2), "ends_at": NOW}, "ends_at"),
        ({"ends_at": later(days=90, seconds=1)}, "ends_at"),
        ({"starts_at": later(days=80_000), "ends_at": later(days=80_001)}, "starts_at"),
        ({"recurrence": "FREQ=DAILY"}, "duration"),
        ({"recurrence": "FREQ=DAILY", "duration": timedelta(hours=1), "zone": "Mars"}, "zone"),
        ({"recurrence": "FREQ=SECONDLY", "duration": timedelta(hours=1)}, "recurrence"),
        (
            {"recurrence": "FREQ=DAILY", "duration": timedelta(1), "end_when_unmatched": True},
            "end_when_unmatched",
        ),
        ({"name": "n" * 101}, "name"),
        ({"comment": "c" * 1001}, "comment"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(values, field):
    assert field in complaints(make_silence(**values))


def test_the_longest_length_is_a_setting_and_not_for_recurring_ones(settings):
    settings.SILENCE_LONGEST = timedelta(days=1)
    assert "1d" in complaints(make_silence(ends_at=later(days=2)))["ends_at"]
    saved(recurrence="FREQ=WEEKLY", duration=timedelta(hours=1), ends_at=later(days=400))
    saved(recurrence="FREQ=WEEKLY", duration=timedelta(hours=1), ends_at=None)


def test_it_starts_now_at_the_earliest_and_its_author_is_who_made_it():
    silence = saved(starts_at=later(days=-3))
    assert silence.starts_at == NOW
    assert silence.author == "jo"
    assert silence.name.startswith("moving the database ")


def test_the_start_of_a_recurring_one_stays_as_it_says_the_time_of_day():
    start = later(days=-400)
    silence = saved(recurrence="rrule:freq=daily", duration=timedelta(hours=1), starts_at=start)
    assert silence.starts_at == start
    assert silence.recurrence == "FREQ=DAILY"


def test_all_of_it_is_kept_as_a_version_with_ids_in_the_trail_and_on_the_timeline():
    team = make_team("payments")
    silence = saved(team=team)
    version = PolicyVersion.objects.get(kind="silence", object_id=silence.pk)
    assert version.number == silence.version == 1
    assert version.state["ids"] == {"team": team.pk, "user": None}
    assert version.state["uuid"] == str(silence.uuid)
    for name in ("match", "starts_at", "ends_at", "recurrence", "zone", "duration", "ended_at"):
        assert name in version.state
    assert AuditEntry.objects.get().action == "create"
    assert ChangeEvent.objects.get().what == "silence.created"


def test_saving_what_is_there_leaves_no_trace():
    silence = saved()
    assert not save(silence, later(minutes=5))
    silence.starts_at = later(minutes=2)  # has begun, and what has begun stays
    assert not save(silence, later(minutes=5))
    assert PolicyVersion.objects.count() == AuditEntry.objects.count() == 1


def test_an_active_one_is_extended_in_place():
    silence = saved()
    silence.ends_at = later(hours=5)
    silence.match = ' {service = "billing"} '  # the same, said otherwise
    silence.noticed_at = later(minutes=1)
    assert save(silence, later(minutes=30))
    assert Silence.objects.get().pk == silence.pk
    assert silence.starts_at == NOW
    assert silence.noticed_at is None
    assert PolicyVersion.objects.first().number == silence.version == 2


@pytest.mark.parametrize(
    "change",
    [
        {"match": 'service="shop"'},
        {"starts_at": later(hours=1)},
        {"recurrence": "FREQ=DAILY", "duration": timedelta(hours=1)},
        {"team": "payments"},
    ],
)
def test_any_other_change_of_an_active_one_ends_it_and_makes_another(change):
    silence = saved()
    first, uuid, name = silence.pk, silence.uuid, silence.name
    if "team" in change:
        change = {"team": make_team(change["team"])}
    for field, value in change.items():
        setattr(silence, field, value)
    assert save(silence, later(minutes=30))
    old = Silence.objects.get(pk=first)
    assert old.uuid == uuid
    assert old.ended_at == later(minutes=30)
    assert silence.pk != first
    assert silence.uuid != uuid
    assert silence.name == name
    assert silence.version == 1
    assert Silence.objects.get(pk=silence.pk).ended_at is None
    assert PolicyVersion.objects.filter(object_id=first, removed=True).exists()


def test_a_pending_one_is_moved_in_place_and_one_that_is_over_is_made_anew():
    silence = saved(starts_at=later(hours=1))
    silence.starts_at = later(minutes=90)
    assert save(silence, later(minutes=5))
    assert Silence.objects.count() == 1
    silence.ends_at = later(hours=9)
    assert save(silence, later(hours=3))
    assert Silence.objects.count() == 2
    assert silence.starts_at == later(hours=3)


def test_one_that_is_refused_leaves_the_old_one_alone():
    silence = saved()
    silence.match, silence.comment = 'service="shop"', ""
    complaints(silence)
    assert Silence.objects.get().ended_at is None


def test_an_end_is_kept_and_comes_once():
    silence = saved()
    assert end_silence(silence, actor=JO, now=later(hours=1))
    assert not end_silence(silence, actor=JO, now=later(hours=1))
    stored = Silence.objects.get()
    assert stored.ended_at == silence.ended_at == later(hours=1)
    assert stored.state_at(later(hours=1)) == State.EXPIRED
    version = PolicyVersion.objects.first()
    assert version.removed
    assert version.state["ended_at"]
    assert [entry.action for entry in AuditEntry.objects.all()] == ["end", "create"]
    assert ChangeEvent.objects.order_by("-pk")[0].what == "silence.ended"


def test_a_name_is_one_silences_until_it_is_over():
    silence = saved(name="night")
    assert "name" in str(complaints(make_silence(name="night")))
    again = make_silence(name="night", ends_at=later(hours=9))
    assert save(again, later(hours=3))
    silence.refresh_from_db()
    assert silence.ended_at == silence.ends_at


def test_one_whose_time_has_run_out_is_closed_with_its_own_end():
    silence = saved()
    close_silence(silence, now=later(hours=1))
    assert Silence.objects.get().ended_at is None
    close_silence(silence, now=later(hours=3))
    assert Silence.objects.get().ended_at == later(hours=2)
    assert AuditEntry.objects.first().actor == "opsportal"


def test_its_state_is_computed():
    once = saved(starts_at=later(hours=1))
    states = [once.state_at(later(hours=hours)) for hours in (0, 1, 2)]
    assert states == [State.PENDING, State.ACTIVE, State.EXPIRED]
    daily = saved(recurrence="FREQ=DAILY", duration=timedelta(hours=1), ends_at=later(days=2))
    states = [daily.state_at(later(hours=hours)) for hours in (0, 1, 24, 25, 48)]
    assert states == [State.ACTIVE, State.PENDING, State.ACTIVE, State.PENDING, State.EXPIRED]
