"""Claiming, grouping and sending, as the dispatcher does, at a time of the test's choice."""

from datetime import timedelta

from alerts.deliver import deliver_notifications
from alerts.flush import flush_groups
from alerts.models import Notification
from alerts.tasks import AlertGroupOutbox, NotificationOutbox
from tests.alerts.makers import NOW, claim, make_alert, make_channel, make_notification
from tests.alerts.receivers import Reply


def hook_channel(hooks, name="hook", **values):
    settings = {"url": hooks.url, "secret": "s3cret"}
    return make_channel(name, "webhook", settings=settings, **values)


def run(now=NOW) -> int:
    rows = claim(NotificationOutbox(), now, 10)
    if rows:
        deliver_notifications(rows, now=now)
    return len(rows)


def run_until_quiet(now):
    """As the dispatcher does: again and again, until nothing is left to be done."""
    for _ in range(200):
        if not Notification.objects.filter(state__in=["due", "claimed"]).exists():
            return
        run(now)
        now += timedelta(seconds=30)
    raise AssertionError("never quiet")


def state(notification) -> tuple[str, int, str]:
    notification.refresh_from_db()
    return notification.state, notification.attempts, notification.last_error


def flush(now=NOW) -> int:
    """Groups that are due become messages; how many they were."""
    groups = claim(AlertGroupOutbox(), now)
    flush_groups(groups, now=now)
    return len(groups)


def fail_five_times(channel, hooks, now=NOW) -> list[Notification]:
    hooks.reply = lambda request: Reply(503, b"later")
    rows = [make_notification(make_alert(), channel) for _ in range(5)]
    run(now)
    return rows
