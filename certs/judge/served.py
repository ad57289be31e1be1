"""What an address serves, as the judges of endpoints look at it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certs.models import KEY_LENGTH, Certificate, CertificateName, Endpoint, Observation
from certs.validate import Held
from certs.x509 import CertName
from certs.x509.names import HostError, ascii_host, matches_host
from opsportal.lib.ids import IdIn

# Addresses that a finding names; it counts the others.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Served:
    """The chain of one address. `named`: its certificate holds the name that is asked for."""

    observation: Observation
    held: Held
    named: bool

    @property
    def leaf(self) -> Certificate:
        """The certificate."""
        return self.held.certificates[0]

    @property
    def trusted(self) -> bool:
        """Whether any store says so."""
        return any(judged.ok for judged in self.held.by_store.values())


def addresses_of(served: Iterable[Served]) -> list[str]:
    """Their addresses, in order."""
    return sorted({each.observation.address for each in served})


def at_addresses(addresses: Sequence[str], among: int) -> str:
    """Where, for people; nothing where it is so everywhere."""
    if len(addresses) == among:
        return ""
    shown = ", ".join(addresses[:_NAMED])
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return f", at {shown}{more} of {among} addresses"


def load_matches(pairs: Iterable[tuple[Endpoint, Certificate]]) -> set[tuple[int, int]]:
    """Of endpoints and certificates those that belong together by name; in one query.

    Only names that could match are read: a certificate may have thousands.
    """
    wanted = {(endpoint, row.pk) for endpoint, row in pairs}
    keys = {key for endpoint, _ in wanted for key in _keys(endpoint.expected_name)}
    names: dict[int, list[CertName]] = defaultdict(list)
    rows = CertificateName.objects.filter(
        IdIn({pk for _, pk in wanted}, "certificate_id"), IdIn(keys, "key")
    )
    fields = ("certificate_id", "kind", "value", "unicode")
    for pk, kind, value, shown in rows.order_by().values_list(*fields):
        names[pk].append(CertName(kind, value, shown))
    return {
        (endpoint.pk, pk)
        for endpoint, pk in wanted
        if matches_host(names.get(pk, ()), endpoint.expected_name)
    }


def _keys(host: str) -> tuple[str, ...]:
    """The name itself, and the wildcard for it, as they are stored."""
    try:
        name = ascii_host(host)
    except HostError:
        return ()
    return name[:KEY_LENGTH], f"*.{name.partition('.')[2]}"[:KEY_LENGTH]
