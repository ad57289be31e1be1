"""Subscriptions and inhibitions through the API."""

import pytest

from alerts.models import Channel, Inhibition, Subscription
from tests.alerts.api.conftest import make_key
from tests.alerts.api.test_silences import Silencer
from tests.alerts.makers import make_channel

pytestmark = pytest.mark.django_db


def caller(*, team=None) -> Silencer:
    return Silencer(make_key("subscriptions:write", "config:read", team=team))


def own(found) -> Silencer:
    return Silencer(client=found.client)


def test_everybody_manages_their_own(person, payments):
    viewer = own(person("vic", "viewer", payments))
    made = viewer.post("subscriptions", {"match": 'service="billing"', "digest": "daily 09:00"})
    assert made.status_code == 201
    first = made.json()
    assert (first["user"], first["team"], first["min_severity"]) == ("vic", None, "info")
    path = f"subscriptions/{first['id']}"
    assert viewer.change(path, {"min_severity": "high"}).json()["min_severity"] == "high"
    other = own(person("eve", "team_admin", payments))
    assert other.change(path, {"enabled": False}).status_code == 403
    assert other.end(path).status_code == 403
    assert viewer.get(path).json()["version"] == 2
    assert viewer.end(path).status_code == 204
    assert viewer.get(path).status_code == 404


def test_nobody_subscribes_others(person, payments):
    person("ada", "responder", payments)
    viewer = own(person("vic", "viewer", payments))
    make_channel("mail", team=payments)
    assert viewer.post("subscriptions", {"user": "ada"}).status_code == 403
    team = {"team": "payments", "channel": "mail"}
    assert viewer.post("subscriptions", team).status_code == 403
    mine = viewer.post("subscriptions", {}).json()
    given_away = viewer.change(f"subscriptions/{mine['id']}", {"user": "ada"})
    assert given_away.status_code == 403
    boss = own(person("boss", administrator=True))
    assert boss.post("subscriptions", {"user": "ada"}).status_code == 201


def test_team_admins_and_team_keys_manage_their_teams(person, payments):
    make_channel("mail", team=payments)
    make_channel("shared")
    shop = type(payments).objects.create(name="shop")
    body = {"team": "payments", "channel": "mail"}
    admin = own(person("ann", "team_admin", payments))
    made = admin.post("subscriptions", body).json()
    assert made["name"] == "payments: everything"
    assert admin.post("subscriptions", {"team": "shop", "channel": "shared"}).status_code == 403
    key = caller(team=payments)
    assert key.post("subscriptions", {"channel": "mail"}).json()["team"] == "payments"
    assert key.post("subscriptions", {"user": "ann"}).status_code == 403
    assert caller(team=shop).end(f"subscriptions/{made['id']}").status_code == 403
    assert caller().end(f"subscriptions/{made['id']}").status_code == 204


def test_a_key_of_no_team_says_whose_it_is():
    answer = caller().post("subscriptions", {})
    assert answer.status_code == 400
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"match": "a=="}, "match"),
        ({"digest": "often"}, "digest"),
        ({"quiet_hours": "nights"}, "quiet_hours"),
        ({"zone": "Mars"}, "zone"),
        ({"min_severity": "awful"}, "min_severity"),
        ({"channel": "nowhere"}, "channel"),
        ({"channel": "a\0b"}, "channel"),
        ({"channel": "mail"}, "channel"),
        ({"user": "nobody"}, "user"),
        ({"enabled": "perhaps"}, "enabled"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(body, field, person, payments):
    make_channel("mail", team=payments)
    answer = own(person("boss", administrator=True)).post("subscriptions", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_the_list_may_be_of_one_person_or_team(person, payments):
    viewer = own(person("vic", "viewer", payments))
    viewer.post("subscriptions", {})
    channel = make_channel("mail", team=payments)
    Subscription.objects.create(name="t", team=payments, channel=channel)
    names = lambda **asked: [  # noqa: E731
        row["name"] for row in viewer.get("subscriptions", **asked).json()["results"]
    ]
    assert names() == ["t", "vic: everything"]
    assert names(user="vic") == ["vic: everything"]
    assert names(team="payments") == ["t"]
    assert names(team="a\0b") == []


def test_inhibitions_are_listed(payments):
    Inhibition.objects.create(
        name="i", source_match="a=b", target_match="c=d", equal=["host"], team=payments
    )
    [row] = caller().get("inhibitions").json()["results"]
    assert (row["equal"], row["team"]) == (["host"], "payments")
    assert Channel.objects.count() == 0
