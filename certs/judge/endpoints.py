"""Judge endpoints by what they serve."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from certs.judge.addresses import (
    judge_addresses,
    judge_names,
    judge_protocols,
    judge_silence,
    next_silence,
)
from certs.judge.chains import judge_chains, next_expiring
from certs.judge.served import Served, load_matches
from certs.judge.settle import settle_findings
from certs.judge.verdict import Subject, Verdict
from certs.kinds import KINDS
from certs.models import CertificateName, Endpoint, Observation, TrustStore
from certs.trust import Anchors
from certs.validate import Held, notice_stores, open_stores, validate_observations
from opsportal.lib.deadlocks import start_over
from opsportal.lib.ids import IdIn

log = logging.getLogger(__name__)

# Kinds that are judged here: all that are about endpoints.
ENDPOINT_KINDS = frozenset(kind.slug for kind in KINDS.values() if kind.about == "endpoint")
_BATCH = 200
# What cannot be judged is tried again so much later.
_PUT_OFF = timedelta(hours=1)
# What no store holds may be completed by an intermediate that was found meanwhile.
_UNTRUSTED_AGAIN = timedelta(days=1)
_Stores = Mapping[TrustStore, Anchors]


def judge_endpoints(*, now: datetime) -> int:
    """Judge what is due: what changed, and what time alone changes. How many."""
    notice_stores(now=now)
    stores: _Stores | None = None
    total, after = 0, 0
    due = Endpoint.objects.filter(judge_at__lte=now).order_by("pk")
    while ids := list(due.filter(pk__gt=after).values_list("pk", flat=True)[:_BATCH]):
        stores = open_stores() if stores is None else stores
        _judge_apart(ids, stores, now)
        total += len(ids)
        after = ids[-1]
    return total


def _judge_apart(ids: Sequence[int], stores: _Stores, now: datetime) -> None:
    """Judge these; what fails is put off by itself, and keeps no other from being judged."""
    try:
        start_over(lambda: _judge_batch(ids, stores, now))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(ids) > 1:
            _judge_apart(ids[: len(ids) // 2], stores, now)
            _judge_apart(ids[len(ids) // 2 :], stores, now)
            return
        log.exception("endpoint not judged", extra={"endpoint": ids[0]})
        Endpoint.objects.filter(IdIn(ids), judge_at__lte=now).update(judge_at=now + _PUT_OFF)


@transaction.atomic
def _judge_batch(ids: Sequence[int], stores: _Stores, now: datetime) -> None:
    # What somebody else holds is judged by them, or by the next sweep.
    rows = Endpoint.objects.select_for_update(skip_locked=True)
    endpoints = list(rows.filter(IdIn(ids), judge_at__lte=now).order_by("pk"))
    live = [row for row in endpoints if row.enabled]
    observations = _observations(live)
    serving = [row for rows in observations.values() for row in rows if row.serving]
    held = validate_observations(serving, stores, now=now)
    served = _served(live, observations, held)
    names = _names_where_they_differ(served)
    verdicts: dict[Subject, Sequence[Verdict]] = dict.fromkeys(endpoints, ())
    for row in endpoints:
        row.judge_at = None
    for row in live:
        current = [each for each in observations[row.pk] if each.current]
        verdicts[row] = _judge(row, served[row.pk], current, names, stores, now)
    reasons = {row.pk: "disabled" for row in endpoints if not row.enabled}
    settle_findings(verdicts, ENDPOINT_KINDS, now=now, reasons=reasons)
    Endpoint.objects.bulk_update(endpoints, ["judge_at"], batch_size=_BATCH)


def _observations(endpoints: Sequence[Endpoint]) -> Mapping[int, list[Observation]]:
    """What each of their addresses serves, and how it answered last."""
    found: dict[int, list[Observation]] = defaultdict(list)
    rows = Observation.objects.filter(IdIn([row.pk for row in endpoints], "endpoint_id"))
    for row in (*rows.filter(serving=True), *rows.filter(current=True, serving=False)):
        found[row.endpoint_id].append(row)
    return found


def _served(
    endpoints: Sequence[Endpoint],
    observations: Mapping[int, Sequence[Observation]],
    held: Mapping[int, Held],
) -> Mapping[int, list[Served]]:
    pairs = [
        (endpoint, row, held[row.pk])
        for endpoint in endpoints
        for row in observations.get(endpoint.pk, ())
        if row.serving and row.pk in held
    ]
    matches = load_matches((endpoint, each.certificates[0]) for endpoint, _, each in pairs)
    found: dict[int, list[Served]] = defaultdict(list)
    for endpoint, row, each in pairs:
        named = (endpoint.pk, each.certificates[0].pk) in matches
        found[endpoint.pk].append(Served(row, each, named))
    return found


def _names_where_they_differ(
    served: Mapping[int, Sequence[Served]],
) -> Mapping[int, frozenset[str]]:
    """The names of certificates of endpoints that serve more than one."""
    ids: set[int] = set()
    for group in served.values():
        leaves = {each.leaf.pk for each in group}
        ids |= leaves if len(leaves) > 1 else set()
    if not ids:
        return {}
    names: dict[int, set[str]] = defaultdict(set)
    rows = CertificateName.objects.filter(IdIn(ids, "certificate_id")).order_by()
    for pk, value in rows.exclude(kind="cn").values_list("certificate_id", "value").iterator():
        names[pk].add(value)
    return {pk: frozenset(values) for pk, values in names.items()}


def _judge(
    endpoint: Endpoint,
    served: Sequence[Served],
    current: Sequence[Observation],
    names: Mapping[int, frozenset[str]],
    stores: _Stores,
    now: datetime,
) -> list[Verdict]:
    """Its verdicts; sets when it is to be judged again."""
    differ, again = judge_addresses(endpoint, served, names, now=now)
    verdicts = [
        *judge_names(endpoint, served),
        *judge_chains(endpoint, served, stores, now=now),
        *([differ] if differ else []),
        *judge_protocols(endpoint, served),
        *judge_silence(endpoint, current, now=now),
    ]
    endpoint.judge_at = _first(
        [
            again,
            next_silence(endpoint, current, now),
            None if all(each.trusted for each in served) else now + _UNTRUSTED_AGAIN,
            *(each.held.until for each in served),
            *(next_expiring(each.held, now) for each in served),
        ]
    )
    return verdicts


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
