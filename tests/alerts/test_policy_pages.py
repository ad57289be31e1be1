"""The pages of silences, inhibitions, subscriptions and heartbeats."""

from datetime import timedelta

import pytest
from django.urls import reverse

from alerts.change import save_silence
from alerts.models import Heartbeat, Inhibition, Silence, Subscription
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import JO, make_alert, make_channel

pytestmark = pytest.mark.django_db
ADD = reverse("admin:alerts_silence_add")
FORM = {
    "match": 'service="billing"',
    "comment": "moving the database",
    "starts_at": "+0s",
    "ends_at": "+2h",
    "zone": "UTC",
}


def make_silence(**values) -> Silence:
    now = utc_now()
    defaults = {
        "match": 'service="billing"',
        "comment": "c",
        "starts_at": now,
        "ends_at": now + timedelta(hours=2),
    }
    silence = Silence(**defaults | values)
    save_silence(silence, actor=JO, now=now)
    return silence


def complaints(response) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


# Silences


def test_a_preview_shows_what_it_would_hit_and_stores_nothing(client, login):
    login("administrator")
    now = utc_now()
    make_alert(summary="the disk is full", received_at=now, starts_at=now)
    answer = client.post(ADD, FORM | {"_preview": "1"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "What it would hold back" in text
    assert "1 open alert" in text
    assert "the disk is full" in text
    assert 'value="moving the database"' in text
    assert not Silence.objects.exists()


def test_a_preview_of_what_is_not_right_says_so_instead(client, login):
    login("administrator")
    answer = client.post(ADD, FORM | {"_preview": "1", "match": 'service=~".*"'})
    assert "nearly everything" in complaints(answer)["match"][0]
    assert "What it would hold back" not in answer.content.decode()


def test_it_is_saved_by_the_deed(client, login):
    person = login("administrator")
    recurring = {"recurrence": "FREQ=WEEKLY;BYDAY=SU", "duration": "90m", "zone": "Europe/Berlin"}
    answer = client.post(ADD, FORM | recurring | {"ends_at": ""})
    assert answer.status_code == 302
    silence = Silence.objects.get()
    assert silence.author == person.username
    assert silence.duration == timedelta(minutes=90)
    assert silence.ends_at is None
    assert AuditEntry.objects.filter(action="create", target_id=str(silence.pk)).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"match": ""}, "match"),
        ({"match": "a=="}, "match"),
        ({"comment": ""}, "comment"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"ends_at": ""}, "ends_at"),
        ({"ends_at": "+91d"}, "ends_at"),
        ({"recurrence": "FREQ=DAILY"}, "duration"),
        ({"recurrence": "FREQ=SOMETIMES", "duration": "1h"}, "recurrence"),
        ({"zone": "Mars"}, "zone"),
        ({"duration": "long"}, "duration"),
    ],
)
def test_what_is_not_right_is_told_at_its_field(client, login, change, field):
    login("administrator")
    answer = client.post(ADD, FORM | change)
    assert field in complaints(answer)
    assert not Silence.objects.exists()


def test_a_change_of_matchers_makes_another(client, login):
    login("administrator")
    silence = make_silence()
    url = reverse("admin:alerts_silence_change", args=[silence.pk])
    shown = client.get(url).context["adminform"].form
    given = {name: shown[name].value() or "" for name in shown.fields}
    answer = client.post(url, given | {"match": 'service="shop"'}, follow=True)
    assert "made in its place" in answer.content.decode()
    assert Silence.objects.get(match='service="shop"').pk != silence.pk
    answer = client.post(url, given)
    assert answer.status_code == 403  # it is over


def test_what_is_shown_and_sent_back_changes_nothing(client, login):
    login("administrator")
    silence = make_silence()
    url = reverse("admin:alerts_silence_change", args=[silence.pk])
    shown = client.get(url).context["adminform"].form
    given = {name: shown[name].value() or "" for name in shown.fields}
    given.pop("end_when_unmatched")
    assert client.post(url, given).status_code == 302
    silence.refresh_from_db()
    assert (silence.version, silence.ended_at) == (1, None)


def test_the_buttons_extend_and_end(client, login):
    login("administrator")
    silence = make_silence()
    end = silence.ends_at
    extend = reverse("admin:alerts_silence_extend", args=[silence.pk])
    client.post(extend, {"by": "4h"})
    silence.refresh_from_db()
    assert silence.ends_at == end + timedelta(hours=4)
    answer = client.post(extend, {"by": "9y"}, follow=True)
    assert "one of 1h, 4h, 1d" in answer.content.decode()
    client.get(reverse("admin:alerts_silence_end", args=[silence.pk]))
    silence.refresh_from_db()
    assert silence.ended_at is None
    client.post(reverse("admin:alerts_silence_end", args=[silence.pk]))
    silence.refresh_from_db()
    assert silence.ended_at is not None
    answer = client.post(extend, {"by": "1h"}, follow=True)
    assert "is over" in answer.content.decode()
    assert client.post(reverse("admin:alerts_silence_end", args=[99999])).status_code == 404


