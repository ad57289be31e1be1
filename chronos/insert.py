"""Store: many new changes at once, and the keys they are recognised by."""

from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError, connection

from chronos.models import EventKey
from opsportal.lib.deadlocks import OvertakenError
from opsportal.lib.insert import insert_values


def insert_keys(keys: Mapping[UUID, int]) -> None:
    """Store new keys of changes. Raises OvertakenError for one that somebody stored first."""
    if not keys:
        return
    plain = connection.features.has_native_uuid_field
    # Sorted, so that concurrent batches wait for each other in one order.
    rows = [(key if plain else key.hex, event_id) for key, event_id in sorted(keys.items())]
    try:
        insert_values(EventKey._meta.db_table, ["id", "event_id"], rows)
    except IntegrityError as error:
        raise OvertakenError(*error.args) from error
