"""What becomes of certificates is on the timeline: issued, renewed, expired, retired.

That an endpoint serves another one is told where it is observed.
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from certs.models import Certificate
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.accounts.actors import Actor
from opsportal.lib.deadlocks import start_over


def announce_renewed(
    pairs: Iterable[tuple[Certificate, Certificate]], where: dict[int, str], *, now: datetime
) -> None:
    """(old, new); `where` the new one is stored. In the caller's transaction."""
    _record(
        [
            _change(
                new, "renewed", f"Certificate {new.title} was renewed{_in(where.get(new.pk))}",
                new.not_before, previous=old, now=now,
            )
            for old, new in pairs
        ],
        now,
    )  # fmt: skip


def announce_issued(rows: Iterable[Certificate], where: dict[int, str], *, now: datetime) -> None:
    """New, and no renewal."""
    _record(
        [
            _change(
                row, "issued", f"Certificate {row.title} is new{_in(where.get(row.pk))}",
                row.not_before, now=now,
            )
            for row in rows
        ],
        now,
    )  # fmt: skip


def announce_expired(rows: Iterable[Certificate], *, now: datetime) -> None:
    """In use, and over."""
    _record(
        [
            _change(row, "expired", f"Certificate {row.title} expired in use", row.not_after,
                    now=now)
            for row in rows
        ],
        now,
    )  # fmt: skip


def announce_retired(row: Certificate, *, actor: Actor, now: datetime) -> None:
    """By somebody."""
    title = f"Certificate {row.title} was retired"
    _record([_change(row, "retired", title, now, actor=actor.name, now=now)], now)


def _in(where: str | None) -> str:
    return f" in {where}" if where else ""


def _record(changes: list[Change], now: datetime) -> None:
    if changes:
        start_over(lambda: record_changes(changes, now=now))


def _change(
    row: Certificate,
    action: str,
    title: str,
    at: datetime,
    *,
    now: datetime,
    actor: str = "opsportal",
    previous: Certificate | None = None,
) -> Change:
    at = min(at, now)
    # A renewed one is stored before anything serves it: what it is of is known by the old one.
    team = row.team or (previous.team if previous else None)
    return Change(
        kind="certificate",
        action=action,
        title=title,
        actor=actor,
        actor_type="automation" if actor == "opsportal" else "user",
        started_at=at,
        ended_at=at,
        external_id=f"certs:{action}:{row.sha256}"
        + (f":{now.timestamp():.0f}" if action == "retired" else ""),
        service=row.service or (previous.service if previous else ""),
        environment=row.environment or (previous.environment if previous else ""),
        team=team.name if team is not None else "",
        version=f"{row.serial[:40]}",
        previous_version=previous.serial[:40] if previous else "",
        subject=f"certs.certificate:{row.pk}",
        labels={"issuer": row.issuer_title, "sha256": row.sha256},
        links=({"href": settings.PUBLIC_URL + row.get_absolute_url(), "text": "Certificate"},),
    )
