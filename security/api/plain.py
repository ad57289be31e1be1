"""Resources and revisions as every answer and export has them."""

from datetime import datetime
from typing import Any

from django.conf import settings

from opsportal.lib.times import format_instant
from security.diff import Line
from security.history import differences_of
from security.models import AddressUse, CloudResource, Comment, ConfigRevision, Review

_RESOURCE = (
    "technology", "region", "resource_id", "arn", "name", "unique_id", "state", "tags", "score",
    "full_score", "revision_count",
)  # fmt: skip
_RESOURCE_TIMES = ("first_seen_at", "changed_at", "captured_at", "missing_at", "deleted_at")
_REVISION = (
    "number", "kind", "source", "change_class", "technology", "region", "summary", "tags",
    "score_change", "actor", "attribution", "event_id", "complete_hash", "durable_hash",
)  # fmt: skip
_REVISION_TIMES = ("captured_at", "captured_before_at", "effective_at")


def resource_as_json(
    row: CloudResource, revision: ConfigRevision | None = None, *, config: bool = False
) -> dict[str, Any]:
    """A resource; with a revision its tags and configuration are those of then."""
    shown: dict[str, Any] = {
        "id": row.pk,
        "url": settings.PUBLIC_URL + row.get_absolute_url(),
        "account": row.account.account_id,
        "account_name": row.account.name,
    }
    shown |= {name: getattr(row, name) for name in _RESOURCE}
    shown |= {name: instant(getattr(row, name)) for name in _RESOURCE_TIMES}
    shown["revision"] = revision and {
        "id": revision.pk, "number": revision.number, "kind": revision.kind,
        "captured_at": instant(revision.captured_at),
    }  # fmt: skip
    if revision is not None:
        shown["tags"] = revision.tags
    if config:
        shown["config"] = row.config if revision is None else revision.config
        shown["unknown"] = row.unknown if revision is None else {}
    return shown


def revision_as_json(row: ConfigRevision, *, detail: bool = False) -> dict[str, Any]:
    """A revision; in detail with its configuration and differences."""
    shown: dict[str, Any] = {
        "id": row.pk,
        "url": settings.PUBLIC_URL + row.get_absolute_url(),
        "account": row.account.account_id,
        "account_name": row.account.name,
        "resource": {
            "id": row.resource_id, "resource_id": row.resource.resource_id,
            "arn": row.resource.arn, "name": row.resource.name,
        },
    }  # fmt: skip
    shown |= {name: getattr(row, name) for name in _REVISION}
    shown |= {name: instant(getattr(row, name)) for name in _REVISION_TIMES}
    review: Review | None = getattr(row, "review", None)
    shown["review"] = review and review_as_json(review)
    if detail:
        shown |= {
            "config": row.config,
            "changes": row.changes,
            "lines": lines_as_json(differences_of(row)),
        }
    return shown


def lines_as_json(lines: list[Line]) -> list[Any]:
    """Differences: sign, words, class, and what differs within."""
    return [_line(line) for line in lines]


def _line(line: Line) -> dict[str, Any]:
    return {
        "sign": line.sign,
        "text": line.text,
        "change_class": line.change_class,
        "parts": [_line(part) for part in line.parts],
    }


def review_as_json(row: Review) -> dict[str, Any]:
    """Who looked at it."""
    return {"reviewer": row.reviewer, "at": instant(row.at), "note": row.note}


def comment_as_json(row: Comment) -> dict[str, Any]:
    """A comment."""
    return {
        "id": row.pk, "resource": row.resource_id, "revision": row.revision_id,
        "author": row.author, "at": instant(row.at), "text": row.text,
    }  # fmt: skip


def use_as_json(row: AddressUse) -> dict[str, Any]:
    """A network that a resource has, admits, reaches or lists."""
    page = settings.PUBLIC_URL + row.resource.get_absolute_url()
    return {
        "role": row.role, "cidr": row.cidr, "note": row.note, "since": instant(row.since),
        "until": instant(row.until),
        "resource": {
            "id": row.resource.pk, "url": page,
            "account": row.resource.account.account_id, "technology": row.resource.technology,
            "region": row.resource.region, "resource_id": row.resource.resource_id,
            "name": row.resource.name, "state": row.resource.state,
        },
    }  # fmt: skip


def instant(at: datetime | None) -> str | None:
    """RFC 3339."""
    return None if at is None else format_instant(at)
