"""Whatever may stand in a field where something else belongs."""

import json

from alerts.intake import find_door
from chronos.record import record_changes
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.alerts.posting import rubbish_in


def store_rubbish(path, payload, now, **received):
    """Put rubbish in the place of each field, one at a time, or leave the field out.

    What the format makes of it is stored; all else it has to refuse. The number of both.
    """
    found, changes, refused = find_door(path).format, [], 0
    for body in rubbish_in(payload):
        try:
            parsed = found.parse(Received(body, now, path=path, **received))
        except PayloadError as error:
            assert found.refuse(error).status == 400
            json.loads(found.refuse(error).body)
            refused += 1
        else:
            changes += parsed.changes
    receipts = record_changes(changes, now=now)
    for change, receipt in zip(changes[:50], receipts, strict=False):
        assert receipt.event_id, change
    return len(changes), refused


def lean(payload, names):
    """The payload with these members alone, at every depth: what nobody looks at is left out."""
    if isinstance(payload, dict):
        return {name: lean(value, names) for name, value in payload.items() if name in names}
    if isinstance(payload, list):
        return [lean(value, names) for value in payload[:2]]
    return payload


# Bodies that are no JSON object, or one that nobody can hold.
BROKEN = [
    b"", b"null", b"[]", b"{", b'{"a": 1e999}', b'{"a":' * 900 + b"1" + b"}" * 900,
    b"[" * 100_000, b'{"a": "\\ud800"}', b"\xff\xfe{}", b'{"a": "\xff"}', b"<xml/>",
]  # fmt: skip
