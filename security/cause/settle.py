"""What follows from causes: the revision says the best of them, and so do timeline and alerts."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from chronos.models import ChangeEvent
from chronos.normalise import Change, change_url
from chronos.record import record_changes
from opsportal.lib.ids import IdIn
from security.audit.again import tell_again
from security.models import ApiActivity, ConfigRevision, RevisionCause

Confidence = RevisionCause.Confidence
_ORDER = Confidence.values
MOST_LINKS = 10


def settle_attribution(revision_ids: Collection[int], *, now: datetime) -> None:
    """Write actor, instant and attribution of these anew, and have their alerts say it.

    Within the caller's transaction.
    """
    rows = ConfigRevision.objects.select_for_update().filter(IdIn(revision_ids)).order_by("pk")
    revisions = {row.pk: row for row in rows.defer("config", "changes")}
    causes: dict[int, list[RevisionCause]] = defaultdict(list)
    links = RevisionCause.objects.filter(IdIn(revisions, "revision_id")).select_related("activity")
    for cause in links:
        causes[cause.revision_id].append(cause)
    guesses = []
    for pk, found in causes.items():
        revision = revisions[pk]
        best = _best(found)
        if best[0].confidence == Confidence.EXACT:
            guesses += [row.pk for row in found if row.confidence == Confidence.WINDOW]
        # What holds since then is what the last of them made of it.
        last = max(best, key=lambda row: (row.activity.at, row.activity_id))
        revision.actor = (last.activity.actor or "AWS")[:200]
        revision.attribution = last.confidence
        if last.confidence != Confidence.WINDOW:
            revision.effective_at = last.activity.at
    if guesses:
        RevisionCause.objects.filter(IdIn(guesses)).delete()
    changed = [revisions[pk] for pk in causes]
    ConfigRevision.objects.bulk_update(
        changed, ["actor", "attribution", "effective_at"], batch_size=500
    )
    _tell_timeline(changed, causes, now)
    # Not before: an audit may hold the findings, and wait for these revisions.
    again = [row.pk for row in changed]
    transaction.on_commit(lambda: tell_again(again))


def _best(causes: Sequence[RevisionCause]) -> list[RevisionCause]:
    """The surest; of these not what was only posted, which anybody may say, where a queue tells."""
    sure = min((row.confidence for row in causes), key=_ORDER.index)
    best = [row for row in causes if row.confidence == sure]
    return [row for row in best if row.activity.via == ApiActivity.Via.QUEUE] or best


def _tell_timeline(
    revisions: Sequence[ConfigRevision], causes: dict[int, list[RevisionCause]], now: datetime
) -> None:
    """The change of the revision says who did it, and refers to the call's own change."""
    told = {row.event_id: row for row in revisions if row.event_id}
    events = ChangeEvent.objects.filter(pk__in=sorted(told)).only(
        "id", "kind", "title", "external_id", "source", "started_at", "ended_at", "status"
    )
    record_changes(
        [_change(event, told[event.pk], causes[told[event.pk].pk]) for event in events],
        now=now,
        named=("actor", "causation_id"),
    )


def _change(
    event: ChangeEvent, revision: ConfigRevision, causes: Sequence[RevisionCause]
) -> Change:
    sure = _best(causes)
    last = max(sure, key=lambda row: (row.activity.at, row.activity_id)).activity
    links = [
        {"href": change_url(row.activity.change_id), "text": str(row.activity), "rel": "cause"}
        for row in sure
        if row.activity.change_id
    ]
    labels = {"tool": last.tool, "session": last.session_name, "attribution": revision.attribution}
    return Change(
        kind=event.kind,
        title=event.title,
        status=event.status,
        started_at=event.started_at,
        ended_at=event.ended_at,
        source=event.source,
        external_id=event.external_id,
        actor=revision.actor,
        actor_type="automation" if last.by_aws else "",
        causation_id=last.event_id,
        labels={name: value for name, value in labels.items() if value},
        links=tuple(links[:MOST_LINKS]),
    )
