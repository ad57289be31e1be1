"""From the posted alert to the mail, through the outboxes as workers run them."""

import threading

import pytest
from django.db import connection

from alerts.models import Alert, Decision, DeliveryAttempt, Notification
from alerts.normalise import RESOLVED, AlertEvent
from alerts.receive import receive_alerts
from alerts.tasks import DecisionOutbox, NotificationOutbox, expire_alerts, prune_alerts
from opsportal.lib.outbox import all_outboxes, run_outbox
from opsportal.lib.times import utc_now
from tests.alerts.makers import make_channel, make_rule

pytestmark = pytest.mark.django_db(transaction=True)


def event(key="disk", **values) -> AlertEvent:
    return AlertEvent(name="DiskFull", dedup_key=key, summary="Disk is full", **values)


def run_all() -> None:
    run_outbox(DecisionOutbox())
    run_outbox(NotificationOutbox())


def test_the_outboxes_are_registered():
    assert {outbox.slug for outbox in all_outboxes()} >= {
        "alerts.decisions",
        "alerts.notifications",
    }


def test_a_thousand_repeats_are_told_once_and_the_end_once(mails):
    make_rule("all", "", make_channel())
    for _ in range(10):
        receive_alerts([event()] * 100, now=utc_now())
        run_all()
    assert Alert.objects.get().repeat_count == 999
    assert mails.subjects == ["[WARNING] Disk is full"]
    receive_alerts([event(severity="critical")], now=utc_now())
    run_all()
    receive_alerts([event(status=RESOLVED)], now=utc_now())
    run_all()
    receive_alerts([event(status=RESOLVED)], now=utc_now())
    run_all()
    assert mails.subjects == [
        "[WARNING] Disk is full",
        "[CRITICAL] Disk is full",
        "[RESOLVED] Disk is full",
    ]
    first, *others = [received.mail for received in mails.received]
    assert {mail["In-Reply-To"] for mail in others} == {first["Message-ID"]}


def test_workers_side_by_side_tell_each_thing_once(mails):
    channels = [make_channel(name) for name in ("one", "two")]
    make_rule("all", "", *channels)
    receive_alerts([event(f"disk-{number}") for number in range(30)], now=utc_now())
    together = threading.Barrier(4, timeout=10)
    errors = []

    def work():
        together.wait()
        try:
            run_all()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A worker may have looked for notifications before another had written them.
    run_all()
    assert errors == []
    assert Decision.objects.filter(state="done", outcome="notified").count() == 30
    assert Notification.objects.filter(state="done").count() == 60
    assert DeliveryAttempt.objects.count() == len(mails.received) == 60


def test_the_periodic_jobs_run_on_an_empty_portal():
    expire_alerts()
    prune_alerts()
