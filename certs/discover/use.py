"""Whether certificates are served, stored, or only known of."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Case, Exists, OuterRef, Value, When

from certs.judge import mark_certificates
from certs.models import Certificate, Placement, ServedCertificate
from opsportal.lib.ids import IdIn

Use = Certificate.Use
# Kinds of sources that tell of certificates which nobody has to have.
HEARSAY = ("ct", "ct-push")


def update_use(ids: Sequence[int], *, now: datetime) -> None:
    """Set `use` anew by what is known, and have these judged. In the caller's transaction."""
    if not ids:
        return
    served = ServedCertificate.objects.filter(certificate=OuterRef("pk"), observation__serving=True)
    placed = Placement.objects.filter(certificate=OuterRef("pk"), gone_at=None).exclude(
        source__kind__in=HEARSAY
    )
    Certificate.objects.filter(IdIn(ids)).update(
        use=Case(
            When(Exists(served), then=Value(Use.SERVED)),
            When(Exists(placed), then=Value(Use.PLACED)),
            default=Value(Use.KNOWN),
        )
    )
    mark_certificates(ids, now=now)
