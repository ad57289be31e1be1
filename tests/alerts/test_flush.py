"""Groups: alerts that share labels become one message, and share its fate."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.deliver import deliver_notifications
from alerts.fallback import mend_dead
from alerts.flush import flush_groups
from alerts.models import AlertGroup, DeliveryAttempt, Notification
from alerts.prune import prune_groups
from alerts.replay import replay_notification
from alerts.tasks import AlertGroupOutbox, NotificationOutbox
from opsportal.lib.errors import ConflictError
from opsportal.lib.outbox import all_outboxes
from tests.alerts.delivering import flush, hook_channel, run, run_until_quiet
from tests.alerts.makers import (
    JO,
    NOW,
    claim,
    end,
    hold_in,
    later,
    make_alert,
    make_group,
    make_notification,
)
from tests.alerts.receivers import Reply

pytestmark = pytest.mark.django_db


def states(*rows) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.state for row in rows]


def test_the_outbox_is_registered():
    assert "alerts.groups" in {outbox.slug for outbox in all_outboxes()}


def test_what_a_group_holds_becomes_one_message_led_by_the_worst_and_newest(hooks):
    group = make_group(hook_channel(hooks))
    alerts = [make_alert(severity=name) for name in ("critical", "low", "critical", "warning")]
    rows = [hold_in(group, alert) for alert in alerts]
    assert flush() == 1
    lead = rows[2]
    assert states(*rows) == ["held", "held", "due", "held"]
    assert {row.lead_id for row in rows} == {None, lead.pk}
    group.refresh_from_db()
    assert (group.state, group.told_at, group.closed_at) == ("done", NOW, None)
    run()
    assert states(*rows) == ["done"] * 4
    assert DeliveryAttempt.objects.count() == len(hooks.requests) == 1
    told = hooks.requests[0].json
    assert told["alert"]["summary"] == "4 alerts: 2 critical, 1 warning, 1 low; service=billing"
    assert told["alert"]["severity"] == "critical"
    assert told["alert"]["episode"] == group.episode_key
    assert [member["severity"] for member in told["group"]["alerts"]] == [
        "critical",
        "critical",
        "warning",
        "low",
    ]
    assert flush(later(minutes=1)) == 0


def test_an_update_shows_all_that_fires_and_what_it_ends_and_the_last_one_resolves(hooks):
    group = make_group(hook_channel(hooks))
    one, other = make_alert(severity="high"), make_alert()
    hold_in(group, one)
    hold_in(group, other)
    flush()
    run()
    third = make_alert(severity="critical")
    hold_in(group, third)
    end(one)
    hold_in(group, one, "resolved")
    flush(later(minutes=5))
    run(later(minutes=5))
    for alert in (other, third):
        end(alert)
        hold_in(group, alert, "resolved")
    flush(later(minutes=6))
    run(later(minutes=6))
    bodies = [request.json for request in hooks.requests]
    assert [(b["group"]["firing"], b["group"]["resolved"]) for b in bodies] == [
        (2, 0),
        (2, 1),
        (0, 2),
    ]
    assert [b["alert"]["status"] for b in bodies] == ["firing", "firing", "resolved"]
    assert bodies[1]["group"]["alerts"][-1]["status"] == "resolved"
    assert bodies[2]["kind"] == "resolved"
    assert len({b["alert"]["episode"] for b in bodies}) == 1
    group.refresh_from_db()
    assert group.closed_at == later(minutes=6)


def test_what_was_over_before_it_was_told_is_dropped_and_nobody_hears_of_it(hooks):
    group = make_group(hook_channel(hooks))
    brief, lasting = make_alert(), make_alert()
    gone, stays = hold_in(group, brief), hold_in(group, lasting)
    end(brief)
    flush()
    assert states(gone, stays) == ["dropped", "due"]
    run()
    assert hooks.requests[0].json["alert"]["summary"] == "Disk is full"
    assert hooks.requests[0].json["alert"]["episode"] == group.episode_key


def test_the_next_message_waits_until_the_one_before_is_settled(hooks):
    hooks.reply = lambda request: Reply(503)
    group = make_group(hook_channel(hooks))
    hold_in(group, make_alert())
    flush()
    run()
    for _ in range(3):
        hold_in(group, make_alert())
        flush(later(minutes=1))
    assert Notification.objects.filter(state="held", lead=None).count() == 3
    group.refresh_from_db()
    assert (group.state, group.attempts) == ("due", 0)
    hooks.reply = lambda request: Reply()
    run_until_quiet(later(minutes=1))
    flush(later(minutes=20))
    run_until_quiet(later(minutes=20))
    assert [request.json["group"]["total"] for request in hooks.requests] == [1, 1, 4]


def test_a_worker_killed_before_the_commit_changes_nothing_and_another_flushes(hooks, monkeypatch):
    group = make_group(hook_channel(hooks))
    row = hold_in(group, make_alert())

    class KilledError(BaseException):
        pass

    def killed(*args):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("alerts.flush._close", killed)
        with pytest.raises(KilledError):
            flush()
    assert states(row) == ["held"]
    flush(later(minutes=2))
    assert states(row) == ["due"]


def test_a_worker_killed_between_flush_and_delivery_loses_nothing(hooks):
    group = make_group(hook_channel(hooks))
    rows = [hold_in(group, make_alert()) for _ in range(3)]
    flush()
    claim(NotificationOutbox())
    run(later(minutes=4))
    assert states(*rows) == ["done"] * 3
    assert len(hooks.requests) == 1


def test_whoever_lost_the_claim_leaves_the_group_alone(hooks):
    group = make_group(hook_channel(hooks))
    [mine] = claim(AlertGroupOutbox())
    [theirs] = claim(AlertGroupOutbox(), later(minutes=2))
    row = hold_in(group, make_alert())
    flush_groups([mine], now=NOW)
    assert states(row) == ["held"]
    flush_groups([theirs], now=later(minutes=2))
    assert states(row) == ["due"]


def test_followers_die_with_their_lead_and_are_replayed_with_it(hooks):
    hooks.reply = lambda request: Reply(410, b"gone")
    group = make_group(hook_channel(hooks))
    rows = [hold_in(group, make_alert()) for _ in range(3)]
    flush()
    run()
    assert states(*rows) == ["dead"] * 3
    assert {row.last_error for row in rows} == {"410 gone"}
    hooks.reply = lambda request: Reply()
    replay_notification(rows[0], actor=JO, now=later(minutes=1))
    assert states(*rows) == ["held", "held", "due"]
    with pytest.raises(ConflictError):
        replay_notification(rows[1], actor=JO, now=later(minutes=1))
    run(later(minutes=1))
    assert states(*rows) == ["done"] * 3
    assert hooks.requests[-1].json["group"]["total"] == 3


def test_a_disabled_channel_buries_the_whole_group(hooks):
    group = make_group(hook_channel(hooks, enabled=False))
    rows = [hold_in(group, make_alert()) for _ in range(2)]
    flush()
    run()
    assert states(*rows) == ["dead"] * 2


def test_followers_of_a_lead_that_was_written_off_are_not_forgotten(hooks):
    group = make_group(hook_channel(hooks))
    rows = [hold_in(group, make_alert()) for _ in range(2)]
    flush()
    Notification.objects.filter(lead=None).update(state="dead", finished_at=NOW)
    assert mend_dead(now=later(minutes=1)) == 1
    assert states(*rows) == ["dead"] * 2
    assert mend_dead(now=later(minutes=1)) == 0


def test_a_large_group_lists_fifty_and_counts_the_rest_in_as_many_queries_as_a_small_one(hooks):
    channel = hook_channel(hooks)

    def cost(size: int) -> int:
        group = make_group(channel)
        for number in range(size):
            hold_in(group, make_alert(severity="critical" if number < 5 else "low"))
        flush()
        rows = claim(NotificationOutbox())
        with CaptureQueriesContext(connection) as queries:
            deliver_notifications(rows, now=NOW)
        return len(queries)

    cost(3)  # what this process recalls of names is asked for once
    few = cost(3)
    assert cost(120) == few
    told = hooks.requests[2].json
    assert told["group"]["total"] == 120
    assert len(told["group"]["alerts"]) == 50
    assert told["group"]["unlisted"] == 70
    assert [m["severity"] for m in told["group"]["alerts"][:6]] == ["critical"] * 5 + ["low"]


def test_an_alert_told_alone_and_in_a_group_keeps_two_threads(hooks):
    channel = hook_channel(hooks)
    group, alert = make_group(channel), make_alert()
    make_notification(alert, channel)
    hold_in(group, alert, "worsened", about="critical")
    flush()
    run()
    run(later(minutes=1))
    assert len({request.json["alert"]["episode"] for request in hooks.requests}) == 2


def test_groups_go_with_the_last_of_their_notifications(hooks, settings):
    settings.RETENTION = timedelta(days=30)
    channel = hook_channel(hooks)
    make_group(channel, state="done")
    kept = make_group(channel, state="done")
    make_notification(make_alert(), channel, group=kept, state="done")
    assert prune_groups(now=later(days=29)) == 0
    assert prune_groups(now=later(days=31)) == 1
    assert list(AlertGroup.objects.all()) == [kept]
