"""Endpoints of this machine that are looked at, with names of the test's own."""

import socket
from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest

from certs.models import Endpoint, Observation, Probe
from certs.observe import ask_for_probes, resolve, run_probes
from certs.tasks import ProbeOutbox
from opsportal.lib.outbox import claim_due
from tests.certs.pki import NOW

LOOPBACK = ["127.0.0.0/8", "::1/128"]


class Names(dict[str, object]):
    """What names lead to: a list of addresses, an OSError, or a function that says it."""

    def look_up(self, host: str, family: int) -> list[str]:
        """As certs.observe.resolve.look_up."""
        answer = self.get(host)
        found = answer() if callable(answer) else answer
        if isinstance(found, Mapping):
            found = found.get(family, [])
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Sequence):
            wanted = [each for each in found if (":" in each) == (family == socket.AF_INET6)]
            if wanted:
                return wanted
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture
def names(monkeypatch, settings) -> Names:
    """A resolver of the test's own; loopback may be looked at."""
    settings.CERTS_SCAN_ALLOW = LOOPBACK
    found = Names()
    monkeypatch.setattr(resolve, "look_up", found.look_up)
    return found


def probe(*endpoints: Endpoint, now: datetime = NOW, timeout: float = 10) -> list[Probe]:
    """Look at these now."""
    ask_for_probes(endpoints, now=now)
    rows = claim_due(ProbeOutbox(), now, 500)
    run_probes(rows, clock=lambda: now, timeout=timeout)
    return rows


def seen(endpoint: Endpoint) -> list[tuple[str, str, int]]:
    """Its current observations: address, result, how often."""
    rows = Observation.objects.filter(endpoint=endpoint, current=True).order_by("address")
    return [(row.address, row.result, row.count) for row in rows]
