"""What Alerta's documents make of what they receive: behaviours 1 to 15 of the reference."""

import pytest

from alerts.alerta import follow
from tests.alerts.alerta.client import CORRELATE

pytestmark = pytest.mark.django_db


def kinds(alert):
    return [row["type"] for row in alert["history"]]


def test_a_first_alert_is_open_and_more_severe(alerta):
    alert = alerta.post()
    assert alert["status"] == "open"
    assert (alert["duplicateCount"], alert["repeat"]) == (0, False)
    assert (alert["previousSeverity"], alert["trendIndication"]) == ("indeterminate", "moreSevere")
    assert kinds(alert) == ["new"]
    assert alert["updateTime"] == alert["receiveTime"] == alert["lastReceiveTime"]
    assert alert["lastReceiveId"] == alert["id"]


def test_the_same_again_is_a_duplicate(alerta):
    first = alerta.post()
    again = alerta.post()
    assert again["id"] == first["id"] != again["lastReceiveId"]
    assert (again["duplicateCount"], again["repeat"]) == (1, True)
    for name in ("updateTime", "trendIndication", "history"):
        assert again[name] == first[name]


def test_another_severity_is_no_duplicate(alerta):
    first = alerta.post()
    worse = alerta.post(severity="critical")
    assert (worse["id"], worse["duplicateCount"]) == (first["id"], 0)
    assert (worse["previousSeverity"], worse["trendIndication"]) == ("major", "moreSevere")
    assert kinds(worse) == ["new", "severity"]
    assert worse["updateTime"] == first["updateTime"]


def test_an_event_of_the_stored_list_takes_its_place(alerta):
    first = alerta.post(correlate=CORRELATE)
    marginal = alerta.post(event="node_marginal")
    assert (marginal["id"], marginal["event"]) == (first["id"], "node_marginal")
    assert marginal["trendIndication"] == "noChange"
    other = alerta.post(event="disk_full", correlate=CORRELATE)
    assert other["id"] != first["id"]


def test_what_gets_less_severe_and_normal_is_closed(alerta):
    alerta.post(severity="critical", correlate=CORRELATE)
    major = alerta.post(event="node_marginal", severity="major")
    assert major["trendIndication"] == "lessSevere"
    normal = alerta.post(event="node_up", severity="normal")
    assert (normal["status"], normal["trendIndication"]) == ("closed", "lessSevere")
    assert normal["updateTime"] == normal["receiveTime"]


def test_the_three_names_of_normal_are_severities_of_their_own(alerta):
    counts = []
    for severity in ("normal", "ok", "cleared", "cleared"):
        alert = alerta.post(severity=severity)
        assert alert["status"] == "closed"
        counts.append(alert["duplicateCount"])
    assert counts == [0, 0, 0, 1]


def test_an_acknowledgement_holds_until_it_gets_worse(alerta):
    number = alerta.post()["id"]
    assert alerta.act(number, "ack")["status"] == "ack"
    assert alerta.post()["status"] == "ack"
    assert alerta.post(severity="minor")["status"] == "ack"
    assert alerta.post(severity="critical")["status"] == "open"


def test_what_was_closed_by_hand_opens_again(alerta):
    number = alerta.post(severity="critical")["id"]
    closed = alerta.set(number, "closed")
    assert (closed["status"], closed["severity"]) == ("closed", "critical")
    again = alerta.post(severity="critical")
    assert (again["status"], again["duplicateCount"]) == ("open", 1)
    assert alerta.act(number, "close")["severity"] == "normal"
    opened = alerta.post(severity="critical")
    assert (opened["status"], opened["duplicateCount"]) == ("open", 0)


def test_what_expired_opens_or_closes(alerta):
    number = alerta.post()["id"]
    assert alerta.set(number, "expired")["status"] == "expired"
    assert alerta.post()["status"] == "open"
    alerta.set(number, "expired")
    assert alerta.post(severity="normal")["status"] == "closed"


def test_what_is_shelved_stays_shelved(alerta):
    number = alerta.post()["id"]
    alerta.set(number, "shelved")
    for severity in ("major", "critical", "minor", "warning"):
        assert alerta.post(severity=severity)["status"] == "shelved"
    assert alerta.post(severity="ok")["status"] == "closed"
    assert alerta.post(severity="ok")["status"] == "closed"
    assert alerta.post(severity="critical")["status"] == "shelved"
    assert alerta.set(number, "open")["status"] == "open"
    assert alerta.post(severity="critical")["status"] == "open"


