"""`GET /alerts` and `/alerts/groups`: what amtool, Grafana and others see of what fires."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.formats.fingerprints import fingerprint
from alerts.models import Inhibition, Subscription
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from opsportal.lib.times import utc_now
from tests.accounts.people import make_team
from tests.alerts.alertmanager.client import instant
from tests.alerts.alertmanager.conftest import HOUR, fire_natively, names, only, quiet
from tests.alerts.makers import make_channel, make_rule
from tests.alerts.storming import paging_rule

pytestmark = pytest.mark.django_db


def test_what_was_posted_is_shown_as_it_was_posted(api):
    labels = {"alertname": "DiskFull", "severity": "page", "team": "storage", "名": "值"}
    start, end = utc_now() - HOUR, utc_now() + HOUR
    api.send(
        labels | {"empty": ""}, annotations={"summary": "full", "x": ""},
        startsAt=start.isoformat(), endsAt=end.isoformat(), generatorURL="http://p/graph?x=1",
    )  # fmt: skip
    alert = only(api.listed())
    assert alert["labels"] == labels
    assert alert["annotations"] == {"summary": "full", "x": ""}
    assert alert["fingerprint"] == fingerprint(labels)
    assert alert["generatorURL"] == "http://p/graph?x=1"
    assert abs(instant(alert["startsAt"]) - start) < timedelta(milliseconds=1)
    assert abs(instant(alert["endsAt"]) - end) < timedelta(milliseconds=1)
    assert alert["receivers"] == [{"name": "null"}]
    assert alert["status"] == {
        "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [],
    }  # fmt: skip
    assert set(alert) == {
        "annotations", "endsAt", "fingerprint", "generatorURL", "labels", "receivers", "startsAt",
        "status", "updatedAt",
    }  # fmt: skip


def test_what_came_in_another_way_has_labels_made_for_it(api):
    team = make_team("payments")
    alert = fire_natively(
        severity="high", service="billing", resource="h1", environment="prod", region="eu",
        summary="full", description="very", runbook_url="https://wiki/x", labels={"zone": "b"},
        annotations={"graph": "g"}, team_id=team.pk,
    )  # fmt: skip
    shown = only(api.listed())
    expected = {
        "alertname": "DiskFull", "severity": "high", "service": "billing", "instance": "h1",
        "environment": "prod", "region": "eu", "team": "payments", "zone": "b",
    }  # fmt: skip
    assert shown["labels"] == expected
    assert shown["fingerprint"] == fingerprint(expected)
    assert shown["annotations"] == {
        "summary": "full", "description": "very", "runbook_url": "https://wiki/x", "graph": "g",
    }  # fmt: skip
    assert shown["generatorURL"].endswith(f"/alerts/{alert.pk}/")
    # It has no end: it is as good as just said.
    assert instant(shown["endsAt"]) > utc_now() + timedelta(minutes=4)


def test_what_is_over_is_not_listed_and_nothing_is_a_list(api):
    assert api.listed() == []
    api.send({"alertname": "A"}, endsAt=(utc_now() - HOUR).isoformat())
    fire_natively()
    receive_alerts([AlertEvent(name="DiskFull", dedup_key="k", status="resolved")], now=utc_now())
    assert api.listed() == []
    assert api.listed("alerts/groups") == []


def test_they_come_by_fingerprint(api):
    api.send(*({"alertname": name} for name in "abcdefgh"))
    prints = [alert["fingerprint"] for alert in api.listed()]
    assert prints == sorted(prints)
    assert len(prints) == 8


# Behaviours 20 and 21, as `pkg/labels` of Alertmanager has them.
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["alertname=a"], "a"),
        (['alertname="a"'], "a"),
        ([' alertname = "a" '], "a"),
        (['host=~"h"'], ""),
        (['host=~"h.+"'], "b"),
        (['host=~"h.*"', "alertname!=b"], ""),
        (['alertname=~"a|b"', "host=h1"], "b"),
        (['host=""'], "ac"),
        (["host="], "ac"),
        (['host!="x"'], "abc"),
        (['host=~"qux|"'], "ac"),
        (['host!~"qux|"'], "b"),
        (['absent!="x"'], "abc"),
        ([r'statuscode=~"5.."'], "c"),
        ([r'quote="say \"hi\",\n\\d"'], "c"),
        (['"quote name"="x y"'], "c"),
        (['severity="page"'], "a"),
        (['severity="critical"'], ""),
    ],
)
def test_filters_are_matchers_of_the_labels_shown(api, filters, found):
    api.send(
        {"alertname": "a", "severity": "page"},
        {"alertname": "b", "host": "h1"},
        {"alertname": "c", "statuscode": "503", "quote": 'say "hi",\n\\d', "quote name": "x y"},
    )
    shown = api.listed("alerts", *(("filter", text) for text in filters))
    assert "".join(names(shown)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bad", "bad matcher format: bad"),
        ("", "bad matcher format: "),
        (",", "bad matcher format: ,"),
        ("foo<5", "bad matcher format: foo<5"),
        ('{foo="bar"}', 'bad matcher format: {foo="bar"}'),
        ('invalid-name = "x"', 'bad matcher format: invalid-name = "x"'),
        ('job="value', 'matcher value contains unescaped double quote: "value'),
        ('job=va"lue', 'matcher value contains unescaped double quote: va"lue'),
        ('a="b",c="d"', 'matcher value contains unescaped double quote: "b",c="d"'),
        ('foo=~"invalid[regexp"', "error parsing regexp: missing ]: [regexp"),
    ],
)
def test_bad_filters_are_refused_in_alertmanagers_words(api, text, said):
    for path in ("alerts", "alerts/groups", "silences"):
        status, answer = api.get(path, filter=text)
        assert (status, answer) == (400, said)


def test_receivers_are_the_channels_that_would_be_told(api):
    ops, pager = make_channel("ops"), make_channel("pager")
    make_rule("critical ones", 'severity="critical"', ops, pager, order=1)
    team = make_team("payments")
    paging_rule(team, match='service="billing"', order=2)
    Subscription.objects.create(name="ours", match='alertname="A"', channel=pager, team=team)
    api.send({"alertname": "A", "severity": "page", "job": "billing"}, {"alertname": "B"})
    told = {alert["labels"]["alertname"]: alert["receivers"] for alert in api.listed()}
    assert [receiver["name"] for receiver in told["A"]] == ["ops", "pager", "page payments"]
    assert told["B"] == [{"name": "null"}]
    assert {found["name"] for found in api.listed("receivers")} == {
        "null", "ops", "pager", "page payments",
    }  # fmt: skip
    for pattern, found in (("ops", ["A"]), ("o", []), ("null|x", ["B"]), (".*", ["A", "B"])):
        assert names(api.listed(receiver=pattern)) == found
    status, said = api.get("alerts", receiver="(")
    assert (status, said) == (
        400,
        "failed to parse receiver param: error parsing regexp: missing ): (",
    )
    assert api.listed("alerts", ("receiver_matchers", "owner=x")) == []
    assert len(api.listed("alerts", ("receiver_matchers", "owner!=x"))) == 2
    assert api.get("receivers", receiver_matchers="x")[0] == 400


def test_groups_are_those_in_which_people_are_told(api):
    ops, pager = make_channel("ops"), make_channel("pager")
    make_rule("by service", 'zone="b"', ops, group_by=["service", "name"], order=1)
    make_rule("alone", 'severity="critical"', pager, order=2)
    api.send(
        {"alertname": "A", "job": "billing", "zone": "b", "instance": "h1"},
        {"alertname": "A", "job": "billing", "zone": "b", "instance": "h2", "severity": "page"},
        {"alertname": "A", "job": "search", "zone": "b"},
        {"alertname": "B"},
        {"alertname": "C"},
    )
    found = [
        (group["receiver"]["name"], group["labels"], len(group["alerts"]))
        for group in api.listed("alerts/groups")
    ]
    assert found == [
        ("null", {}, 2),
        ("ops", {"alertname": "A", "service": "billing"}, 2),
        ("ops", {"alertname": "A", "service": "search"}, 1),
        (
            "pager",
            {"alertname": "A", "job": "billing", "zone": "b", "instance": "h2", "severity": "page"},
            1,
        ),
    ]
    group = api.listed("alerts/groups", receiver="pager")
    assert [only(group)["alerts"][0]["labels"]["instance"]] == ["h2"]
    assert group[0]["routeLabels"] == {}
    assert len(api.listed("alerts/groups", filter="alertname=B")) == 1
    quiet('alertname="A"')
    assert [group["labels"] for group in api.listed("alerts/groups", silenced="false")] == [{}]


def test_groups_that_are_all_muted_may_be_left_out(api):
    api.send({"alertname": "A"}, {"alertname": "B"})
    ops = make_channel("ops")
    make_rule("known", 'alertname="A"', ops, ("suppress", "known"))
    assert len(api.listed("alerts/groups")) == 2
    assert [g["receiver"]["name"] for g in api.listed("alerts/groups", muted="false")] == ["null"]


def test_a_list_takes_as_many_queries_for_200_as_for_2(api):
    ops = make_channel("ops")
    make_rule("all", 'instance=~"h.*"', ops, group_by=["instance"])
    make_rule("hush", 'severity="info"', ("suppress", ""))
    quiet('quiet="yes"')
    Inhibition.objects.create(
        name="node", source_match='alertname="NodeDown"', target_match='kind="target"',
        equal=["instance"],
    )  # fmt: skip
    counts = []
    for first, last in ((0, 2), (2, 200)):
        api.send(
            *(
                {"alertname": "NodeDown" if n % 3 else "X", "instance": f"h{n}", "kind": "target",
                 "quiet": "yes" if n % 5 else "no"}
                for n in range(first, last)
            )
        )  # fmt: skip
        for path in ("alerts", "alerts/groups"):
            api.listed(path)
            with CaptureQueriesContext(connection) as queries:
                assert len(api.listed(path)) == last
            counts.append(len(queries))
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 6
