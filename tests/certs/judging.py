"""Judging and telling, as the dispatcher does; what was said to the gateway."""

from datetime import datetime

from alerts.models import Alert
from certs.judge.certificates import judge_certificates
from certs.models import Certificate, Finding
from certs.tell import tell_findings
from tests.certs.pki import NOW


def judge(now: datetime = NOW) -> int:
    """One round of the sweeps, until nothing is due."""
    judged = judge_certificates(now=now)
    tell_findings(now=now)
    return judged


def kinds(row: Certificate) -> list[str]:
    """Of what is wrong with it now."""
    found = Finding.objects.filter(certificate=row, endpoint=None, closed_at=None)
    return sorted(found.exclude(kind="unowned").values_list("kind", flat=True))


def finding(row: Certificate, kind: str) -> Finding:
    """The latest of the kind."""
    found = Finding.objects.filter(certificate=row, kind=kind).order_by("-pk").first()
    assert found is not None
    return found


def open_alerts() -> list[Alert]:
    return list(Alert.objects.filter(resolved_at=None).order_by("pk"))


def the_alert() -> Alert:
    (alert,) = open_alerts()
    return alert
