"""Whose a certificate is: by the first rule that matches, else by where it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from certs.judge.facts import Facts
from certs.judge.first import FirstMatch
from certs.judge.known import Known, World
from certs.models import OwnershipRule


@dataclass(frozen=True, slots=True)
class Owner:
    """A team, an environment, a service, each where it is known; and who says so."""

    team_id: int | None = None
    environment: str = ""
    service: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """As it is asked."""

    match: str
    owner: Owner


class _Place(Protocol):
    team_id: int | None
    environment: str


def load_rules() -> FirstMatch[Rule]:
    """Those that are enabled, in order. One query."""
    return FirstMatch(
        [
            Rule(
                row.match.strip(),
                Owner(row.team_id, row.environment, row.service, f"rule {row.name}"),
            )
            for row in OwnershipRule.objects.filter(enabled=True)
        ]
    )


def owner_of(
    known: Known, world: World, rules: FirstMatch[Rule], facts: Callable[[], Facts]
) -> Owner:
    """By rule; what that leaves open by endpoints, by domains of ours, by sources, in this order.

    Matchers see no owner here: it is what they decide.
    """
    found = rules.find(facts)
    rule = found.owner if found else Owner()
    team, environment, service, by = rule.team_id, rule.environment, rule.service, rule.by
    for noun, place in _places(known, world):
        if team is None and place.team_id is not None:
            team, by = place.team_id, f"{noun} {place}"
        environment = environment or place.environment
        service = service or getattr(place, "service", "")
    return Owner(team, environment, service, by[:300])


def _places(known: Known, world: World) -> Iterator[tuple[str, _Place]]:
    for pk in sorted(known.endpoint_ids):
        if (endpoint := world.endpoints.get(pk)) is not None:
            yield "endpoint", endpoint
    for name in known.names:
        if (domain := world.domain_of(name)) is not None:
            yield "domain", domain
    for pk in sorted(known.source_ids):
        yield "source", world.sources[pk]
