"""`GET /alerts` and `/alerts/groups`: what amtool, Grafana and others see of what fires."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.formats.fingerprints import fingerprint
from alerts.models import Alert, Inhibition, Silence, Subscription
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from opsportal.lib.times import utc_now
from tests.accounts.people import make_team
from tests.alerts.alertmanager import Ours, instant
from tests.alerts.makers import make_channel, make_rule
from tests.alerts.storming import paging_rule, route

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def api():
    return Ours()


def names(found) -> list[str]:
    return sorted(alert["labels"]["alertname"] for alert in found)


def only(found):
    assert len(found) == 1, found
    return found[0]


def fire_natively(name="DiskFull", key="k", **fields) -> Alert:
    event = AlertEvent(name=name, dedup_key=key, **fields)
    receive_alerts([event], now=utc_now())
    return Alert.objects.get(dedup_key=key, resolved_at=None)


def quiet(match: str, **values) -> Silence:
    now = utc_now()
    return Silence.objects.create(
        match=match, starts_at=now - HOUR, ends_at=now + HOUR, comment="c", author="jo",
        name=match, **values,
    )  # fmt: skip


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


def suppressed_four(api):
    """One of each: active, silenced, inhibited, and both."""
    api.send(
        {"alertname": "NodeDown", "zone": "aa"},
        {"alertname": "Active", "zone": "ab", "kind": "target"},
        {"alertname": "Silenced", "quiet": "yes"},
        {"alertname": "Inhibited", "zone": "aa", "kind": "target"},
        {"alertname": "Both", "zone": "aa", "kind": "target", "quiet": "yes"},
    )
    Inhibition.objects.create(
        name="node", source_match='alertname="NodeDown"', target_match='kind="target"',
        equal=["zone"],
    )  # fmt: skip
    return quiet('quiet="yes"')


def test_the_state_says_by_what_it_is_suppressed(api):
    silence = suppressed_four(api)
    found = {alert["labels"]["alertname"]: alert for alert in api.listed()}
    node = found["NodeDown"]["fingerprint"]
    status = {name: alert["status"] for name, alert in found.items()}
    assert status["Active"]["state"] == status["NodeDown"]["state"] == "active"
    assert status["Silenced"]["silencedBy"] == [str(silence.uuid)]
    assert status["Inhibited"]["inhibitedBy"] == [node]
    assert (status["Both"]["silencedBy"], status["Both"]["inhibitedBy"]) == (
        [str(silence.uuid)], [node],
    )  # fmt: skip
    assert {status[name]["state"] for name in ("Silenced", "Inhibited", "Both")} == {"suppressed"}


# Behaviour 30.
@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ({}, ["Active", "Both", "Inhibited", "NodeDown", "Silenced"]),
        ({"inhibited": "false"}, ["Active", "NodeDown", "Silenced"]),
        ({"silenced": "false"}, ["Active", "Inhibited", "NodeDown"]),
        ({"active": "false"}, ["Both", "Inhibited", "Silenced"]),
        ({"silenced": "0", "inhibited": "no"}, ["Active", "NodeDown"]),
        ({"active": "F", "silenced": "T", "inhibited": "off"}, ["Silenced"]),
        (
            {"active": "", "unprocessed": "false"},
            ["Active", "Both", "Inhibited", "NodeDown", "Silenced"],
        ),
    ],
)
def test_flags_leave_out_what_is_not_wanted(api, flags, found):
    suppressed_four(api)
    assert names(api.listed(**flags)) == found


# Behaviour 28, and one alert that is source and target at once.
def test_inhibitions_hold_back_by_equal_labels_while_their_source_fires(api):
    suppressed_four(api)
    Inhibition.objects.create(
        name="itself", source_match='both="yes"', target_match='both="yes"', equal=[]
    )
    api.send({"alertname": "S1", "both": "yes"}, {"alertname": "S2", "both": "yes"})
    state = {alert["labels"]["alertname"]: alert["status"]["state"] for alert in api.listed()}
    assert (state["Inhibited"], state["Active"]) == ("suppressed", "active")
    assert state["S1"] == state["S2"] == "active"
    api.send({"alertname": "NodeDown", "zone": "aa"}, endsAt=utc_now().isoformat())
    state = {alert["labels"]["alertname"]: alert["status"]["state"] for alert in api.listed()}
    assert state["Inhibited"] == "active"


def test_what_a_rule_a_snooze_or_flapping_holds_back_is_muted(api):
    api.send(*({"alertname": name} for name in ("Ruled", "Snoozed", "Flaps", "Loud")))
    make_rule("hush", 'alertname="Ruled"', ("suppress", "known"))
    route(utc_now())
    until = utc_now() + HOUR
    Alert.objects.filter(name="Snoozed").update(snoozed_until=until)
    Alert.objects.filter(name="Loud").update(snoozed_until=utc_now() - HOUR)
    Alert.objects.filter(name="Flaps").update(suppressed="flapping: 9 times in the last hour")
    status = {alert["labels"]["alertname"]: alert["status"] for alert in api.listed()}
    assert {name: found["state"] for name, found in status.items()} == {
        "Ruled": "suppressed", "Snoozed": "suppressed", "Flaps": "suppressed", "Loud": "active",
    }  # fmt: skip
    assert status["Ruled"]["mutedBy"] == ["rule hush: known"]
    assert status["Snoozed"]["mutedBy"][0].startswith("snoozed until 2")
    assert status["Flaps"]["mutedBy"] == ["flapping: 9 times in the last hour"]
    assert names(api.listed(silenced="false")) == ["Loud"]
    assert names(api.listed(active="false")) == ["Flaps", "Ruled", "Snoozed"]


def test_somebody_who_is_at_it_does_not_hush_it(api):
    api.send({"alertname": "A"})
    Alert.objects.update(status="acknowledged")
    assert only(api.listed())["status"]["state"] == "active"


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


def test_answers_are_not_kept_and_unknown_paths_say_so(api, client):
    answer = client.get("/alertmanager/api/v2/alerts", headers=api.headers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert api.get("nothing") == (
        404,
        {"code": 404, "message": "path /api/v2/nothing was not found"},
    )
    gone = client.post("/alertmanager/api/v1/alerts", b"[]", content_type="application/json")
    assert (gone.status_code, gone.json()["status"]) == (410, "deprecated")
    for path in ("healthy", "ready"):
        assert client.get(f"/alertmanager/-/{path}").content == b"OK"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "alerts", "GET,POST"), ("HEAD", "alerts", None), ("OPTIONS", "silences", "GET,POST"),
     ("PATCH", "silence/x", "GET,DELETE"), ("POST", "status", "GET"),
     ("DELETE", "receivers", "GET")],
)  # fmt: skip
def test_other_methods_are_refused(api, method, path, allowed):
    status, said = api.call(method, path, b"{}", "application/json")
    message = f"method {method} is not allowed, but [{allowed}] are"
    assert status == 405
    assert allowed is None or said == {"code": 405, "message": message}


def test_status_has_all_that_is_required(api):
    status, said = api.get("status")
    assert status == 200
    assert said["cluster"] == {"name": "opsportal", "status": "ready", "peers": []}
    assert set(said["versionInfo"]) == {
        "version", "revision", "branch", "buildUser", "buildDate", "goVersion",
    }  # fmt: skip
    assert instant(said["uptime"]) < utc_now()
    assert "receiver: 'null'" in said["config"]["original"]


def test_the_routing_takes_the_right_to_read_it_and_says_no_secret():
    channel = make_channel("hook", "webhook", settings={"url": "https://x/?token=s3cret"})
    make_rule("a rule", "", channel)
    readable = Ours("config:read").get("status")[1]["config"]["original"]
    hidden = Ours("alerts:write").get("status")[1]["config"]["original"]
    assert "# rule a rule" in readable
    assert "s3cret" not in readable
    assert "a rule" not in hidden
    assert "receiver: 'null'" in hidden
