"""Act: change and withdraw what came in as an annotation of Grafana's."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from chronos.count import mark_stale
from chronos.fold import MOST_BODY, cut_tags, settle
from chronos.formats.grafana import MARK, SOURCE, Annotation, instant_of, words_of
from chronos.models import ChangeEvent, EventKey
from chronos.normalise import CANCELLED
from chronos.settle import decided_by, settle_running
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import audit_state, difference, record_audit
from opsportal.lib.errors import ForbiddenError, NotFoundError


def change_annotation(
    annotation_id: int, given: Annotation, *, key_id: int, actor: Actor, now: datetime
) -> None:
    """Set what is told of text, tags and times; where it happened and what it is stay.

    Raises NotFoundError, ForbiddenError for what this key did not make here, and PayloadError.
    """
    started_at = instant_of("time", given.time, 1000)
    ended_at = instant_of("timeEnd", given.time_end, 1000)

    def change(event: ChangeEvent) -> None:
        if (given.text or "").strip():
            words = words_of(given.text or "")
            event.title, event.body = words["title"], words["body"][:MOST_BODY]
            event.links = [dict(link) for link in words["links"]]
        if given.tags is not None:
            event.tags = cut_tags(given.tags)
        moment = event.ended_at == event.started_at
        first = started_at or event.started_at
        last = ended_at or (first if moment or event.ended_at is None else event.ended_at)
        event.started_at, event.ended_at = sorted((first, last))
        settle(event, now)

    _write(annotation_id, "change", change, key_id=key_id, actor=actor, now=now)


def withdraw_annotation(annotation_id: int, *, key_id: int, actor: Actor, now: datetime) -> None:
    """Call it off: the timeline keeps it, as cancelled, and Grafana sees it no more.

    Raises NotFoundError, and ForbiddenError for what this key did not make here.
    """

    def withdraw(event: ChangeEvent) -> None:
        event.status = CANCELLED

    _write(annotation_id, "withdraw", withdraw, key_id=key_id, actor=actor, now=now)


def _write(
    annotation_id: int,
    action: str,
    write: Callable[[ChangeEvent], None],
    *,
    key_id: int,
    actor: Actor,
    now: datetime,
) -> None:
    with transaction.atomic():
        event = ChangeEvent.objects.select_for_update().filter(pk=annotation_id).first()
        if event is None or is_withdrawn(event):
            raise NotFoundError("Annotation not found")
        mark = event.data.get(MARK) if event.source == SOURCE else None
        if not isinstance(mark, dict) or mark.get("key") != key_id:
            raise ForbiddenError("Only the key that made an annotation here may change it.")
        known, decided = audit_state(event), decided_by([event])
        mark_stale([event.started_at])
        write(event)
        event.updated_at = now
        event.save()
        settle_running([event], decided)
        # What it was recognised by is no longer said of it: the same posted again is new.
        EventKey.objects.filter(event_id=event.pk).delete()
        before, after = difference(known, audit_state(event))
        record_audit(actor, action, event, before=before, after=after, now=now)


def is_withdrawn(event: ChangeEvent) -> bool:
    """Whether it was an annotation and is none any more."""
    return event.source == SOURCE and event.status == CANCELLED
