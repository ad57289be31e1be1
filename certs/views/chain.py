"""A served chain, with what each trust store says of it, as pages draw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.models import Certificate, Observation, ServedCertificate, Validation
from certs.validate import open_store
from opsportal.lib.ids import IdIn


@dataclass(frozen=True, slots=True)
class ChainLink:
    """A certificate of it. `role`: leaf, intermediate, root; `note`: what is wrong with it here."""

    row: Certificate
    role: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoreSays:
    """One trust store's word. `path`: the titles from the leaf to the root, where it holds."""

    store: str
    ok: bool
    message: str
    path: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ShownChain:
    """`missing`: not served, though known; with them it would hold."""

    links: Sequence[ChainLink]
    trust: Sequence[StoreSays]
    missing: Sequence[Certificate] = ()
    at: datetime | None = None


def chain_view(observation: Observation, *, now: datetime) -> ShownChain:
    """What the observation's server sent, in its order; in three queries."""
    served = ServedCertificate.objects.filter(observation=observation)
    rows = [
        each.certificate for each in served.select_related("certificate").defer("certificate__der")
    ]
    said = list(
        Validation.objects.filter(observation=observation)
        .select_related("store").order_by("-ok", "store__name")
    )  # fmt: skip
    wanted = {digest for each in said for digest in each.missing}
    missing = list(Certificate.objects.filter(IdIn(wanted, "sha256")).defer("der", "details"))
    paths = {digest for each in said for digest in each.path}
    titles = {row.sha256: str(row) for row in (*rows, *missing)}
    return ShownChain(
        links=[_link(place, row, rows, paths, now) for place, row in enumerate(rows)],
        trust=[_says(each, titles) for each in said],
        missing=missing,
        at=max((each.at for each in said), default=None),
    )


def _link(
    place: int, row: Certificate, rows: Sequence[Certificate], paths: set[str], now: datetime
) -> ChainLink:
    role = "leaf" if place == 0 else "root" if row.self_signed else "intermediate"
    notes = []
    if row in rows[:place]:
        notes.append("sent again")
    if row.not_after < now:
        notes.append("expired")
    elif row.not_before > now:
        notes.append("not yet valid")
    if place and paths and row.sha256 not in paths:
        notes.append("not needed")
    elif role == "root":
        notes.append("need not be sent")
    return ChainLink(row, role, ", ".join(notes))


def _says(said: Validation, titles: Mapping[str, str]) -> StoreSays:
    if not said.ok:
        about = titles.get(said.culprit, "")
        return StoreSays(str(said.store), False, f"{said.message}{f': {about}' if about else ''}")
    roots = {root.sha256: root.title for root in open_store(said.store).roots}
    path = [titles.get(each) or roots.get(each, each[:16]) for each in said.path]
    return StoreSays(str(said.store), True, f"by {path[-1]}" if path else "", path)
