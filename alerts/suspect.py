"""Decide: which changes may have brought an alert about, and what people found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from alerts.models import Alert, Suspicion
from chronos.models import ChangeEvent
from chronos.suspects import Scene, Suspect, Term, find_suspects
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import FieldError, NotFoundError, PayloadError

Verdict = Suspicion.Verdict
# Taken back.
OPEN = "open"
VERDICTS = (Verdict.CONFIRMED.value, OPEN, Verdict.REJECTED.value)
_ORDER = {verdict: place for place, verdict in enumerate(VERDICTS)}
# In a message: what is less likely is on the alert's page.
MOST_TOLD, LEAST_TOLD = 2, 0.1


@dataclass(frozen=True, slots=True)
class Accused:
    """A suspect of an alert with what a person found, if any did."""

    event: ChangeEvent | None
    change_id: int
    title: str
    words: str
    score: float
    terms: Sequence[Term]
    verdict: str = OPEN
    found_by: str = ""
    found_at: datetime | None = None


def scene_of(alert: Alert) -> Scene:
    """When and where it began."""
    return Scene(alert.starts_at, alert.service, alert.environment, alert.region)


def accuse(alert: Alert) -> list[Accused]:
    """The suspects: those that were confirmed, the likeliest of the rest, the rejected."""
    said = {found.change_id: found for found in Suspicion.objects.filter(alert=alert)}
    found = find_suspects(scene_of(alert))
    accused = [_accused(suspect, said.pop(suspect.event.pk, None)) for suspect in found]
    # A verdict outlives the score, and the change.
    accused += [
        Accused(None, kept.change_id, kept.title, kept.title, 0.0, (), *_finding(kept))
        for kept in said.values()
    ]
    return sorted(accused, key=lambda found: _ORDER[found.verdict])


def confirmed_causes(since: datetime) -> dict[int, datetime]:
    """Changes that a person found to be causes of alerts since then, and when the first began."""
    found = Suspicion.objects.filter(verdict=Verdict.CONFIRMED, alert__starts_at__gte=since)
    began = found.order_by("-alert__starts_at").values_list("change_id", "alert__starts_at")
    return dict(began)


def suspects_in_words(alert: Alert, known_at: datetime) -> tuple[str, ...]:
    """Those that a message names: `api 412 deployed by jo 6 minutes before`.

    Of what was known then, so that every attempt says the same.
    """
    found = find_suspects(replace(scene_of(alert), known_at=known_at), limit=MOST_TOLD)
    return tuple(suspect.words for suspect in found if suspect.score >= LEAST_TOLD)


@transaction.atomic
def judge_suspect(
    alert: Alert, change_id: int, verdict: str, *, actor: Actor, now: datetime
) -> None:
    """Say of a change that it was the cause, or was not; `open` takes that back.

    Raises PayloadError, NotFoundError.
    """
    if verdict not in VERDICTS:
        message = f"must be one of {', '.join(VERDICTS)}"
        raise PayloadError(f"verdict: {message}", [FieldError("verdict", message)])
    before = Suspicion.objects.filter(alert=alert, change_id=change_id).first()
    change = ChangeEvent.objects.filter(pk=change_id).only("title").first()
    if change is None and before is None:
        raise NotFoundError("There is no such change.")
    was = before.verdict if before else OPEN
    if was == verdict:
        return
    if verdict == OPEN:
        Suspicion.objects.filter(alert=alert, change_id=change_id).delete()
    else:
        title = change.title if change else before.title if before else ""
        Suspicion.objects.update_or_create(
            alert=alert,
            change_id=change_id,
            defaults={"title": title, "verdict": verdict, "actor": actor.name[:200], "at": now},
        )
    states = [{"change": change_id, "verdict": found} for found in (was, verdict)]
    record_audit(actor, "judge suspect", alert, before=states[0], after=states[1], now=now)


def _accused(suspect: Suspect, said: Suspicion | None) -> Accused:
    event = suspect.event
    finding = _finding(said) if said else ()
    return Accused(
        event, event.pk, event.title, suspect.words, suspect.score, suspect.terms, *finding
    )


def _finding(said: Suspicion) -> tuple[str, str, datetime]:
    return said.verdict, said.actor, said.at
