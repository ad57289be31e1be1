"""Webhooks of whatever shape: what is what in them is said by the mapping of their key."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from django.conf import settings

from alerts.formats import AlertFormat
from alerts.formats.mapping import CompiledMapping, compile_mapping, mapping_values
from alerts.formats.reading import Reading, read_payload
from alerts.models import Mapping
from alerts.normalise import Receipt, answers
from opsportal.lib.contracts import Parsed, Received, Rejection, Reply
from opsportal.lib.errors import FieldError, PayloadError

MAX_BODY = 256 * 1024
_MOST_REMARKS = 10


class GenericFormat(AlertFormat):
    """`POST /hooks/generic`."""

    slug = "generic"
    label = "Generic JSON"
    paths = ("/hooks/generic", "/hooks/generic/<key>")
    methods = frozenset({"POST", "PUT"})
    max_body = MAX_BODY

    def parse(self, received: Received) -> Parsed:
        """As the mapping has it that the key has now."""
        mapping = mapping_of(received.key_id)
        if mapping is None:
            page = f"{settings.PUBLIC_URL}/admin/alerts/mapping/add/?key={received.key_id}"
            raise PayloadError(
                f"There is no mapping for this key yet: make one from this delivery, at {page}"
            )
        readings = read_payload(mapping, received)
        events = [found.event for found in readings.alerts if found.event is not None]
        rejected = [
            Rejection(index, tuple(found.errors))
            for index, found in enumerate(readings.alerts)
            if found.errors
        ]
        if rejected and not events:
            raise _refusal(rejected, many=mapping.alerts is not None)
        note = readings.note or _remarks(readings.alerts)
        if not events:
            note = note or "What its status means is to be ignored."
        return Parsed(events, rejected, many=mapping.alerts is not None, note=note)

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """202 with what became of each alert, and of what was refused among them."""
        answer: dict[str, object] = {"accepted": len(receipts), "alerts": answers(receipts)}
        if parsed.rejected:
            answer["rejected"] = [rejection.as_json() for rejection in parsed.rejected]
        return Reply(202, msgspec.json.encode(answer))


def mapping_of(key_id: int) -> CompiledMapping | None:
    """The mapping that the key has now: one query; read again only when it has changed."""
    row = Mapping.objects.filter(mapped_keys__key_id=key_id).first()
    return None if row is None else _compiled(msgspec.json.encode(mapping_values(row)))


@lru_cache(maxsize=256)
def _compiled(values: bytes) -> CompiledMapping:
    return compile_mapping(msgspec.json.decode(values))


def _refusal(rejected: Sequence[Rejection], *, many: bool) -> PayloadError:
    errors = [
        FieldError(f"{rejection.index}.{error.field}" if many else error.field, error.message)
        for rejection in rejected[:100]
        for error in rejection.errors
    ]
    first = rejected[0].errors[0]
    return PayloadError(f"No alert can be made of it: {first.field} {first.message}.", errors)


def _remarks(alerts: Sequence[Reading]) -> str:
    """What was left out, for whoever looks at the delivery."""
    said = [f"{found.field}: {found.message}" for alert in alerts for found in alert.remarks]
    return "\n".join(list(dict.fromkeys(said))[:_MOST_REMARKS])
