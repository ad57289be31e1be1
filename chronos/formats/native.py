"""The portal's own contract: `POST /api/v1/events`, one object or an array of them."""

from collections.abc import Iterator, Sequence

import msgspec

from chronos.formats import ChangeFormat
from chronos.formats.native_fields import read_change
from chronos.normalise import ChangeReceipt, change_url
from opsportal.lib.contracts import Parsed, Received, Rejection, Reply, split_json
from opsportal.lib.errors import FieldError, PayloadError

MOST_CHANGES = 10_000
MOST_COMPLAINTS = 100


class NativeFormat(ChangeFormat):
    """`POST /api/v1/events`."""

    slug = "native-events"
    label = "opsportal events"
    paths = ("/api/v1/events",)
    keeps_all = False

    def parse(self, received: Received) -> Parsed:
        """One object, or an array whose good members are kept."""
        members, many = split_json(received.body)
        if not many:
            return Parsed(changes=[read_change(members[0])], many=False)
        if len(members) > MOST_CHANGES:
            raise PayloadError(
                f"The array holds {len(members)} changes; send at most {MOST_CHANGES} at a time."
            )
        changes, rejected = [], []
        for index, member in enumerate(members):
            try:
                changes.append(read_change(member))
            except PayloadError as error:
                rejected.append(Rejection(index, error.errors))
        if rejected and not changes:
            raise PayloadError("None of the changes is usable.", list(_complaints(rejected)))
        return Parsed(changes=changes, rejected=rejected)

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """201 for a single change that was recorded, 200 otherwise."""
        results = [answer_of(receipt) for receipt in receipts]
        if not parsed.many:
            status = 201 if receipts[0].outcome == "recorded" else 200
            return Reply(status, msgspec.json.encode(results[0]))
        repeated = sum(receipt.outcome == "repeated" for receipt in receipts)
        answer = {
            "accepted": len(receipts) - repeated,
            "duplicates": repeated,
            "rejected": [rejection.as_json() for rejection in parsed.rejected],
            "results": results,
        }
        return Reply(200, msgspec.json.encode(answer))


def answer_of(receipt: ChangeReceipt) -> dict[str, object]:
    """What became of one change, as an answer tells it."""
    answer: dict[str, object] = {
        "id": receipt.event_id,
        "outcome": receipt.outcome,
        "external_id": receipt.external_id,
        "url": change_url(receipt.event_id),
    }
    return {**answer, "note": receipt.note} if receipt.note else answer


def _complaints(rejected: Sequence[Rejection]) -> Iterator[FieldError]:
    for found in rejected[:MOST_COMPLAINTS]:
        for error in found.errors:
            yield FieldError(f"{found.index}.{error.field}".rstrip("."), error.message)
