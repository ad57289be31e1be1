"""Documents by their number, or the first part of it."""

from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from alerts.models import AlertaAlert, AlertaHeartbeat
from opsportal.lib.errors import ConflictError, NotFoundError

# Alerta's command line shows so many.
SHORTEST_NUMBER = 8
_HEX = frozenset("0123456789abcdef")


def has_word(column: str, word: str) -> Q:
    """Rows whose list has it."""
    return Q(GreaterThan(StrIndex(F(column), Value(f"\n{word}\n")), 0))


def numbered(column: str, text: str) -> Q | None:
    """Rows whose UUID begins so; None for what no UUID begins with."""
    digits = text.lower().replace("-", "")
    if not SHORTEST_NUMBER <= len(digits) <= 32 or not _HEX.issuperset(digits):
        return None
    if len(digits) == 32:
        return Q(**{column: UUID(digits)})
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    return Q(**{f"{column}__range": (first, last)})


def find_document(text: str, *, lock: bool = False) -> AlertaAlert:
    """The document of that number, or of the number of its last alert.

    Raises NotFoundError; ConflictError where the first part of a number says too little.
    """
    rows = AlertaAlert.objects.select_for_update(of=("self",)) if lock else _with_episode()
    asked = [numbered(column, text) for column in ("id", "last_receive_id")]
    for condition in asked:
        found = list(rows.filter(condition)[:2]) if condition is not None else []
        if len(found) > 1:
            raise ConflictError(f"several alerts have ids that begin with {text}; give more of it")
        if found:
            return found[0]
    raise NotFoundError("not found")


def find_beat(text: str) -> AlertaHeartbeat:
    """The heartbeat of that number. Raises NotFoundError."""
    condition = numbered("id", text)
    rows = AlertaHeartbeat.objects.select_related("heartbeat")
    found = rows.filter(condition).first() if condition is not None else None
    if found is None:
        raise NotFoundError("not found")
    return found


def _with_episode() -> QuerySet[AlertaAlert]:
    return AlertaAlert.objects.select_related("episode")
