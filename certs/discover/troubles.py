"""What of a source could not be read."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from certs.discover.placements import locator_key
from certs.discover.storable import storable_text
from certs.discover.stored import Stored
from certs.models import Source, SourceTrouble
from certs.normalise import FoundTrouble
from certs.sources.options import hide_secrets
from opsportal.lib.ids import IdIn

SHOWN_FOR = timedelta(days=7)


def store_troubles(
    source: Source, troubles: Sequence[FoundTrouble], stored: Stored, *, now: datetime
) -> None:
    """Note what could not be read. In the caller's transaction."""
    if not troubles:
        return
    # Whoever was asked may repeat what it was asked with.
    secret = source.secret or {}
    by_key = {locator_key(text := storable_text(each.locator)): (text, each) for each in troubles}
    # One that was over begins anew.
    SourceTrouble.objects.filter(
        IdIn(sorted(by_key), "locator_key"), source=source, cleared_at__isnull=False
    ).update(first_at=now)
    SourceTrouble.objects.bulk_create(
        [
            SourceTrouble(
                source=source, locator=locator, locator_key=key,
                message=storable_text(hide_secrets(each.message, secret))[:1000],
                first_at=now, last_at=now,
            )
            for key, (locator, each) in by_key.items()
        ],
        update_conflicts=True, unique_fields=["source", "locator_key"],
        update_fields=["message", "last_at", "cleared_at"], batch_size=500,
    )  # fmt: skip
    stored.troubled |= {locator for locator, _ in by_key.values()}


def clear_troubles(source: Source, stored: Stored, *, lists_all: bool, now: datetime) -> None:
    """What is no trouble any more, after a complete run. In the caller's transaction.

    What is read once, such as a log's entry, is shown for some days.
    """
    rows = SourceTrouble.objects.filter(source=source, cleared_at=None)
    if not lists_all:
        rows = rows.filter(last_at__lt=now - SHOWN_FOR)
    troubles = rows.values_list("pk", "locator")
    over = [pk for pk, locator in troubles if locator not in stored.troubled]
    if over:
        SourceTrouble.objects.filter(IdIn(over)).update(cleared_at=now)
