"""What the workers run: the outboxes of alerts, and the periodic jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from alerts.alerta.tidy import end_acknowledgements, prune_documents
from alerts.change.calendars import import_calendars
from alerts.coverage import mention_services, watch_sources
from alerts.deliver import deliver_notifications
from alerts.escalate import walk_escalations, watch_escalations
from alerts.expire import expire_episodes, wake_snoozed
from alerts.fallback import mend_dead
from alerts.flush import flush_groups
from alerts.hits import prune_hits
from alerts.models import AlertGroup, Decision, Escalation, Notification, Remediation
from alerts.prune import (
    prune_deliveries,
    prune_episodes,
    prune_groups,
    prune_replies,
    prune_windows,
)
from alerts.remediate import remediate_alerts
from alerts.route import route_transitions
from alerts.violations import find_late_violations
from opsportal.lib.outbox import Outbox
from opsportal.lib.times import utc_now


class DecisionOutbox(Outbox):
    """Transitions that wait for their routing."""

    slug = "alerts.decisions"
    model = Decision
    lease = timedelta(minutes=2)
    max_attempts = 10
    batch = 500
    columns = ("transition_id",)
    alone = True
    # On PostgreSQL: one decides while the database writes for the other.
    threads = 2

    def perform(self, rows: Sequence[Decision], now: datetime) -> None:
        """Route them all in one go."""
        route_transitions(rows, now=now)


class AlertGroupOutbox(Outbox):
    """Groups whose next message is due."""

    slug = "alerts.groups"
    model = AlertGroup
    max_attempts = 100
    batch = 20

    def perform(self, rows: Sequence[AlertGroup], now: datetime) -> None:
        """Make a message of what each holds."""
        flush_groups(rows, now=now)


class NotificationOutbox(Outbox):
    """Notifications that wait for their delivery."""

    slug = "alerts.notifications"
    model = Notification
    lease = settings.DELIVERY_LEASE
    # With the back-off, well over an hour: a mail server that is away for so long loses nothing.
    max_attempts = 16
    batch = 20
    threads = 2

    def perform(self, rows: Sequence[Notification], now: datetime) -> None:
        """Send them side by side."""
        deliver_notifications(rows, now=now)


class EscalationOutbox(Outbox):
    """Walks through escalation policies whose next step is due."""

    slug = "alerts.escalations"
    model = Escalation
    # Nobody else pages while one tries: short leases, and no end of trying.
    lease = timedelta(seconds=30)
    max_attempts = 1000
    batch = 20

    def perform(self, rows: Sequence[Escalation], now: datetime) -> None:
        """Each a step on."""
        walk_escalations(rows, now=now)


def watch_pages() -> None:
    """See that no escalation is late, and none sleeps while nobody has its alert."""
    watch_escalations(now=utc_now())


def fetch_calendars() -> None:
    """Import the calendars that feed schedules."""
    import_calendars(now=utc_now())


class RemediationOutbox(Outbox):
    """Remediations that wait for their next step."""

    slug = "alerts.remediations"
    model = Remediation
    # Far more than all looks and calls of one operation may take.
    lease = timedelta(minutes=15)
    max_attempts = 5
    batch = 1
    threads = 2

    def perform(self, rows: Sequence[Remediation], now: datetime) -> None:
        """One at a time: each is a conversation with the other side."""
        remediate_alerts(rows, now=now)


def expire_alerts() -> None:
    """Resolve what was not heard of for too long, and wake what was snoozed long enough."""
    now = utc_now()
    expire_episodes(now=now)
    wake_snoozed(now=now)
    end_acknowledgements(now=now)


def watch_coverage() -> None:
    """See which sources of changes are silent, and tell the timeline what alerts are about."""
    now = utc_now()
    mention_services(now=now)
    watch_sources(now=now)


def mend_deliveries() -> None:
    """See to the dead whose worker vanished before it could."""
    mend_dead(now=utc_now())


def find_violations() -> None:
    """Changes that were heard of long after they began may have violated a freeze."""
    find_late_violations(now=utc_now())


def prune_alerts() -> None:
    """Drop what is older than the retention."""
    now = utc_now()
    prune_episodes(now=now)
    prune_groups(now=now)
    prune_replies(now=now)
    prune_windows(now=now)
    prune_deliveries(now=now)
    prune_hits(now=now)
    prune_documents(now=now)
