"""What is known of certificates beside what they say: names, places, servers; by the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from certs.discover.use import HEARSAY
from certs.models import CertificateName, Domain, Endpoint, Placement, ServedCertificate, Source
from certs.sources.upload import Uploads
from opsportal.lib.ids import IdIn
from opsportal.lib.rows import read_rows

Kind = CertificateName.Kind
ENDPOINT_COLUMNS = (
    "host", "port", "protocol", "server_name", "team_id", "environment", "service", "labels",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is stored now."""

    source_id: int
    locator: str
    has_key: bool
    since: datetime
    # By somebody's hand, which says nothing of where else it is.
    handed_in: bool = False


@dataclass(frozen=True, slots=True)
class Serving:
    """An address that serves it now, as the leaf or above."""

    endpoint_id: int
    address: str
    position: int
    since: datetime


@dataclass(slots=True)
class Known:
    """Of one certificate. `names`: DNS names and addresses, or else its common name."""

    names: tuple[str, ...] = ()
    places: list[Place] = field(default_factory=list)
    servings: list[Serving] = field(default_factory=list)

    @property
    def endpoint_ids(self) -> set[int]:
        """Who serves it, as the leaf."""
        return {each.endpoint_id for each in self.servings if each.position == 0}

    @property
    def source_ids(self) -> set[int]:
        """Who stores it."""
        return {each.source_id for each in self.places}

    @property
    def has_key(self) -> bool:
        """Whether its private key is seen to lie somewhere."""
        return any(each.has_key for each in self.places)

    @property
    def is_only_handed_in(self) -> bool:
        """Whether nobody but who uploaded it has it."""
        return not self.servings and all(each.handed_in for each in self.places)

    @property
    def in_use_since(self) -> datetime | None:
        """Since when it is stored or served."""
        since = [each.since for each in self.places] + [each.since for each in self.servings]
        return min(since, default=None)


@dataclass(slots=True)
class World:
    """What certificates are joined to: few enough to be had whole, and endpoints as needed."""

    sources: Mapping[int, Source]
    # By name, without a leading dot.
    domains: Mapping[str, Domain]
    endpoints: dict[int, Endpoint] = field(default_factory=dict)

    def domain_of(self, name: str) -> Domain | None:
        """Ours that holds the name, the longest."""
        if not self.domains:
            return None
        return next((self.domains[each] for each in above(name) if each in self.domains), None)


def load_world() -> World:
    """Two queries."""
    return World(
        sources={
            row.pk: row
            for row in Source.objects.select_related("team").defer("secret", "options", "cursor")
        },
        domains={row.name.lower().strip("."): row for row in Domain.objects.select_related("team")},
    )


def above(name: str) -> list[str]:
    """The name and the domains above it, the longest first; an address is alone."""
    name = name.removeprefix("*.")
    labels = name.split(".")
    if ":" in name or labels[-1].isdigit():
        return [name]
    return [".".join(labels[start:]) for start in range(len(labels))]


def load_known(ids: Sequence[int], world: World) -> dict[int, Known]:
    """Of these; endpoints that serve them join the world. Four queries."""
    found = {pk: Known() for pk in ids}
    _names(found)
    places = Placement.objects.filter(IdIn(ids, "certificate_id"), gone_at=None).order_by("pk")
    for pk, source, locator, has_key, since in places.values_list(
        "certificate_id", "source_id", "locator", "has_key", "first_seen_at"
    ):
        if source in world.sources and world.sources[source].kind not in HEARSAY:
            by_hand = world.sources[source].kind == Uploads.slug
            found[pk].places.append(Place(source, locator, has_key, since, by_hand))
    served = ServedCertificate.objects.filter(
        IdIn(ids, "certificate_id"), observation__serving=True, observation__endpoint__enabled=True
    ).order_by("observation_id")
    for pk, endpoint, address, position, since in served.values_list(
        "certificate_id", "observation__endpoint_id", "observation__address", "position",
        "observation__first_seen_at",
    ):  # fmt: skip
        found[pk].servings.append(Serving(endpoint, address, position, since))
    _endpoints(found, world)
    return found


def _names(found: dict[int, Known]) -> None:
    names: dict[int, list[str]] = {}
    common: dict[int, list[str]] = {}
    rows = CertificateName.objects.filter(
        IdIn(list(found), "certificate_id"), kind__in=[Kind.DNS, Kind.IP, Kind.CN]
    ).order_by("pk")
    for pk, kind, value in rows.values_list("certificate_id", "kind", "value"):
        (common if kind == "cn" else names).setdefault(pk, []).append(value)
    for pk, known in found.items():
        known.names = tuple(dict.fromkeys(names.get(pk) or common.get(pk) or ()))


def _endpoints(found: dict[int, Known], world: World) -> None:
    wanted = {each.endpoint_id for known in found.values() for each in known.servings}
    if missing := wanted - world.endpoints.keys():
        rows = Endpoint.objects.filter(IdIn(sorted(missing))).order_by()
        world.endpoints |= {row.pk: row for row in read_rows(rows, ("id", *ENDPOINT_COLUMNS))}
