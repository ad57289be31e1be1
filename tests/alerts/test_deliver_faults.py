"""What goes wrong on the way: killed workers, lost leases, outages, bugs."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError

from alerts import deliver
from alerts.channels.webhook import WebhookChannel
from alerts.deliver import deliver_notifications
from alerts.models import DeliveryAttempt, Notification
from alerts.tasks import NotificationOutbox
from tests.alerts.delivering import hook_channel, run, run_until_quiet, state
from tests.alerts.makers import (
    NOW,
    claim,
    later,
    make_alert,
    make_channel,
    make_notification,
)
from tests.alerts.receivers import Reply

pytestmark = pytest.mark.django_db


def test_nothing_is_sent_at_the_end_of_a_lease(hooks):
    row = make_notification(make_alert(), hook_channel(hooks))
    rows = claim(NotificationOutbox())
    deliver_notifications(rows, now=later(minutes=2, seconds=30))
    assert hooks.requests == []
    assert state(row)[:2] == ("due", 0)


def test_a_worker_killed_before_the_send_loses_nothing(hooks):
    row = make_notification(make_alert(), hook_channel(hooks))
    claim(NotificationOutbox())
    run(later(minutes=1))
    assert hooks.requests == []
    run(later(minutes=4))
    assert state(row)[:2] == ("done", 2)
    assert len(hooks.requests) == 1


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def test_a_worker_killed_between_send_and_mark_sends_the_same_mail_again(mails, monkeypatch):
    row = make_notification(make_alert(), make_channel())

    def killed(*args, **options):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(deliver, "_record", killed)
        with pytest.raises(KilledError):
            run()
    assert state(row)[:2] == ("claimed", 1)
    run(later(minutes=4))
    assert state(row)[:2] == ("done", 2)
    one, other = [received.mail for received in mails.received]
    assert one["Message-ID"] == other["Message-ID"]
    assert row.idempotency_key in one["Message-ID"]


def test_whoever_lost_the_lease_does_not_mark_what_another_holds(hooks):
    row = make_notification(make_alert(), hook_channel(hooks))
    [mine] = claim(NotificationOutbox())

    [theirs] = claim(NotificationOutbox(), later(minutes=4))
    deliver_notifications([mine], now=NOW)
    assert state(row)[:2] == ("claimed", 2)
    assert DeliveryAttempt.objects.count() == 1
    deliver_notifications([theirs], now=later(minutes=4))
    assert state(row)[0] == "done"


def test_mail_survives_an_hour_without_a_server_and_arrives_once_in_order(mails):
    mails.stop()
    alert, channel = make_alert(), make_channel()
    make_notification(alert, channel)
    make_notification(alert, channel, "resolved")
    for _ in range(5):
        make_notification(make_alert(), channel)
    now = NOW
    while now < later(hours=1):
        run(now)
        now += timedelta(seconds=30)
    assert not Notification.objects.filter(state="dead").exists()
    assert mails.received == []
    mails.start()
    run_until_quiet(now)
    assert Notification.objects.filter(state="done").count() == 7
    ids = [received.mail["Message-ID"] for received in mails.received]
    assert len(ids) == len(set(ids)) == 7
    thread = [
        received.mail
        for received in mails.received
        if received.mail["X-Opsportal-Alert"] == str(alert.pk)
    ]
    assert [mail["X-Opsportal-Kind"] for mail in thread] == ["opened", "resolved"]
    assert thread[1]["In-Reply-To"] == thread[0]["Message-ID"]


def test_a_hanging_channel_holds_up_nobody_else(hooks):
    """Both are under way at once: each waits for the other."""
    together = threading.Barrier(2, timeout=10)

    def reply(request):
        together.wait()
        return Reply()

    hooks.reply = reply
    channel = hook_channel(hooks)
    rows = [make_notification(make_alert(), channel) for _ in range(2)]
    run()
    assert {state(row)[0] for row in rows} == {"done"}


def test_a_bug_in_a_channel_fails_its_own_message_only(hooks, monkeypatch, caplog):
    send = WebhookChannel.send

    def buggy(message, settings):
        if message.service == "broken":
            raise TypeError("s3cret")
        return send(message, settings)

    monkeypatch.setattr(WebhookChannel, "send", buggy)
    channel = hook_channel(hooks)
    broken = make_notification(make_alert(service="broken"), channel)
    good = make_notification(make_alert(), channel)
    run()
    assert state(good)[0] == "done"
    assert state(broken)[:2] == ("due", 1)
    assert "s3cret" not in broken.last_error


def test_while_the_database_is_away_the_result_is_kept_and_nothing_sent_twice(
    hooks, monkeypatch, transactional_db
):
    row = make_notification(make_alert(), hook_channel(hooks))
    settle = deliver._settle
    failures: list[int] = []

    def away(*args):
        if len(failures) < 2:
            failures.append(1)
            raise OperationalError("gone")
        return settle(*args)

    monkeypatch.setattr(deliver, "_settle", away)
    monkeypatch.setattr("alerts.deliver.time.sleep", lambda seconds: None)
    run()
    assert state(row)[:2] == ("done", 1)
    assert DeliveryAttempt.objects.count() == 1
    assert len(hooks.requests) == 1


def test_a_channel_of_a_kind_that_is_gone_is_buried_with_the_reason(hooks):
    row = make_notification(make_alert(), make_channel(kind="pigeon"))
    run()
    assert state(row)[0] == "dead"
    assert "pigeon" in row.last_error
