"""That another certificate is served is told to the timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from certs.models import Certificate, Endpoint
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.ids import IdIn
from opsportal.lib.times import format_instant

_Leaves = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What an endpoint served and serves: ids of leaves by address."""

    endpoint: Endpoint
    before: _Leaves
    after: _Leaves

    @property
    def leaves(self) -> tuple[int, int] | None:
        """One that came instead of another; None where nothing was replaced.

        At an address; or, where a name leads to other addresses now, of the name as a whole.
        """
        for address, old in self.before.items():
            new = self.after.get(address)
            if old and new and old != new:
                return old, new
        gone = set(self.before.values()) - set(self.after.values())
        come = set(self.after.values()) - set(self.before.values())
        old, new = max(filter(None, gone), default=None), max(filter(None, come), default=None)
        return (old, new) if old and new else None


def announce_replaced(
    replaced: Sequence[Replaced], known: Mapping[int, Certificate], *, now: datetime
) -> None:
    """A change for each endpoint. In the caller's transaction."""
    pairs = [(each, leaves) for each in replaced if (leaves := each.leaves)]
    if not pairs:
        return
    missing = {pk for _, leaves in pairs for pk in leaves} - known.keys()
    rows = dict(known) | {
        row.pk: row for row in Certificate.objects.filter(IdIn(sorted(missing))).defer("der")
    }
    changes = [
        _change(each, rows[old], rows[new], now)
        for each, (old, new) in pairs
        if old in rows and new in rows
    ]
    record_changes(changes, now=now)


def _change(each: Replaced, old: Certificate, new: Certificate, now: datetime) -> Change:
    endpoint = each.endpoint
    where = sorted(
        address for address, leaf in each.after.items()
        if leaf == new.pk and each.before.get(address) != leaf
    )  # fmt: skip
    return Change(
        kind="certificate",
        action="replaced",
        title=f"Certificate replaced at {endpoint}",
        started_at=now,
        ended_at=now,
        # Addresses that follow one after the other are one change.
        external_id=f"certs:{endpoint.pk}:{old.sha256[:16]}:{new.sha256[:16]}",
        service=endpoint.service,
        environment=endpoint.environment,
        team=endpoint.team.name if endpoint.team else "",
        subject=str(endpoint)[:200],
        labels={
            "host": endpoint.host,
            "port": str(endpoint.port),
            "issuer": new.issuer_title[:200],
            "name": new.title[:200],
        },
        links=(
            _link(endpoint, "The endpoint and what it serves"),
            _link(new, "The certificate that is served now"),
        ),
        before=_facts(old),
        after=_facts(new),
        data={"addresses": where[:50]},
    )


def _link(row: Endpoint | Certificate, text: str) -> dict[str, str]:
    return {"href": settings.PUBLIC_URL + row.get_absolute_url(), "text": text}


def _facts(row: Certificate) -> dict[str, Any]:
    return {
        "sha256": row.sha256,
        "serial": row.serial,
        "issuer": row.issuer_title,
        "not_before": format_instant(row.not_before),
        "not_after": format_instant(row.not_after),
    }
