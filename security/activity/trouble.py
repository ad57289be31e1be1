"""What of a trail could not be used, counted for people to see."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from security.models import CloudAccount, TrailError

MOST_BODY = 20_000


def trouble(
    account: CloudAccount, kind: str, what: str, message: str, body: str = ""
) -> TrailError:
    """A row of it, not stored yet. NUL, which no database text holds, becomes U+FFFD."""
    plain = [text.replace("\0", "\ufffd") for text in (what, message, body)]
    return TrailError(
        account=account, kind=kind, what=plain[0][:200], message=plain[1][:1000],
        body=plain[2][:MOST_BODY],
    )  # fmt: skip


def note_troubles(found: Sequence[TrailError], *, now: datetime) -> None:
    """Count each; the first of its kind is stored, and the last one's message. Same number of
    statements for many of few kinds."""
    if not found:
        return
    together: dict[tuple[int, str, str], TrailError] = {}
    for row in found:
        key = (row.account_id, row.kind, row.what)
        row.first_at = row.last_at = now
        row.count = together[key].count + 1 if key in together else 1
        together[key] = row
    rows = TrailError.objects.filter(
        account_id__in={key[0] for key in together}, what__in={key[2] for key in together}
    )
    known = {(row.account_id, row.kind, row.what): row for row in rows}
    for key, row in together.items():
        if old := known.get(key):
            TrailError.objects.filter(pk=old.pk).update(
                count=F("count") + row.count, last_at=now, message=row.message
            )
    new = [row for key, row in together.items() if key not in known]
    TrailError.objects.bulk_create(new, ignore_conflicts=True)


def forget_trouble(account: CloudAccount, kind: str) -> None:
    """It is over."""
    TrailError.objects.filter(account=account, kind=kind).delete()
