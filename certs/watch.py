"""Whether sources are looked at as they should be: what is wrong with them becomes findings."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Subquery

from certs.judge import Subject, Verdict, settle_findings
from certs.kinds import KINDS
from certs.models import Source, SourceRun
from certs.sources import source_kind
from opsportal.lib.outbox import State
from opsportal.lib.times import format_duration

# In a row that were not complete; the first come after minutes, see discover/run.py.
PATIENCE = 3
# A run takes half an hour at most, and three attempts.
OVERDUE = timedelta(hours=2)
FAILING, EMPTY = "source_failing", "source_empty"


def judge_sources(*, now: datetime) -> bool:
    """Open, follow and close findings about every source; whether the gateway is to be told."""
    newest = SourceRun.objects.filter(source=OuterRef("pk")).order_by("-id")
    with transaction.atomic():
        sources = list(
            Source.objects.annotate(
                run_state=Subquery(newest.values("state")[:1]),
                run_asked_at=Subquery(newest.values("asked_at")[:1]),
            )
        )
        verdicts: dict[Subject, list[Verdict]] = {
            source: list(_verdicts(source, now)) for source in sources
        }
        off = {source.pk: "disabled" for source in sources if not source.enabled}
        return settle_findings(verdicts, (FAILING, EMPTY), now=now, reasons=off)


def _verdicts(source: Source, now: datetime) -> Iterator[Verdict]:
    kind = source_kind(source.kind)
    if not source.enabled or (kind is not None and kind.pushed):
        return
    if complaint := _complaint(source, now) if kind else "is of a kind that the portal has no more":
        yield Verdict(
            FAILING, KINDS[FAILING].severity, f"{source.name} {complaint}",
            facts={"failures": source.failures, "complete_at": _at(source.complete_at)},
        )  # fmt: skip
    if held := source.held:
        asked = bool(held.get("confirmed_by"))
        yield Verdict(
            EMPTY, "" if asked else KINDS[EMPTY].severity,
            f"{source.name}: {held.get('absent')} of {held.get('of')} certificates are absent from "
            "a complete run; they are kept until somebody says that they are gone",
            facts=dict(held),
        )  # fmt: skip


def _complaint(source: Source, now: datetime) -> str:
    """What is wrong; empty: nothing. The row has `run_state` and `run_asked_at`."""
    state: str | None = source.run_state  # type: ignore[attr-defined]
    asked_at: datetime | None = source.run_asked_at  # type: ignore[attr-defined]
    since = f"; the last complete run was at {_at(source.complete_at) or 'no time'}"
    if source.failures >= PATIENCE:
        return f"failed {PATIENCE} times in a row or more: {source.message}"[:800]
    if state == State.DEAD:
        return f"was given up: its run ended with its worker, or hung{since}"
    if state in (State.DUE, State.CLAIMED) and asked_at and asked_at < now - OVERDUE:
        return f"has a run that is not finished after {format_duration(OVERDUE)}{since}"
    if source.next_at is not None and source.next_at < now - OVERDUE:
        return f"is due and not looked at{since}"
    return ""


def _at(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else ""
