"""What people do at our door, and time, show in Alerta's reads."""

import random
from datetime import timedelta

import pytest

from alerts.act import (
    acknowledge_alert,
    add_note,
    assign_alert,
    resolve_alert,
    snooze_alert,
    unacknowledge_alert,
    unsnooze_alert,
)
from alerts.alerta.follow import STANDING, is_silenced, standing_of
from alerts.expire import expire_episodes, wake_snoozed
from alerts.formats.alerta.alarm import BLACKOUT, OVER, STATUSES, UNTAKEN
from alerts.models import Alert, AlertaAlert
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.accounts.models import User
from opsportal.lib.times import utc_now
from tests.alerts.alerta.client import episode
from tests.alerts.alerta.sequences import ACTIONS, SEVERITIES
from tests.alerts.makers import JO, claim, make_alert

pytestmark = pytest.mark.django_db


def route(now=None):
    now = now or utc_now() + timedelta(seconds=1)
    route_transitions(claim(DecisionOutbox(), now), now=now)


class TestAlertaShows:
    """What people do at our door."""

    def test_that_it_was_taken_and_given_back(self, alerta):
        number = alerta.post()["id"]
        acknowledge_alert(episode().pk, actor=JO, now=utc_now(), note="mine")
        alert = alerta.alert(number)
        assert alert["status"] == "ack"
        assert alert["updateTime"] > alert["receiveTime"]
        row = alert["history"][-1]
        assert (row["type"], row["status"], row["user"]) == ("ack", "ack", "jo")
        assert row["text"] == "mine"
        unacknowledge_alert(episode().pk, actor=JO, now=utc_now())
        assert alerta.alert(number)["status"] == "open"
        acknowledge_alert(episode().pk, actor=JO, now=utc_now())
        assert alerta.act(number, "ack", 409)["message"] == "alert is already in ack status"
        assert alerta.act(number, "unack")["status"] == "open"
        types = [row["type"] for row in alerta.alert(number)["history"]]
        assert types == ["new", "ack", "unack", "ack", "unack"]

    def test_that_it_was_snoozed(self, alerta):
        number = alerta.post()["id"]
        until = utc_now() + timedelta(hours=1)
        snooze_alert(episode().pk, until, actor=JO, now=utc_now())
        alert = alerta.alert(number)
        assert (alert["status"], alert["history"][-1]["type"]) == ("shelved", "shelve")
        assert 3590 < alert["history"][-1]["timeout"] <= 3600
        assert alerta.post()["status"] == "shelved"
        unsnooze_alert(episode().pk, actor=JO, now=utc_now())
        assert alerta.alert(number)["status"] == "open"
        snooze_alert(episode().pk, until, actor=JO, now=utc_now())
        wake_snoozed(now=until + timedelta(seconds=1))
        alert = alerta.alert(number)
        assert (alert["status"], alert["history"][-1]["type"]) == ("open", "timeout")

    def test_that_it_was_resolved_and_opens_again(self, alerta):
        number = alerta.post()["id"]
        resolve_alert(episode().pk, actor=JO, now=utc_now(), note="fixed")
        alert = alerta.alert(number)
        assert (alert["status"], alert["severity"]) == ("closed", "major")
        assert alert["history"][-1]["text"] == "fixed"
        again = alerta.post()
        assert (again["id"], again["status"], again["duplicateCount"]) == (number, "open", 1)
        assert [row["status"] for row in again["history"]] == ["open", "closed", "open"]
        assert (episode().status, Alert.objects.count()) == ("firing", 2)

    def test_that_its_time_ran_out(self, alerta):
        number = alerta.post(timeout=60)["id"]
        expire_episodes(now=utc_now() + timedelta(seconds=61))
        alert = alerta.alert(number)
        assert (alert["status"], alert["history"][-1]["type"]) == ("expired", "expired")
        assert [alert["id"] for alert in alerta.get("/alerts", status="expired")["alerts"]] == [
            number
        ]
        assert alerta.post(timeout=60)["status"] == "open"

    def test_who_has_it_and_what_was_noted(self, alerta):
        number = alerta.post()["id"]
        user = User.objects.create_user("kim")
        assign_alert(episode().pk, user.pk, actor=JO, now=utc_now())
        add_note(episode().pk, "look at the disk", actor=JO, now=utc_now())
        alert = alerta.alert(number)
        assert [row["type"] for row in alert["history"]] == ["new", "assign", "note"]
        assert alert["history"][1]["text"] == "assigned to kim"
        [note] = alerta.get(f"/alert/{number}/notes")["notes"]
        assert (note["text"], note["user"]) == ("look at the disk", "jo")
        alerta.post(value="7")
        [kept] = alerta.get(f"/alert/{number}/notes")["notes"]
        assert kept["id"] == note["id"]

    def test_that_a_silence_holds_it_back(self, alerta):
        alerta.ask("post", "/blackout", {"environment": "Production"}, 201)
        number = alerta.post(202)["id"]
        assert alerta.alert(number)["status"] == "open"
        route()
        assert alerta.alert(number)["status"] == "blackout"
        assert alerta.get("/alerts/count", status="blackout")["total"] == 1
        assert alerta.act(number, "ack")["status"] == "ack"

    def test_the_same_in_lists_as_in_detail(self, alerta):
        number = alerta.post()["id"]
        acknowledge_alert(episode().pk, actor=JO, now=utc_now())
        [listed] = alerta.get("/alerts", show_history="true", show_raw_data="1")["alerts"]
        assert listed == alerta.alert(number)
        assert alerta.get("/alerts", status="ack")["total"] == 1
        assert alerta.get("/alerts", status="open")["total"] == 0
        assert alerta.get("/alerts/count")["statusCounts"] == {"ack": 1}
        history = alerta.get("/alerts/history")["history"]
        assert [row["type"] for row in history] == ["ack", "new"]

    def test_and_keeps_it_at_the_next_change(self, alerta):
        number = alerta.post()["id"]
        acknowledge_alert(episode().pk, actor=JO, now=utc_now())
        shown = alerta.alert(number)["history"]
        alerta.post()
        document = AlertaAlert.objects.get()
        assert [row["type"] for row in document.history] == ["ack", "new"]
        assert alerta.alert(number)["history"] == shown


