"""What a question about changes means by "freeze"; named in settings.REFERENCES."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from chronos.ask import Occurrence, Reference
from chronos.freezes import CompiledFreeze, freeze_intervals, seen_of
from chronos.models import ChangeEvent

LOOK_BACK = timedelta(days=92)


class FreezeReference:
    """Freezes of the last three months, those that hold now among them."""

    slug = "freeze"

    def find(self, reference: Reference, *, now: datetime) -> Sequence[Occurrence]:
        """The newest first; of a service or an environment, those that concern it."""
        return [
            Occurrence(
                found.since,
                found.until,
                found.freeze.name,
                f"/changes/freezes/?month={found.since:%Y-%m}",
                concerns=_concerned_by(found.freeze),
            )
            for found in reversed(freeze_intervals(now - LOOK_BACK, now))
            if _concerns(found.freeze, reference)
        ]


def _concerned_by(freeze: CompiledFreeze) -> Callable[[ChangeEvent], bool]:
    return lambda event: freeze.concerns(seen_of(event))


def _concerns(freeze: CompiledFreeze, reference: Reference) -> bool:
    if not reference.service and not reference.environment:
        return True
    place = {"service": reference.service, "environment": reference.environment}
    return any(freeze.concerns({"kind": kind, **place}) for kind in freeze.kinds)
