"""Store: requests as they came in, with their verdict, for people to look at and to replay."""

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import Error

from alerts.models import RawDelivery
from alerts.normalise import Respond
from opsportal.lib.contracts import Parsed, Received
from opsportal.lib.redact import redact_text, redact_value

logger = logging.getLogger(__name__)
Verdict = RawDelivery.Verdict
# Characters. What failed is kept longer, since only the whole of it can be replayed.
MOST_KEPT, MOST_KEPT_FAILED = 65_536, 524_288
NOTHING_OPEN = "No alert is open that it is about."
MOST_LISTED, MOST_COMPLAINTS, LONGEST_PATH, LONGEST_HEADER = 50, 20, 200, 2000
# Of one key in one process: a sender that posts rubbish all day does not fill the disk.
MOST_FAILED_A_MINUTE = 100
_lock = threading.Lock()
_failed: dict[int, tuple[datetime, int]] = {}


def delivery_of(
    received: Received,
    *,
    format_slug: str,
    address: str | None,
    parsed: Parsed | None = None,
    error: str = "",
) -> RawDelivery:
    """The row of a request, not stored yet: what was parsed of it, or the error.

    What it came to is said by `note_outcome` later, since to redact it takes its time.
    """
    most = MOST_KEPT if parsed is not None and not parsed.rejected else MOST_KEPT_FAILED
    text = redact_text(received.body)
    return RawDelivery(
        key_id=received.key_id,
        format=format_slug,
        received_at=received.now,
        path=_plain(received.path)[:LONGEST_PATH],
        query=redact_text(received.query.encode())[:1000],
        content_type=_plain(received.content_type)[:200],
        headers=_headers(received.headers),
        address=address,
        body=text[:most],
        size=len(received.body),
        truncated=len(text) > most or len(received.path) > LONGEST_PATH,
        verdict=Verdict.FAILED,
        error=(error or _complaints(parsed))[:5000],
        events=parsed.size if parsed is not None else 0,
    )


def note_outcome(
    delivery: RawDelivery, parsed: Parsed, alert_ids: Sequence[int], change_ids: Sequence[int] = ()
) -> None:
    """Say on the row what became of it, and which alerts and changes it was about."""
    delivery.alert_ids = list(dict.fromkeys(alert_ids))[:MOST_LISTED]
    delivery.change_ids = list(dict.fromkeys(change_ids))[:MOST_LISTED]
    if parsed.rejected:
        delivery.verdict = Verdict.PARTIAL if parsed.size else Verdict.FAILED
    elif alert_ids or change_ids or not all(isinstance(order, Respond) for order in parsed.orders):
        delivery.verdict = Verdict.STORED
    else:
        delivery.verdict = Verdict.IGNORED
        delivery.error = delivery.error or NOTHING_OPEN


def keep_deliveries(deliveries: Sequence[RawDelivery]) -> None:
    """Store them, in the caller's transaction."""
    RawDelivery.objects.bulk_create(deliveries)


def keep_failure(delivery: RawDelivery, *, refused: bool = False) -> None:
    """Store a request that brought nothing; never in the way of the answer."""
    if refused:
        delivery.verdict = Verdict.REFUSED
    if not _has_room(delivery.key_id, delivery.received_at):
        return
    try:
        keep_deliveries([delivery])
    except Error as lost:
        logger.warning("delivery not kept error=%s", type(lost).__name__)


def note_replay(replayed: RawDelivery, outcome: RawDelivery, now: datetime) -> None:
    """Write on the kept request what came of another try, in the caller's transaction."""
    replayed.replayed_at = now
    names = ("verdict", "error", "events", "alert_ids", "change_ids")
    for name in names:
        setattr(replayed, name, getattr(outcome, name))
    replayed.save(update_fields=["replayed_at", *names])


def forget_failures() -> None:
    """Begin the minute anew; for tests, whose keys' ids come again."""
    _failed.clear()


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    """Those that were kept, without secrets."""
    plain: dict[str, str] = redact_value(dict(given))
    return {name: _plain(value)[:LONGEST_HEADER] for name, value in plain.items()}


def _complaints(parsed: Parsed | None) -> str:
    if parsed is None:
        return ""
    lines = [
        f"{rejection.index}: {error.field} {error.message}".replace(":  ", ": ")
        for rejection in parsed.rejected[:MOST_COMPLAINTS]
        for error in rejection.errors
    ]
    return "\n".join(lines) or parsed.note


def _plain(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _has_room(key_id: int, now: datetime) -> bool:
    minute = now.replace(second=0, microsecond=0)
    with _lock:
        since, count = _failed.get(key_id, (minute, 0))
        count = count + 1 if since == minute else 1
        _failed[key_id] = (minute, count)
    return count <= MOST_FAILED_A_MINUTE