def test_the_list_shows_those_that_are_not_over_with_their_hits(client, login):
    login("viewer")
    make_alert()
    make_silence(name="quiet")
    over = make_silence(name="past")
    Silence.objects.filter(pk=over.pk).update(ended_at=utc_now())
    url = reverse("admin:alerts_silence_changelist")
    text = client.get(url).content.decode()
    assert "quiet" in text
    assert "past" not in text
    assert '<td class="field-hits">1</td>' in " ".join(text.split()) or ">1<" in text
    assert "past" in client.get(url, {"over": "yes"}).content.decode()
    assert "quiet" in client.get(url, {"over": "all"}).content.decode()


def test_responders_silence_for_their_teams_and_viewers_nothing(client, login, team):
    other = make_silence(team=make_team())
    login("viewer")
    assert client.get(ADD).status_code == 403
    login("responder")
    answer = client.get(ADD, {"match": 'name="X"'})
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert form["match"].value() == 'name="X"'
    assert [str(found) for found in form.fields["team"].queryset] == ["payments"]
    assert "team" in complaints(client.post(ADD, FORM))
    assert client.post(ADD, FORM | {"team": team.pk}).status_code == 302
    mine = Silence.objects.get(team=team)
    for deed in ("end", "extend"):
        url = reverse(f"admin:alerts_silence_{deed}", args=[other.pk])
        assert client.post(url, {"by": "1h"}).status_code == 403
    assert client.post(reverse("admin:alerts_silence_end", args=[mine.pk])).status_code == 302


# Inhibitions, subscriptions, heartbeats in the admin


def test_an_inhibition_is_saved_and_removed_by_the_deeds(client, login, team):
    login("team_admin")
    url = reverse("admin:alerts_inhibition_add")
    given = {
        "name": "host down",
        "source_match": 'name="HostDown"',
        "target_match": 'severity="low"',
        "equal": "host, cluster",
        "team": team.pk,
        "enabled": "on",
    }
    wide = client.post(url, given | {"target_match": 'severity!="x"'})
    assert "nearly everything" in str(complaints(wide)["target_match"])
    assert client.post(url, given).status_code == 302
    found = Inhibition.objects.get()
    assert found.equal == ["host", "cluster"]
    client.post(reverse("admin:alerts_inhibition_delete", args=[found.pk]), {"post": "yes"})
    assert not Inhibition.objects.exists()
    actions = AuditEntry.objects.filter(target_type="alerts.inhibition")
    assert sorted(actions.values_list("action", flat=True)) == ["create", "delete"]


def test_team_admins_subscribe_their_teams_and_nobody_else(client, login, team):
    login("team_admin")
    channel = make_channel("mail", team=team)
    url = reverse("admin:alerts_subscription_add")
    assert "user" not in client.get(url).context["adminform"].form.fields
    given = {"min_severity": "high", "zone": "", "team": team.pk, "enabled": "on"}
    assert client.post(url, given | {"channel": channel.pk}).status_code == 302
    found = Subscription.objects.get()
    assert (found.team, found.zone, found.tell_resolved) == (team, "UTC", False)
    someone = make_person("viewer")
    own = Subscription.objects.create(name="own", user=someone)
    change = reverse("admin:alerts_subscription_change", args=[own.pk])
    assert client.post(change, given).status_code == 403


def test_a_subscription_is_of_a_person_or_a_team(client, login, team):
    person = login("administrator")
    channel = make_channel("mail", team=team)
    url = reverse("admin:alerts_subscription_add")
    given = {"min_severity": "high", "enabled": "on"}
    for whose in ({}, {"user": person.pk, "team": team.pk, "channel": channel.pk}):
        assert "a person or a team" in str(complaints(client.post(url, given | whose)))
    assert "channel" in complaints(client.post(url, given | {"team": team.pk}))
    assert client.post(url, given | {"user": person.pk}).status_code == 302


def test_a_heartbeat_is_saved_and_removed_by_the_deeds(client, login, team):
    login("team_admin")
    given = {
        "name": "backup",
        "interval": "1d",
        "grace": "1h",
        "severity": "high",
        "labels": "db: main",
        "team": team.pk,
        "enabled": "on",
    }
    url = reverse("admin:alerts_heartbeat_add")
    assert client.post(url, given).status_code == 302
    found = Heartbeat.objects.get()
    assert (found.interval, found.labels) == (timedelta(days=1), {"db": "main"})
    client.post(reverse("admin:alerts_heartbeat_delete", args=[found.pk]), {"post": "yes"})
    assert not Heartbeat.objects.exists()
