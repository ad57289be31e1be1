"""Who issued it, and who issued that, as far as the inventory knows."""

from collections.abc import Sequence

from django.db.models import Case, IntegerField, Value, When

from certs.models import Certificate

_DEEPEST = 8


def issuers_of(row: Certificate) -> Sequence[Certificate]:
    """From its issuer upwards, by name and key id; a signature is not checked here."""
    found: list[Certificate] = []
    seen, child = {row.pk}, row
    while not child.self_signed and len(found) < _DEEPEST:
        above = _issuer(child)
        if above is None or above.pk in seen:
            break
        found.append(above)
        seen.add(above.pk)
        child = above
    return found


def _issuer(child: Certificate) -> Certificate | None:
    """Of several with the name: whose key it says, then the one that is valid longest."""
    rows = Certificate.objects.filter(subject_key=child.issuer_key, is_ca=True).exclude(pk=child.pk)
    fits = Case(
        When(subject_key_id=child.authority_key_id, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return rows.defer("der", "details").order_by(fits, "-not_after", "-id").first()
