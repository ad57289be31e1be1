"""Many at once on one alert of Alerta: where the original answers 500, nothing is lost here."""

import threading
from contextlib import suppress

import pytest
from django.db import connection

from alerts.act import acknowledge_alert, unacknowledge_alert
from alerts.models import Alert, AlertaAlert, AlertaHeartbeat
from opsportal.lib.errors import ConflictError
from opsportal.lib.times import utc_now
from tests.alerts.alerta.client import CORRELATE, Alerta
from tests.alerts.makers import JO

pytestmark = pytest.mark.django_db(transaction=True)


def together(*deeds):
    """Do them all at the same time; what each came to."""
    results, errors = [], []
    gate = threading.Barrier(len(deeds))

    def run(deed):
        try:
            gate.wait()
            results.append(deed())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return results


def test_twenty_identical_first_posts_are_one_alert_with_nineteen_duplicates():
    senders = [Alerta(name=f"sender {number}") for number in range(20)]
    answers = together(*[sender.post for sender in senders])
    assert len({alert["id"] for alert in answers}) == 1
    document = AlertaAlert.objects.get()
    assert (document.duplicate_count, document.repeat) == (19, True)
    assert sorted(alert["duplicateCount"] for alert in answers) == list(range(20))
    assert Alert.objects.get().repeat_count == 19


def test_forty_posts_of_two_severities_are_all_received():
    sender = Alerta()
    severities = ["major", "critical"] * 20
    answers = together(*[lambda s=severity: sender.post(severity=s) for severity in severities])
    assert {alert["severity"] for alert in answers} == {"major", "critical"}
    document = AlertaAlert.objects.get()
    changes = [row for row in document.history if row["type"] == "severity"]
    assert document.duplicate_count < 40 - len(changes)
    episode = Alert.objects.get()
    assert episode.repeat_count == 39
    assert episode.severity == {"major": "high", "critical": "critical"}[document.severity]


def test_related_events_that_come_first_together_are_one_alert():
    sender = Alerta()
    related = {"correlate": CORRELATE}
    together(*[lambda e=event: sender.post(event=e, **related) for event in CORRELATE * 4])
    assert AlertaAlert.objects.count() == Alert.objects.count() == 1


def test_operators_and_senders_and_people_of_ours_get_along():
    sender = Alerta()
    number = sender.post()["id"]
    alert_id = Alert.objects.get().pk

    def take_and_give_back():
        for deed in (acknowledge_alert, unacknowledge_alert) * 3:
            with suppress(ConflictError):
                deed(alert_id, actor=JO, now=utc_now())

    def operate():
        for action in ("ack", "unack", "shelve", "unshelve") * 2:
            path = f"/alert/{number}/action"
            assert sender.call("put", path, {"action": action}).status_code in (200, 409)

    def send():
        for value in range(5):
            sender.post(value=value)

    together(take_and_give_back, operate, send, take_and_give_back, operate, send)
    shown, episode = sender.alert(number), Alert.objects.get()
    assert episode.resolved_at is None
    assert (episode.snoozed_until is not None) == (shown["status"] == "shelved")
    assert shown["history"][-1]["status"] == shown["status"]


def test_first_heartbeats_together_are_one():
    sender = Alerta()
    body = {"origin": "app/host", "timeout": 60}
    answers = together(*[lambda: sender.ask("post", "/heartbeat", body, 201) for _ in range(10)])
    assert len({answer["id"] for answer in answers}) == AlertaHeartbeat.objects.count() == 1


def test_a_number_that_is_taken_is_not_taken_again():
    sender = Alerta()
    number = "0d8f4c1e-7a7e-4b58-9d4c-9b8a3b1f9d10"
    assert sender.post(id=number)["id"] == number
    other = sender.post(id=number, resource="b")
    assert other["id"] != number
    assert sender.alert(number)["resource"] == "web1"