def test_the_database_and_python_agree_on_how_a_document_stands(alerta):
    moment = utc_now()
    number = alerta.post()["id"]
    states = [None]
    for status in Alert.Status.values:
        for snoozed in (None, moment):
            for expires in (None, moment, moment + timedelta(hours=1)):
                for suppressed in ("", "silence 7: x", "flapping"):
                    over = moment if status == "resolved" else None
                    states.append(
                        make_alert(
                            status=status, snoozed_until=snoozed, expires_at=expires,
                            resolved_at=over, suppressed=suppressed,
                        )
                    )  # fmt: skip
    rows = AlertaAlert.objects.annotate(standing=STANDING)
    for found in states:
        for status in STATUSES:
            AlertaAlert.objects.update(episode=found, status=status)
            shown = standing_of(status, found)
            if shown in UNTAKEN and is_silenced(found):
                shown = BLACKOUT
            assert rows.get(pk=number).standing == shown, (status, found)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_at_either_door_both_agree(alerta, seed):
    chance = random.Random(seed)  # noqa: S311  (no secret)
    number = alerta.post()["id"]
    for _ in range(60):
        now, alert = utc_now(), episode()
        deed = chance.randrange(5)
        if deed == 0 and alert.status == "firing":
            acknowledge_alert(alert.pk, actor=JO, now=now)
        elif deed == 1 and alert.status != "resolved" and alert.snoozed_until is None:
            snooze_alert(alert.pk, now + timedelta(hours=1), actor=JO, now=now)
        elif deed == 2 and alert.status != "resolved":
            resolve_alert(alert.pk, actor=JO, now=now)
        elif deed == 3:
            body = {"action": chance.choice(ACTIONS)}
            alerta.call("put", f"/alert/{number}/action", body)
        else:
            alerta.post(severity=chance.choice(SEVERITIES))
        shown, stored = alerta.alert(number), episode()
        assert shown["history"][-1]["status"] == shown["status"], shown["history"][-4:]
        is_open = stored.resolved_at is None
        assert is_open == (shown["status"] not in OVER)
        if is_open:
            assert (stored.snoozed_until is not None) == (shown["status"] == "shelved")
            if shown["status"] != "shelved":
                assert (stored.status == "acknowledged") == (shown["status"] == "ack")
