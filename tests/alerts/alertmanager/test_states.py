"""What holds an alert back, in its status: silences, inhibitions, rules, snoozes, flapping."""

import pytest

from alerts.models import Alert, Inhibition
from opsportal.lib.times import utc_now
from tests.alerts.alertmanager.conftest import HOUR, names, only, quiet
from tests.alerts.makers import make_rule
from tests.alerts.storming import route

pytestmark = pytest.mark.django_db


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
