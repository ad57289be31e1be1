"""A renewal with other names, or by another authority: likely, and for a person to confirm."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.models import KEY_LENGTH, Certificate, CertificateName
from certs.renew.lineage import family_of
from opsportal.lib.ids import IdIn

Use = Certificate.Use
_KINDS = [CertificateName.Kind.DNS, CertificateName.Kind.IP]
# A wildcard may share its name with very many.
_MOST_ROWS, _MOST = 2000, 5


@dataclass(frozen=True, slots=True)
class Proposed:
    """A newer one in use with some of its names of the same family, or with all and no others of
    another authority: what it drops and adds."""

    certificate: Certificate
    dropped: tuple[str, ...]
    added: tuple[str, ...]


def propose_replacements(
    rows: Sequence[Certificate], *, now: datetime
) -> dict[int, list[Proposed]]:
    """For each of these, the closest first. Even one that drops nothing is a proposal only.

    A bundle that holds the names of a server's own certificate does not replace that. 3 queries.
    """
    asking = [row for row in rows if not row.is_ca]
    mine = _names([row.pk for row in asking])
    wanted = {name[:KEY_LENGTH] for names in mine.values() for name in names}
    if not wanted:
        return {}
    sharing = CertificateName.objects.filter(
        IdIn(sorted(wanted), "key"), kind__in=_KINDS, certificate__not_after__gt=now,
        certificate__use__in=[Use.SERVED, Use.PLACED], certificate__retired_at=None,
    )  # fmt: skip
    ids = set(sharing.order_by().values_list("certificate_id", flat=True)[:_MOST_ROWS])
    others = _names(sorted(ids))
    newer = Certificate.objects.filter(IdIn(sorted(ids))).defer("der", "details", "errors")
    found: dict[int, list[Proposed]] = defaultdict(list)
    for other in newer:
        for row in asking:
            if proposed := _compare(row, mine[row.pk], other, others[other.pk], now):
                found[row.pk].append(proposed)
    return {pk: sorted(each, key=_closest)[:_MOST] for pk, each in found.items()}


def _compare(
    row: Certificate, names: set[str], other: Certificate, others: set[str], now: datetime
) -> Proposed | None:
    if (
        other.pk == row.pk
        or other.lineage_id == row.lineage_id
        or other.not_after <= row.not_after
        or other.not_before > now
        or not names & others
        or (names != others and family_of(other.issuer) != family_of(row.issuer))
    ):
        return None
    return Proposed(other, tuple(sorted(names - others)), tuple(sorted(others - names)))


def _closest(proposed: Proposed) -> tuple[int, int, int]:
    return len(proposed.dropped), len(proposed.added), -proposed.certificate.pk


def _names(ids: Sequence[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    rows = CertificateName.objects.filter(IdIn(ids, "certificate_id"), kind__in=_KINDS)
    for pk, value in rows.order_by().values_list("certificate_id", "value"):
        found[pk].add(value)
    return found