def test_actions_are_unwound_one_by_one(alerta):
    number = alerta.post(severity="warning")["id"]
    statuses = [
        alerta.act(number, action)["status"] for action in ("ack", "shelve", "unshelve", "unack")
    ]
    assert statuses == ["ack", "shelved", "ack", "open"]


def test_unack_works_when_the_cap_has_pushed_the_ack_out(alerta, monkeypatch):
    monkeypatch.setattr(follow, "MOST_HISTORY", 5)
    number = alerta.post()["id"]
    alerta.act(number, "ack")
    for value in range(10):
        assert alerta.post(value=value)["status"] == "ack"
    assert len(alerta.alert(number)["history"]) == 5
    assert alerta.act(number, "unack")["status"] == "open"


def test_what_is_so_already_is_a_conflict(alerta):
    number = alerta.post()["id"]
    answer = alerta.act(number, "unack", 409)
    assert answer["message"] == "invalid action for current open status"
    alerta.act(number, "ack")
    answer = alerta.act(number, "ack", 409)
    assert answer["message"] == "alert is already in ack status"
    assert (answer["status"], answer["code"]) == ("error", 409)
    assert alerta.ask("put", f"/alert/{number}/action", {}, 400)["message"].startswith("must")
    unknown = "/alert/00000000-0000-4000-8000-000000000000"
    assert alerta.ask("put", f"{unknown}/action", {"action": "ack"}, 404)["message"] == "not found"


def test_another_value_is_a_row_of_history(alerta, monkeypatch):
    monkeypatch.setattr(follow, "MOST_HISTORY", 5)
    for value in ("100", "101", "101", "102"):
        alert = alerta.post(value=value)
    assert [row["value"] for row in alert["history"]] == ["100", "101", "102"]
    assert kinds(alert) == ["new", "value", "value"]
    for value in range(10):
        alert = alerta.post(value=value)
    assert [row["value"] for row in alert["history"]] == ["5", "6", "7", "8", "9"]


def test_tags_unite_and_attributes_merge(alerta):
    number = alerta.post(tags=["a", "b"], attributes={"x": 1, "y": {"z": 1}})["id"]
    alerta.post(tags=["b", "c"], attributes={"y": {"w": 2}})
    alert = alerta.post(severity="critical", attributes={"v": "3"})
    assert sorted(alert["tags"]) == ["a", "b", "c"]
    assert alert["attributes"].pop("ip") == "127.0.0.1"
    assert alert["attributes"] == {"x": 1, "y": {"w": 2}, "v": "3"}
    alerta.ask("put", f"/alert/{number}/untag", {"tags": ["a", "nothing"]})
    alerta.ask("put", f"/alert/{number}/tag", {"tags": ["d"]})
    body = {"attributes": {"x": None, "new": True}}
    alerta.ask("put", f"/alert/{number}/attributes", body)
    alert = alerta.alert(number)
    assert sorted(alert["tags"]) == ["b", "c", "d"]
    assert alert["attributes"] == {"ip": "127.0.0.1", "y": {"w": 2}, "v": "3", "new": True}


def test_attributes_grow_no_larger_than_those_of_one_post(alerta):
    number = alerta.post(attributes={"old": "x" * 40_000, "other": 1})["id"]
    attributes = alerta.post(attributes={"new": "x" * 40_000, "other": 2})["attributes"]
    assert set(attributes) == {"new", "other", "ip"}
    assert attributes["other"] == 2
    body = {"attributes": {"newest": "x" * 40_000}}
    alerta.ask("put", f"/alert/{number}/attributes", body)
    assert "newest" in alerta.alert(number)["attributes"]
    assert "new" not in alerta.alert(number)["attributes"]
    assert len(alerta.post(attributes={str(n): n for n in range(150)})["attributes"]) <= 200
    assert len(alerta.post(attributes={f"a{n}": n for n in range(199)})["attributes"]) == 200


def test_the_last_senders_timeout_wins(alerta):
    assert alerta.post()["timeout"] == 86_400
    for timeout in (20, 0, 40):
        assert alerta.post(timeout=timeout)["timeout"] == timeout
