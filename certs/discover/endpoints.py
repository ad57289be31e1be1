"""Places to look at become endpoints."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from certs.models import Endpoint, Source
from certs.normalise import FoundEndpoint, FoundTrouble, canonical_endpoint
from opsportal.lib.errors import PayloadError
from opsportal.lib.ids import IdIn
from opsportal.lib.times import format_instant

_Key = tuple[str, int, str, str]


def store_endpoints(
    source: Source, found: Sequence[FoundEndpoint], *, now: datetime
) -> Mapping[_Key, Endpoint]:
    """The row of each; new ones are the source's and are looked at at once.

    In the caller's transaction.
    """
    wanted = {_key(each): each for each in found}
    known = _known(wanted)
    new = [each for key, each in wanted.items() if key not in known]
    Endpoint.objects.bulk_create(
        [
            Endpoint(
                host=each.host, port=each.port, protocol=each.protocol,
                server_name=each.server_name, source=source, team=source.team,
                environment=source.environment, labels=source.labels, next_at=now,
                provenance=[
                    {"from": source.name, "what": each.locator[:500], "at": format_instant(now)}
                ],
            )
            for each in new
        ],
        ignore_conflicts=True, batch_size=500,
    )  # fmt: skip
    return known | _known({_key(each): each for each in new})


def read_endpoints(
    found: Sequence[FoundEndpoint],
) -> tuple[list[FoundEndpoint], list[FoundTrouble]]:
    """Each in its one form; and those that are no endpoints."""
    good, troubles = [], []
    for each in found:
        try:
            good.append(canonical_endpoint(each))
        except PayloadError as error:
            troubles.append(FoundTrouble(each.locator or each.host, error.message))
    return good, troubles


def _key(found: FoundEndpoint) -> _Key:
    return found.host, found.port, found.protocol, found.server_name


def _known(wanted: Mapping[_Key, FoundEndpoint]) -> dict[_Key, Endpoint]:
    if not wanted:
        return {}
    rows = Endpoint.objects.filter(IdIn(sorted({key[0] for key in wanted}), "host"))
    found = {(row.host, row.port, row.protocol, row.server_name): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}
