"""The portal's sweeps and outboxes for certificates, once each, at a moment of the test's."""

from datetime import datetime

from certs.discover import plan_runs, run_source
from certs.judge.certificates import judge_certificates
from certs.judge.endpoints import judge_endpoints
from certs.models import Endpoint, Source
from certs.observe import plan_probes, run_probes
from certs.tasks import ProbeOutbox, SourceRunOutbox
from certs.tell import tell_findings
from opsportal.lib.outbox import claim_due


def turn(now: datetime, *, timeout: float = 0.4) -> None:
    """Look at every source and endpoint, judge what there is, and tell the gateway."""
    Source.objects.update(next_at=now)
    plan_runs(now=now)
    while runs := claim_due(SourceRunOutbox(), now, 10):
        for run in runs:
            run_source(run, clock=lambda: now)
    Endpoint.objects.update(next_at=now)
    plan_probes(now=now)
    while probes := claim_due(ProbeOutbox(), now, 400):
        run_probes(probes, clock=lambda: now, timeout=timeout)
    judge_endpoints(now=now)
    judge_certificates(now=now)
    tell_findings(now=now)
