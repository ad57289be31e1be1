"""Time passes for Alerta's documents: acknowledgements end, old ones go."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from alerts.alerta.edit import delete_document
from alerts.alerta.follow import STANDING
from alerts.alerta.hold import Operator
from alerts.alerta.respond import end_acknowledgement
from alerts.expire import expire_episodes, wake_snoozed
from alerts.formats.alerta.alarm import INFORMATIONAL, OVER
from alerts.models import AlertaAlert
from opsportal.lib.errors import ForbiddenError, NotFoundError
from opsportal.lib.retention import delete_in_batches

# Alerta's settings DELETE_EXPIRED_AFTER and DELETE_INFO_AFTER.
EXPIRED_AFTER, INFORMATIONAL_AFTER = timedelta(hours=2), timedelta(hours=12)
MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Tidied:
    """Numbers of the documents whose time had come."""

    expired: list[str]
    unshelved: list[str]
    unacknowledged: list[str]


def tidy_up(
    operator: Operator,
    *,
    expired_after: timedelta = EXPIRED_AFTER,
    informational_after: timedelta = INFORMATIONAL_AFTER,
) -> Tidied:
    """Alerta's housekeeping: delete what is over, and what only informs, if last heard of so long
    ago; and let pass what the portal would by itself within a minute.
    """
    now = operator.now
    rows = AlertaAlert.objects.annotate(standing=STANDING).order_by("last_received_at")
    if operator.team_id is not None:
        rows = rows.filter(Q(team=None) | Q(team=operator.team_id))
    over = Q(standing__in=OVER, last_received_at__lt=now - expired_after)
    informs = Q(severity=INFORMATIONAL, last_received_at__lt=now - informational_after)
    old = rows.filter(over | informs)
    for number in list(old.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        # Unless it was heard of meanwhile, or somebody else was faster, or has its episode.
        with suppress(NotFoundError, ForbiddenError):
            delete_document(str(number), operator, among=old)
    due = rows.filter(episode__resolved_at=None)
    late = due.filter(episode__expires_at__lte=now)
    shelved = due.filter(episode__snoozed_until__lte=now)
    expired = [str(number) for number in late.values_list("pk", flat=True)[:MOST_AT_ONCE]]
    unshelved = [str(number) for number in shelved.values_list("pk", flat=True)[:MOST_AT_ONCE]]
    expire_episodes(now=now)
    wake_snoozed(now=now)
    return Tidied(expired, unshelved, end_acknowledgements(now=now))


def end_acknowledgements(*, now: datetime) -> list[str]:
    """Nobody has any more what was taken for a time that is over; their numbers."""
    due = AlertaAlert.objects.filter(reverts_at__lte=now).order_by("reverts_at")
    numbers = [str(number) for number in due.values_list("pk", flat=True)[:MOST_AT_ONCE]]
    return [number for number in numbers if end_acknowledgement(number, now=now)]


def prune_documents(*, now: datetime) -> int:
    """Forget documents that are over, last heard of before the retention."""
    old = AlertaAlert.objects.annotate(standing=STANDING).filter(
        standing__in=OVER, last_received_at__lt=now - settings.RETENTION
    )
    return delete_in_batches(old, order_by="last_received_at")
