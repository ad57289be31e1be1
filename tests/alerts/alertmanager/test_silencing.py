"""Which alerts a silence holds back, and how one of the portal reads in Alertmanager's words."""

from datetime import timedelta

import pytest

from alerts.alertmanager.matchers import from_ours, to_ours
from alerts.models import Decision, Silence
from opsportal.lib.times import utc_now
from tests.accounts.people import make_team
from tests.alerts.alertmanager.client import at, instant
from tests.alerts.alertmanager.conftest import again, fire_natively, only, put, shown, state
from tests.alerts.makers import make_channel, make_rule
from tests.alerts.storming import route

pytestmark = pytest.mark.django_db


def test_it_silences_what_it_shows_and_nothing_else(api):
    """Labels are those that were sent, whatever the portal makes of them."""
    api.send(
        {"alertname": "A", "severity": "page", "team": "storage"},
        {"alertname": "B", "severity": "critical", "team": "web"},
        {"alertname": "C", "job": "billing"},
    )
    fire_natively("D", severity="critical", service="billing", resource="h1")
    tried = [
        (["severity=page"], "A"),
        (["severity=critical"], "BD"),
        (["team=storage"], "A"),
        (["team!=storage", "alertname=~.+"], "BCD"),
        (["service=billing"], "D"),
        (["job=billing"], "C"),
        (["alertname=D", "instance=h1"], "D"),
        (["severity=~page|critical"], "ABD"),
    ]
    for matchers, names in tried:
        made = put(api, *matchers)
        held = [
            alert["labels"]["alertname"] for alert in api.listed() if alert["status"]["silencedBy"]
        ]
        assert "".join(sorted(held)) == names, matchers
        api.delete(f"silence/{made}")


def test_every_alert_can_be_silenced_by_all_its_labels(api):
    api.send({"alertname": "A", "severity": "odd", "name": "n", "value": "5", "status": "x"})
    fire_natively("B", severity="high", service="s", resource="r", environment="e", region="g",
                  labels={"zone": "b", "team": "t"})  # fmt: skip
    for alert in api.listed():
        made = put(api, *(f"{name}={value}" for name, value in alert["labels"].items()))
        found = {one["fingerprint"]: one["status"]["silencedBy"] for one in api.listed()}
        assert found[alert["fingerprint"]] == [made]
        assert sum(map(bool, found.values())) == 1
        api.delete(f"silence/{made}")


def test_nobody_is_told_of_what_it_silences(api):
    make_rule("all", "", make_channel("ops"))
    put(api, "severity=page")
    api.send({"alertname": "A", "severity": "page"}, {"alertname": "B", "severity": "critical"})
    route(utc_now())
    outcomes = Decision.objects.values_list("transition__alert__name", "outcome")
    assert dict(outcomes) == {"A": "suppressed", "B": "notified"}


def test_silences_of_the_portal_are_listed_and_keep_what_has_no_words_here(api):
    now = utc_now()
    given = {"starts_at": now, "comment": "c", "author": "jo", "ends_at": now + timedelta(hours=1)}
    numbers = Silence.objects.create(
        match='{name="DiskFull", value>90, resource=~"h.*"}', name="numbers", **given
    )
    found = shown(api, numbers.uuid)
    assert [(item["name"], item["value"]) for item in found["matchers"]] == [
        ("alertname", "DiskFull"), ("value", "> 90"), ("instance", "h.*"),
    ]  # fmt: skip
    assert found["annotations"] == {"match": numbers.match}
    assert again(api, numbers.uuid, endsAt=at(hours=2)) == str(numbers.uuid)
    replaced = again(api, numbers.uuid, startsAt=at(minutes=30))
    assert Silence.objects.get(uuid=replaced).match == numbers.match


def test_a_recurring_silence_is_shown_by_its_next_time_and_changed_elsewhere(api):
    now = utc_now()
    team = make_team("payments")
    tomorrow = now + timedelta(days=1)
    made = Silence.objects.create(
        match='service="billing"', starts_at=tomorrow, recurrence="FREQ=DAILY", comment="c",
        duration=timedelta(hours=2), author="jo", name="nightly", team=team,
    )  # fmt: skip
    found = only(api.listed("silences"))
    assert found["status"]["state"] == "pending"
    assert abs(instant(found["startsAt"]) - tomorrow) < timedelta(seconds=1)
    assert instant(found["endsAt"]) - instant(found["startsAt"]) == timedelta(hours=2)
    assert found["annotations"] == {
        "recurrence": "FREQ=DAILY for 2h, UTC", "team": "payments",
    }  # fmt: skip
    status, said = api.post("silences", found | {"endsAt": at(days=3)})
    assert (status, said) == (400, "This silence comes again and again; change it in the portal.")
    Silence.objects.filter(pk=made.pk).update(starts_at=now - timedelta(minutes=1))
    assert state(api, made.uuid) == "active"
    assert api.delete(f"silence/{made.uuid}")[0] == 200
    assert state(api, made.uuid) == "expired"


@pytest.mark.parametrize(
    "text",
    ['{alertname="A"}', '{"label.severity"=~"a|b", x!="y"}', '{"a b"="x\\"y", z!~"\\n"}', '{a=""}'],
)
def test_matchers_go_to_and_fro(text):
    assert to_ours(from_ours(text)) == text
