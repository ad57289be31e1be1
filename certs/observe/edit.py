"""Endpoints that people, keys and files name: added, changed, removed; audited, on the timeline."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from certs.discover import update_use
from certs.models import Endpoint, Finding, Observation, ServedCertificate
from certs.normalise import FoundEndpoint, canonical_endpoint
from certs.observe.plan import ask_for_probes
from certs.tell import end_alerts
from chronos.trail import (
    State,
    check_columns,
    record_created_all,
    record_deleted,
    record_saved,
    team_name,
)
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError, FieldError, PayloadError
from opsportal.lib.ids import IdIn
from opsportal.lib.times import format_instant

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=30)
# Added at once.
MOST_AT_ONCE = 500
_MOST_LABELS, _LONGEST_LABEL = 50, 200
# What may be changed; the rest is what it is.
EDITED = ("enabled", "interval", "team", "environment", "service", "labels", "note")
# What certificates that it serves are judged by.
_MATCHED = ("enabled", "team", "environment", "service", "labels")
_Key = tuple[str, int, str, str]


def add_endpoints(
    found: Sequence[FoundEndpoint], usual: Endpoint, *, actor: Actor, now: datetime
) -> list[Endpoint]:
    """New ones with what `usual` says beside the place, looked at at once; known ones are left.

    A fixed number of statements. Raises PayloadError; nothing is stored then.
    """
    if len(found) > MOST_AT_ONCE:
        raise _wrong("hosts", f"{len(found)} are too many at once; {MOST_AT_ONCE} may be")
    wanted = {_key(each): each for each in map(canonical_endpoint, found)}
    _check(usual)
    with transaction.atomic():
        hosts = sorted({each.host for each in wanted.values()})
        known = {_key(row) for row in Endpoint.objects.filter(IdIn(hosts, "host"))}
        new = [_made(each, usual, actor, now) for key, each in wanted.items() if key not in known]
        if new:
            check_columns(new[0])
        Endpoint.objects.bulk_create(new, batch_size=500)
        record_created_all([(row, state_of(row)) for row in new], actor=actor, now=now)
        ask_for_probes(new, now=now, asked_by=actor.name)
    return new


def add_endpoint(endpoint: Endpoint, *, actor: Actor, now: datetime) -> Endpoint:
    """One of them. Raises PayloadError; ConflictError where it is watched already."""
    place = FoundEndpoint(endpoint.host, endpoint.port, endpoint.protocol, endpoint.server_name)
    new = add_endpoints([place], endpoint, actor=actor, now=now)
    if not new:
        raise ConflictError("This endpoint is watched already.")
    return new[0]


def change_endpoint(endpoint: Endpoint, *, actor: Actor, now: datetime) -> None:
    """Store what may be changed of it. Raises PayloadError."""
    _check(endpoint)
    check_columns(endpoint)
    with transaction.atomic():
        known = Endpoint.objects.select_for_update(of=("self",)).get(pk=endpoint.pk)
        before, after = state_of(known), state_of(endpoint)
        if before == after:
            return
        if endpoint.enabled and (not known.enabled or endpoint.interval < known.interval):
            endpoint.next_at = now
        endpoint.judge_at = now
        endpoint.save(update_fields=[*EDITED, "next_at", "judge_at"])
        record_saved(endpoint, before, after, actor=actor, now=now)
        if any(before[name] != after[name] for name in _MATCHED):
            update_use(_served_by(endpoint), now=now)


def delete_endpoint(endpoint: Endpoint, *, actor: Actor, now: datetime) -> None:
    """Remove it with what was seen there."""
    with transaction.atomic():
        # So that nobody judges it meanwhile.
        Endpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
        record_deleted(endpoint, state_of(endpoint), actor=actor, now=now)
        end_alerts(Finding.objects.filter(endpoint=endpoint), now=now)
        touched = _served_by(endpoint)
        endpoint.delete()
        update_use(touched, now=now)


def _served_by(endpoint: Endpoint) -> list[int]:
    """The certificates of its chains."""
    serving = Observation.objects.filter(endpoint=endpoint, serving=True)
    rows = ServedCertificate.objects.filter(observation__in=serving).order_by()
    return sorted(set(rows.values_list("certificate_id", flat=True)))


def probe_now(endpoints: Sequence[Endpoint], *, actor: Actor, now: datetime) -> None:
    """Have these looked at within seconds."""
    ask_for_probes(endpoints, now=now, asked_by=actor.name)


def state_of(endpoint: Endpoint) -> State:
    """For the trail."""
    names = (
        "host", "port", "protocol", "server_name", "enabled", "environment", "service", "labels",
        "note",
    )  # fmt: skip
    return {
        **{name: getattr(endpoint, name) for name in names},
        "interval": int(endpoint.interval.total_seconds()),
        "team": team_name(endpoint.team),
    }


def _key(each: FoundEndpoint | Endpoint) -> _Key:
    return each.host, each.port, each.protocol, each.server_name


def _made(place: FoundEndpoint, usual: Endpoint, actor: Actor, now: datetime) -> Endpoint:
    made = Endpoint(
        host=place.host, port=place.port, protocol=place.protocol, server_name=place.server_name,
        next_at=now + usual.interval,
        provenance=[{"from": actor.name, "what": "added", "at": format_instant(now)}],
    )  # fmt: skip
    for name in EDITED:
        setattr(made, name, getattr(usual, name))
    return made


def _check(endpoint: Endpoint) -> None:
    interval: Any = endpoint.interval
    if not isinstance(interval, timedelta) or not SHORTEST <= interval <= LONGEST:
        raise _wrong("interval", "must be from 10 seconds to 30 days")
    labels: Any = endpoint.labels
    if not isinstance(labels, dict) or len(labels) > _MOST_LABELS:
        raise _wrong("labels", f"must be at most {_MOST_LABELS} names and texts")
    for name, text in labels.items():
        if not all(_is_label(each) for each in (name, text)):
            raise _wrong("labels", f"names and texts of up to {_LONGEST_LABEL} characters each")
    for field_name in ("environment", "service", "note"):
        if not _is_text(getattr(endpoint, field_name)):
            raise _wrong(field_name, "must be a text without control characters")


def _is_label(text: Any) -> bool:
    return _is_text(text) and len(text) <= _LONGEST_LABEL


def _is_text(text: Any) -> bool:
    return isinstance(text, str) and all(char.isprintable() or char in "\n\t" for char in text)


def _wrong(field_name: str, message: str) -> PayloadError:
    return PayloadError(f"{field_name}: {message}", [FieldError(field_name, message)])
