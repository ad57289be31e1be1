"""What of a trail could not be used, counted for people to see."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, F

from security.models import CloudAccount, TrailError

MOST_BODY = 20_000
# Of an account and kind: beyond them they are counted together.
MOST_ROWS, OTHERS = 500, "others"


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
    together: dict[_Key, TrailError] = {}
    for row in found:
        row.first_at = row.last_at = now
        _count(together, row)
    known = _known(together)
    new: dict[_Key, TrailError] = {}
    room = Counter(_rows_of(key[0] for key in together))
    for key, row in sorted(together.items()):
        if key in known:
            continue
        if room[key[:2]] >= MOST_ROWS:
            row.what, row.body = OTHERS, ""
        room[key[:2]] += 1
        _count(new, row)
    known |= _known([key for key in new if key[2] == OTHERS])
    for key, row in {**together, **new}.items():
        if (old := known.get(key)) is not None:
            TrailError.objects.filter(pk=old.pk).update(
                count=F("count") + row.count, last_at=now, message=row.message
            )
    TrailError.objects.bulk_create(
        [row for key, row in new.items() if key not in known], ignore_conflicts=True
    )


_Key = tuple[int, str, str]


def _count(together: dict[_Key, TrailError], row: TrailError) -> None:
    """The last one's message stands for all."""
    key = (row.account_id, row.kind, row.what)
    if key in together:
        row.count += together[key].count
    together[key] = row


def _known(keys: Iterable[_Key]) -> dict[_Key, TrailError]:
    keys = list(keys)
    rows = (
        TrailError.objects.filter(
            account_id__in={key[0] for key in keys}, what__in={key[2] for key in keys}
        )
        if keys
        else ()
    )
    return {(row.account_id, row.kind, row.what): row for row in rows}


def _rows_of(accounts: Iterable[int]) -> dict[tuple[int, str], int]:
    """How many there are, by account and kind."""
    rows = TrailError.objects.filter(account_id__in=set(accounts)).order_by()
    counted = rows.values("account_id", "kind").annotate(n=Count("pk"))
    return {
        (account, kind): n for account, kind, n in counted.values_list("account_id", "kind", "n")
    }


def forget_trouble(account: CloudAccount, kind: str) -> None:
    """It is over."""
    TrailError.objects.filter(account=account, kind=kind).delete()
