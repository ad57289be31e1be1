"""Store: an alert posted to Alerta is received by its document, as Alerta's model has it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from alerts.alerta.beat import hear_beat_of
from alerts.alerta.find import has_word
from alerts.alerta.follow import add_rows, follow_episode, history_row, previous_status
from alerts.alerta.settle import lock_episode, tell_received
from alerts.formats.alerta.alarm import INDETERMINATE, Standing, transition, trend
from alerts.formats.alerta.body import MOST_WORDS, PostedAlert, merge_attributes
from alerts.formats.alerta.event import event_of
from alerts.formats.alerta.write import reply_of, to_millisecond, write_alert
from alerts.labels import overlay_labels
from alerts.models import AlertaAlert
from alerts.policy import load_policy
from opsportal.accounts.actors import Actor
from opsportal.lib.contracts import Reply
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.turns import take_turn

HEARTBEAT = "Heartbeat"


def receive_post(
    posted: PostedAlert, *, actor: Actor, team_id: int | None, now: datetime
) -> tuple[list[int], Reply]:
    """Have the document receive it, in the caller's transaction.

    The ids of the gateway's alerts that it concerns, and Alerta's answer. Raises ForbiddenError.
    """
    if posted.event == HEARTBEAT:
        beat = hear_beat_of(posted, actor=actor, team_id=team_id, now=now)
        return [], reply_of(202, message="Alert converted to Heartbeat", id=str(beat.id))
    take_turn(f"alerta {posted.place}")
    document = _find(posted)
    if document is not None and team_id is not None and document.team_id not in (None, team_id):
        raise ForbiddenError("This alert is another team's.")
    coming = _Coming(posted, actor, to_millisecond(now), posted.id or uuid4())
    if new := document is None:
        document = _new(coming, team_id)
        _create(document, coming)
    else:
        follow_episode(document, lock_episode(document))
        same = (document.event, document.severity) == (posted.event, posted.severity)
        (_deduplicate if same else _correlate)(document, coming)
    document.last_receive_id = document.id if new else coming.number
    document.last_received_at = coming.moment
    _merge(document, coming)
    tell_received(document, posted, now=now)
    document.save(force_insert=new)
    ids = [document.episode_id] if document.episode_id else []
    if _is_silenced(document, now):
        message = "Suppressed alert during blackout period"
        return ids, reply_of(202, message=message, id=str(document.id))
    return ids, reply_of(201, id=str(document.id), alert=write_alert(document))


@dataclass(frozen=True, slots=True)
class _Coming:
    """An alert on its way into a document."""

    posted: PostedAlert
    actor: Actor
    moment: datetime
    number: UUID

    @property
    def created_at(self) -> datetime:
        """By the sender's clock, if it said."""
        return self.posted.created_at or self.moment


def _find(posted: PostedAlert) -> AlertaAlert | None:
    """The document, locked: of the same event, else the first that lists it."""
    rows = AlertaAlert.objects.select_for_update(of=("self",)).filter(place=posted.place)
    same = list(rows.filter(event=posted.event).order_by())
    related = same or rows.filter(has_word("correlate", posted.event)).order_by("id")[:1]
    return next(iter(related), None)


def _new(coming: _Coming, team_id: int | None) -> AlertaAlert:
    """Not stored yet; a number that is taken is not taken again."""
    posted, number = coming.posted, coming.number
    if posted.id and AlertaAlert.objects.filter(pk=number).exists():
        number = uuid4()
    return AlertaAlert(
        id=number,
        place=posted.place,
        environment=posted.environment,
        resource=posted.resource,
        customer=posted.customer,
        correlate=posted.correlate,
        group=posted.group,
        origin=posted.origin,
        type=posted.type,
        team_id=team_id,
    )


def _create(document: AlertaAlert, coming: _Coming) -> None:
    posted = coming.posted
    document.event, document.severity = posted.event, posted.severity
    document.previous_severity = INDETERMINATE
    document.trend = trend(INDETERMINATE, posted.severity)
    standing = Standing(posted.severity, posted.status)
    _, document.status = transition(standing, given=posted.status)
    document.created_at = coming.created_at
    document.received_at = document.updated_at = coming.moment
    _say(document, posted)
    _record(document, "new", coming, document.id)


def _deduplicate(document: AlertaAlert, coming: _Coming) -> None:
    """The same event at the same severity."""
    posted = coming.posted
    standing = Standing(posted.severity, document.status, INDETERMINATE, previous_status(document))
    _, status = transition(standing, given=posted.status)
    other_value = posted.value != document.history[0]["value"]
    document.repeat = True
    document.duplicate_count += 1
    _say(document, posted)
    if status != document.status:
        _change_status(document, status, coming)
        _record(document, "status", coming, coming.number)
    elif other_value:
        _record(document, "value", coming, coming.number)


def _correlate(document: AlertaAlert, coming: _Coming) -> None:
    """Another severity, or another event of those that belong together."""
    posted, was = coming.posted, document.severity
    standing = Standing(posted.severity, document.status, was, previous_status(document))
    _, status = transition(standing, given=posted.status)
    document.previous_severity, document.trend = was, trend(was, posted.severity)
    document.event, document.severity = posted.event, posted.severity
    document.repeat, document.duplicate_count = False, 0
    document.created_at, document.received_at = coming.created_at, coming.moment
    _say(document, posted)
    if status != document.status:
        _change_status(document, status, coming)
    _record(document, "severity", coming, coming.number)


def _say(document: AlertaAlert, posted: PostedAlert) -> None:
    """What the last sender says."""
    document.service = posted.service
    document.value = posted.value
    document.text = posted.text
    document.timeout = posted.timeout
    document.raw_data = posted.raw_data


def _change_status(document: AlertaAlert, status: str, coming: _Coming) -> None:
    document.status, document.updated_at = status, coming.moment
    document.reverts_at = None


def _record(document: AlertaAlert, kind: str, coming: _Coming, number: UUID) -> None:
    """A row of history; its time is the sender's."""
    row = history_row(
        document,
        kind,
        at=coming.created_at,
        number=str(number),
        text=document.text,
        user=coming.actor.name,
        timeout=document.timeout,
    )
    add_rows(document, [row], coming.moment)


def _merge(document: AlertaAlert, coming: _Coming) -> None:
    """Tags and attributes come together, up to a bound; the newest attributes stay."""
    posted, address = coming.posted, coming.actor.address
    document.tags = list(dict.fromkeys([*document.tags, *posted.tags]))[:MOST_WORDS]
    given = {**posted.attributes, "ip": address} if address else posted.attributes
    document.attributes = merge_attributes(document.attributes, given)


def _is_silenced(document: AlertaAlert, now: datetime) -> bool:
    """Whether a silence holds it back at the moment."""
    policy = load_policy()
    silences = policy.silences_at(now)
    if not silences:
        return False
    names = {pk: name for name, pk in policy.facts.teams.items()}
    team = names.get(document.team_id, "") if document.team_id else ""
    labels = overlay_labels(event_of(document), team)
    return any(
        silence.matchers.matches(labels) and not silence.foreign_to(team) for silence in silences
    )
