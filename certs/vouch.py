"""A person says that a certificate which only a log knows is ours."""

from datetime import datetime

from django.db import transaction

from certs.judge import mark_certificates
from certs.models import Certificate
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit


def vouch_for(certificate: Certificate, *, actor: Actor, now: datetime) -> bool:
    """It is ours, and so is whatever has its key; False when that was said before."""
    with transaction.atomic():
        rows = Certificate.objects.filter(pk=certificate.pk, vouched_at=None)
        if not rows.update(vouched_at=now, vouched_by=actor.name[:200]):
            return False
        certificate.vouched_at, certificate.vouched_by = now, actor.name[:200]
        record_audit(actor, "vouch", certificate, after={"sha256": certificate.sha256}, now=now)
        of_the_key = Certificate.objects.filter(spki_sha256=certificate.spki_sha256)
        mark_certificates(list(of_the_key.values_list("pk", flat=True)), now=now)
    return True
