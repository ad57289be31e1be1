"""Honeycomb's markers.

Contract: "Markers" of Honeycomb's API reference. A marker without an end is a point in time until a
`PUT` gives it one.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from chronos.formats import ChangeFormat
from chronos.formats.reading import read_object, web_links
from chronos.formats.words import kind_of
from chronos.normalise import SUCCEEDED, Change, ChangeReceipt
from opsportal.lib.contracts import Parsed, Received, Reply, places_of
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.fields import text, unix_instant
from opsportal.lib.times import format_instant

SOURCE = "honeycomb"
# Of all datasets of an environment.
_ALL = "__all__"


class HoneycombFormat(ChangeFormat):
    """`POST /1/markers/DATASET`, and `PUT /1/markers/DATASET/ID` to change one."""

    slug = "honeycomb"
    label = "Honeycomb markers"
    paths = tuple(
        f"{prefix}/1/markers/<dataset>{one}"
        for prefix in ("", "/honeycomb")
        for one in ("/<marker>", "")
    )
    methods = frozenset({"POST", "PUT"})
    max_body = 1024 * 1024

    def parse(self, received: Received) -> Parsed:
        """One marker; the same start and words are the same marker."""
        given = read_object(received.body)
        for name in ("start_time", "end_time"):
            if given.get(name) is not None and unix_instant(given[name]) is None:
                message = "must be seconds since 1970"
                raise PayloadError(f"{name} {message}.", [FieldError(name, message)])
        places = places_of(self.paths, received.path)
        marker = places.get("marker") or _number(received, places["dataset"], given)
        change = _change(places["dataset"], marker, given, received)
        return Parsed(many=False, changes=[change], sender_key=marker)

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """201 with the marker."""
        (change,) = parsed.changes
        marker = {"id": parsed.sender_key, **change.data}
        return Reply(201 if receipts[0].outcome == "recorded" else 200, msgspec.json.encode(marker))

    def refuse(self, error: OpsError) -> Reply:
        """Honeycomb's one member."""
        return Reply(error.status, msgspec.json.encode({"error": error.message}))


def _number(received: Received, dataset: str, given: dict[str, Any]) -> str:
    """Hexadecimal, as Honeycomb's; without a start each marker is another."""
    start = given.get("start_time") or received.now.timestamp()
    said = [received.key_id, dataset, start, *(given.get(n) for n in ("message", "type", "url"))]
    return blake2b(msgspec.json.encode(said), digest_size=8).hexdigest()


def _change(dataset: str, marker: str, given: dict[str, Any], received: Received) -> Change:
    kind, message = text(given.get("type"), 50), text(given.get("message"), 500)
    started_at, ended_at = (
        unix_instant(given.get("start_time")),
        unix_instant(given.get("end_time")),
    )
    now = format_instant(received.now)
    told = {
        "created_at": now,
        "updated_at": now,
        "start_time": int((started_at or received.now).timestamp()),
        **({"end_time": int(ended_at.timestamp())} if ended_at else {}),
        "message": message,
        "type": kind,
        "url": text(given.get("url"), 2000),
    }
    return Change(
        kind=kind_of(kind, version="", otherwise="note"),
        title=message or kind or "marker",
        source=SOURCE,
        external_id=f"{dataset}:{marker}",
        status=SUCCEEDED,
        started_at=started_at or (None if ended_at else received.now),
        ended_at=ended_at,
        service="" if dataset == _ALL else dataset[:200],
        subject=f"marker {marker}",
        links=web_links((given.get("url"), "marker")),
        data=told,
    )
