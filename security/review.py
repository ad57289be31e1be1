"""What people say of changes: that they were looked at, and comments."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audits
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.ids import IdIn
from security.models import CloudResource, Comment, ConfigRevision, Review

MOST_AT_ONCE = 500
_LONGEST_NOTE, _LONGEST_COMMENT = 1000, 4000


def review_revisions(
    ids: Sequence[int], *, note: str = "", actor: Actor, now: datetime
) -> list[Review]:
    """Note that somebody looked at these and found them right; what was reviewed stays as it was.

    The new reviews; those that do not exist are left out. Raises PayloadError.
    """
    note = _text("note", note, _LONGEST_NOTE)
    if len(ids) > MOST_AT_ONCE:
        raise _refused("revisions", f"must be at most {MOST_AT_ONCE} at once")
    with transaction.atomic():
        rows = ConfigRevision.objects.filter(IdIn(ids), review=None).select_for_update(of=("self",))
        rows = rows.only("number", "kind", "resource_id").order_by("pk")
        made = [Review(revision=row, reviewer=actor.name[:200], at=now, note=note) for row in rows]
        Review.objects.bulk_create(made)
        record_audits(
            actor, "review", [(row.revision, None, {"note": note}) for row in made], now=now
        )
    return made


def withdraw_review(review: Review, *, actor: Actor, now: datetime) -> None:
    """It is to be looked at again."""
    with transaction.atomic():
        before = {"reviewer": review.reviewer, "note": review.note}
        record_audits(actor, "withdraw review", [(review.revision, before, None)], now=now)
        review.delete()


def add_comment(
    resource: CloudResource,
    text: str,
    *,
    revision: ConfigRevision | None = None,
    actor: Actor,
    now: datetime,
) -> Comment:
    """A comment on a resource, or on one of its revisions. Raises PayloadError."""
    text = _text("text", text, _LONGEST_COMMENT)
    if not text:
        raise _refused("text", "must not be empty")
    with transaction.atomic():
        comment = Comment.objects.create(
            resource=resource, revision=revision, author=actor.name[:200], at=now, text=text
        )
        about = resource if revision is None else revision
        record_audits(actor, "comment", [(about, None, {"text": text})], now=now)
    return comment


def _text(field: str, text: str, longest: int) -> str:
    text = text.strip()
    if len(text) > longest or "\0" in text:
        raise _refused(field, f"must be at most {longest} characters without NUL")
    return text


def _refused(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])
