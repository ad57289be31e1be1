"""What nobody brought to an end: plans that expired, and operations that were left."""

from datetime import datetime, timedelta

from django.db import transaction

from opsportal.safety.approve import expire_operation
from opsportal.safety.models import Operation, OperationTarget
from opsportal.safety.record import PORTAL, State, move_operation
from opsportal.safety.stop import NOT_BEGUN

# Long after any worker's lease.
LEFT_AFTER = timedelta(hours=1)
# Longer than anything waits for its score.
UNSCORED_AFTER = timedelta(days=2)


def expire_operations(*, now: datetime) -> None:
    """Free what they hold."""
    overdue = Operation.objects.filter(state__in=NOT_BEGUN, expires_at__lte=now)
    for pk in overdue.values_list("pk", flat=True):
        expire_operation(pk, now=now)
    left = Operation.objects.filter(
        state=State.EXECUTING, started_at__lte=now - LEFT_AFTER, expires_at__lte=now - LEFT_AFTER
    )
    for pk in left.values_list("pk", flat=True):
        with transaction.atomic():
            operation = Operation.objects.select_for_update().get(pk=pk)
            if operation.state == State.EXECUTING:
                text = "nobody brought it to an end; somebody must look what was done"
                operation.run += 1
                move_operation(operation, State.UNKNOWN, text, actor=PORTAL, now=now)
    OperationTarget.objects.filter(
        holds=True, operation__state=State.DONE, operation__started_at__lte=now - UNSCORED_AFTER
    ).update(holds=False)
