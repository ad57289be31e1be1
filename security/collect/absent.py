"""What a listing did not have. Only a complete one may say so, and only a proof says deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from security.collect.known import Known
from security.collect.look import Sighting
from security.collect.plan import ask_about
from security.models import CloudResource, Collection, Scope

State = CloudResource.State
# More than this share and this number of a scope at once is likelier an error than a deed.
MASS_SHARE, MASS_NUMBER = 0.3, 10
# So many of the absent are asked for by their ids after each listing, so long after it.
PROOFS, PROOF_AFTER = 100, timedelta(seconds=30)


@dataclass
class Absence:
    """What follows for resources that were not seen, by their ids."""

    missing: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    # A mass disappearance: nothing is concluded, each is asked for by its id.
    held: list[str] = field(default_factory=list)
    known: int = 0

    @property
    def settled(self) -> list[str]:
        """Those of which something is stored."""
        return [*self.missing, *self.deleted]


def judge_absent(
    collection: Collection,
    sighting: Sighting,
    known: Mapping[str, Known],
    *,
    listing: bool = True,
) -> Absence:
    """Missing after one complete listing without it, deleted after the second or by a proof.

    Without `listing` only proofs count.
    """
    there = {name: row for name, row in known.items() if row.state != State.DELETED}
    verdict = Absence(known=len(there))
    verdict.deleted = sorted(sighting.gone & there.keys())
    if listing and collection.is_full and sighting.complete:
        absent = sorted(there.keys() - sighting.listed - sighting.gone)
        if len(absent) > MASS_NUMBER and len(absent) > MASS_SHARE * len(there):
            verdict.held = absent
        else:
            verdict.missing = [name for name in absent if there[name].state == State.ACTIVE]
            verdict.deleted += [name for name in absent if there[name].state == State.MISSING]
    return verdict


def held_note(scope: Scope, absence: Absence, now: datetime) -> dict[str, object]:
    """What the scope says of a mass disappearance; empty: there is none."""
    if not absence.held:
        return {}
    since = scope.held.get("since") or now.isoformat()
    return {"since": since, "absent": len(absence.held), "of": absence.known}


def ask_for_proofs(scope: Scope, absence: Absence, *, now: datetime) -> None:
    """Ask soon by their ids for those that went missing; of many held ones, others each time."""
    names = absence.missing[:PROOFS]
    if absence.held:
        start = scope.generation * PROOFS % len(absence.held)
        names = (absence.held[start:] + absence.held[:start])[:PROOFS]
    if names:
        ask_about(scope, names, reason=Collection.Reason.POLL, due_at=now + PROOF_AFTER, now=now)
