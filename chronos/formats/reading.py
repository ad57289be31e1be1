"""What the formats of webhooks have in common: a JSON object in, what became of it out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from chronos.formats.fields import web_link
from chronos.normalise import Change, ChangeReceipt, change_url
from opsportal.lib.contracts import MOST_LEVELS, Parsed, Reply, is_deep, split_json
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.fields import rows, table, text

MOST_COMMITS = 100
_json = msgspec.json.Decoder(dict[str, Any])


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that the body is. Raises PayloadError for anything else."""
    members, many = split_json(body)
    if many:
        raise PayloadError("Send one JSON object, not an array.")
    try:
        found = _json.decode(members[0])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PayloadError(f"The body is not a JSON object: {error}") from error
    if is_deep(found):
        raise PayloadError(f"The body is nested deeper than {MOST_LEVELS} levels.")
    return found


def need(value: object, field: str) -> str:
    """A text or number that must be there. Raises PayloadError, which names the field."""
    found = text(value, 300).strip() if not isinstance(value, bool) else ""
    if not found:
        raise PayloadError(f"{field} is missing.", [FieldError(field, "is required")])
    return found


def web_links(*given: tuple[object, str]) -> tuple[Mapping[str, str], ...]:
    """Links of those addresses that a browser may open, each once, with their texts."""
    found: dict[str, Mapping[str, str]] = {}
    for address, words in given:
        if link := web_link(address, words):
            found.setdefault(link["href"], link)
    return tuple(found.values())


def first_line(value: object, cut: int = 300) -> str:
    """Of a commit's message its subject."""
    return text(value, 10_000).strip().partition("\n")[0][:cut]


def commits_of(given: object) -> list[dict[str, str]]:
    """What of a push is known of its commits, the last hundred."""
    found = []
    for commit in map(table, rows(given)[-MOST_COMMITS:]):
        author = table(commit.get("author"))
        known = {
            "id": text(commit.get("id"), 100),
            "timestamp": text(commit.get("timestamp"), 40),
            "author": text(author.get("name") or commit.get("author_name"), 200),
            "message": first_line(commit.get("message")),
        }
        if known["id"]:
            found.append(known)
    return found


def parsed_one(found: Change | str, token: str = "") -> Parsed:
    """What one delivery came to: a change, or why there is none."""
    if isinstance(found, str):
        return Parsed(many=False, token=token, note=found)
    return Parsed(many=False, token=token, changes=[found])


def answer_changes(parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
    """200 with what became of each change, or why there is none."""
    results = [
        {"id": found.event_id, "outcome": found.outcome, "url": change_url(found.event_id)}
        for found in receipts
    ]
    return Reply(200, msgspec.json.encode({"results": results, "note": parsed.note}))


def only(name: str, value: str, others: Iterable[str] = ()) -> dict[str, str]:
    """A label, where there is a value that none of the others says already."""
    return {name: value} if value and value not in others else {}
