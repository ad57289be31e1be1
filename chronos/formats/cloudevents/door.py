"""Where CloudEvents come in: structured, binary and in batches."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import parse_qs

import msgspec

from chronos.formats import ChangeFormat
from chronos.formats.cloudevents.cdevents import PREFIX, change_of_cdevent
from chronos.formats.cloudevents.change import change_of
from chronos.formats.cloudevents.envelope import CloudEvent, read_binary, read_structured
from chronos.normalise import Change, ChangeReceipt
from opsportal.lib.contracts import Parsed, Received, Rejection, Reply, split_json
from opsportal.lib.errors import FieldError, PayloadError, UnsupportedMediaError

STRUCTURED, BATCHED = "application/cloudevents", "application/cloudevents-batch"
MOST_EVENTS = 10_000
MOST_COMPLAINTS = 100
_CHARSET = re.compile(r'(?i)charset\s*=\s*"?([^\s";]+)')
_ORIGIN = re.compile(r"[A-Za-z0-9.*:_-]{1,253}")
_PRIVATE: Mapping[str, str] = MappingProxyType({"Cache-Control": "private"})


class CloudEventsFormat(ChangeFormat):
    """One event, or a batch whose good members are kept."""

    slug = "cloudevents"
    label = "CloudEvents"
    paths: ClassVar[tuple[str, ...]] = (
        "/api/v1/cloudevents",
        "/hooks/cloudevents",
        "/hooks/cloudevents/<key>",
    )
    key_in_body = True
    keeps_headers = ("ce-*",)

    def key_text(self, received: Received) -> str:
        """`access_token` of the query (RFC 6750, section 2.3)."""
        return parse_qs(received.query).get("access_token", [""])[-1]

    def greet(self, headers: Mapping[str, str]) -> Reply | None:
        """http-webhook.md, section 4: whoever has a key may send, from wherever."""
        origin = headers.get("WebHook-Request-Origin", "")
        if not _ORIGIN.fullmatch(origin):
            return None
        agreed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST"}
        return Reply(200, headers=agreed)

    def parse(self, received: Received) -> Parsed:
        """By the content type; the longer one of a batch begins like the shorter one."""
        media = received.content_type.strip().lower()
        if media.startswith(BATCHED):
            _know(media, BATCHED)
            return self.parse_batch(received.body)
        if media.startswith(STRUCTURED):
            _know(media, STRUCTURED)
            members, many = split_json(received.body)
            if many:
                raise PayloadError(f"An array is a batch: send it as {BATCHED}+json.")
            return Parsed(changes=[self.change_of(read_structured(members[0]))], many=False)
        if not received.headers:
            raise UnsupportedMediaError(
                f"This is no CloudEvent: send {STRUCTURED}+json, {BATCHED}+json, or its attributes "
                "as ce- headers."
            )
        event = read_binary(received.headers, received.content_type.strip(), received.body)
        return Parsed(changes=[self.change_of(event)], many=False)

    def change_of(self, event: CloudEvent) -> Change:
        """What the event says, or the CDEvent in it. Raises PayloadError."""
        if event.get("type").startswith(PREFIX):
            return change_of_cdevent(event.data)
        return change_of(event)

    def parse_batch(self, body: bytes) -> Parsed:
        """An array of events, which may be empty. Raises PayloadError when none is usable."""
        members, many = split_json(body)
        if not many:
            raise PayloadError("A batch must be an array.")
        return parse_members(members, lambda member: self.change_of(read_structured(member)))

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """How many were new, how many were not, and which could not be taken."""
        duplicates = sum(receipt.outcome == "repeated" for receipt in receipts)
        answer = {
            "accepted": len(receipts) - duplicates,
            "duplicates": duplicates,
            "rejected": [
                {"index": found.index, "error": "; ".join(map(_complaint, found.errors))}
                for found in parsed.rejected
            ],
        }
        return Reply(200, msgspec.json.encode(answer), headers=_PRIVATE)


def parse_members(members: Sequence[bytes], read: Callable[[bytes], Change]) -> Parsed:
    """The good ones of a batch, and what is wrong with the others.

    Raises PayloadError when there are only others.
    """
    if len(members) > MOST_EVENTS:
        raise PayloadError(f"{len(members)} events are too many: send {MOST_EVENTS} at a time.")
    changes: list[Change] = []
    rejected: list[Rejection] = []
    for index, member in enumerate(members):
        try:
            changes.append(read(member))
        except PayloadError as error:
            errors = error.errors or (FieldError("", error.message),)
            rejected.append(Rejection(index, errors))
    if rejected and not changes:
        complaints = [
            FieldError(f"{found.index}.{error.field}".rstrip("."), error.message)
            for found in rejected[:MOST_COMPLAINTS]
            for error in found.errors
        ]
        raise PayloadError("None of the events is usable.", complaints)
    return Parsed(changes=changes, rejected=rejected, note="" if members else "The batch is empty.")


def _complaint(error: FieldError) -> str:
    return f"{error.field} {error.message}".strip()


def _know(media: str, prefix: str) -> None:
    """Only JSON is read. Raises UnsupportedMediaError."""
    suffix = media.removeprefix(prefix).partition(";")[0].strip()
    charset = _CHARSET.search(media)
    if suffix not in ("", "+json") or (charset and charset[1] not in ("utf-8", "utf8", "us-ascii")):
        raise UnsupportedMediaError(f"{media[:100]!r} is not read here: send {prefix}+json.")
