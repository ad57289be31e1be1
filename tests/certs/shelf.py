"""A source that has whatever a test puts on it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from certs.discover import plan_runs, run_source
from certs.models import Source, SourceRun
from certs.normalise import Found
from certs.sources import Ask, CertificateSource, Option
from certs.tasks import SourceRunOutbox
from opsportal.lib.outbox import claim_due
from opsportal.lib.registry import plugins
from tests.certs.pki import NOW

Thing = Found | Exception | Callable[[], None]


class Shelf(CertificateSource):
    """Yields what is on it; raises what is an error, calls what can be called."""

    slug, label = "shelf", "Shelf"
    options = (Option("url", "URL"), Option("token", "Token", secret=True))
    things: list[Thing] = []
    closed = False

    def look(self, ask: Ask) -> Iterator[Found]:
        """Each thing in turn."""
        try:
            for each in Shelf.things:
                if isinstance(each, Exception):
                    raise each
                if callable(each):
                    each()
                else:
                    yield each
        finally:
            Shelf.closed = True


@pytest.fixture
def shelf(settings: Any) -> Iterator[Source]:
    """A source of that kind."""
    settings.CERTIFICATE_SOURCES = [*settings.CERTIFICATE_SOURCES, f"{__name__}.Shelf"]
    plugins.cache_clear()
    Shelf.things, Shelf.closed = [], False
    yield Source.objects.create(name="shelf", kind="shelf")
    plugins.cache_clear()


def claim(now: datetime = NOW) -> SourceRun:
    """A run of what is due, in a worker's hands."""
    Source.objects.update(next_at=now)
    plan_runs(now=now)
    row: SourceRun
    (row,) = claim_due(SourceRunOutbox(), now, 10)
    return row


def run(now: datetime = NOW) -> SourceRun:
    """One look, from beginning to end."""
    row = claim(now)
    run_source(row, clock=lambda: now)
    return SourceRun.objects.get(pk=row.pk)
