"""What endpoints serve becomes observations; only what changed is a new row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from certs.discover import store_certificates, update_use
from certs.judge import mark_endpoints
from certs.models import Certificate, Endpoint, Observation, ServedCertificate
from certs.observe.announce import Replaced, announce_replaced
from certs.observe.look import Look
from certs.observe.observed import best_of, observation_of, plain, readings_of
from certs.observe.plan import retry_after
from certs.tls import Reading
from certs.x509 import CertificateError, Parsed, parse_certificate
from opsportal.lib.ids import IdIn
from opsportal.lib.insert import insert_rows

# `Certificate.last_seen_at` is as good as this: most probes write no certificate.
_SEEN_WITHIN = timedelta(hours=1)
# An address that left a name and came back takes turns with others; away for so long it is gone.
ROTATION = timedelta(days=1)
# Where only some addresses of a name are known each time, one not seen for so long is gone too.
_KEPT = timedelta(days=7)
_PROBED = ["probed_at", "seen_at", "failures", "failing_since", "result", "detail", "next_at"]
_Place = tuple[int, str]


def store_looks(looks: Sequence[Look[Endpoint]], *, now: datetime) -> None:
    """Store what was read at `now`. In the caller's transaction; a fixed number of statements.

    Of two that looked at the same endpoint, the later look stands.
    """
    by_pk = {look.place.pk: look for look in looks}
    rows = Endpoint.objects.select_for_update().filter(IdIn(list(by_pk))).order_by("pk")
    endpoints = {row.pk: row for row in rows if row.probed_at is None or row.probed_at <= now}
    if not endpoints:
        return
    batch = _Batch(endpoints, now)
    batch.notice_returns([by_pk[pk] for pk in endpoints])
    for pk, endpoint in endpoints.items():
        batch.take(endpoint, by_pk[pk])
    batch.store()


class _Batch:
    """Endpoints that were looked at, beside what is known of them."""

    def __init__(self, endpoints: Mapping[int, Endpoint], now: datetime) -> None:
        self._endpoints, self._now = endpoints, now
        known = Observation.objects.filter(
            Q(current=True) | Q(serving=True), IdIn(list(endpoints), "endpoint_id")
        )
        rows = list(known)
        self._current = {(row.endpoint_id, row.address): row for row in rows if row.current}
        self._serving = {(row.endpoint_id, row.address): row for row in rows if row.serving}
        self._leaf_before = {place: row.certificate_id for place, row in self._serving.items()}
        self._new: list[tuple[Observation, Reading]] = []
        self._again: list[Observation] = []
        # That are current, or serve, no more.
        self._past: list[int] = []
        self._ended: list[int] = []
        self._changed: set[int] = set()
        self._returning: set[_Place] = set()

    def notice_returns(self, looks: Sequence[Look[Endpoint]]) -> None:
        """Which addresses had left their names and are back. One query, where any is new."""
        places = {(look.place.pk, address) for look in looks for address in look.readings}
        if new := places - self._current.keys():
            past = Observation.objects.filter(
                IdIn(sorted({pk for pk, _ in new}), "endpoint_id"), current=False,
                last_seen_at__gt=self._now - ROTATION,
            )  # fmt: skip
            self._returning = new & set(past.order_by().values_list("endpoint_id", "address"))

    def take(self, endpoint: Endpoint, look: Look[Endpoint]) -> None:
        """What it came to, and what follows for the endpoint."""
        readings = readings_of(look)
        for address, reading in readings.items():
            self._observe(endpoint, address, reading)
        if look.resolved.complete:
            self._leave(endpoint, set(readings))
        elif look.resolved.addresses:
            self._leave(endpoint, set(readings) | self._seen_lately(endpoint))
        self._follow(endpoint, best_of(list(readings.values())))

    def _observe(self, endpoint: Endpoint, address: str, reading: Reading) -> None:
        place = (endpoint.pk, address)
        if address and (nowhere := self._current.get((endpoint.pk, ""))):
            # The name leads somewhere again.
            self._past.append(nowhere.pk)
        row = observation_of(endpoint, address, reading, now=self._now)
        before = self._current.get(place)
        if place in self._returning or (before is not None and "rotates" in before.facts):
            row.facts["rotates"] = True
        if before is not None and before.digest == row.digest:
            before.latency_ms = row.latency_ms
            self._again.append(before)
            return
        if before is not None:
            self._past.append(before.pk)
            if not reading.chain and not before.serving:
                # One silence, in whatever ways it shows.
                row.facts["silent_since"] = before.facts.get(
                    "silent_since", before.first_seen_at.isoformat()
                )
        if row.serving and (old := self._serving.pop(place, None)):
            self._ended.append(old.pk)
        self._new.append((row, reading))
        self._changed.add(endpoint.pk)

    def _leave(self, endpoint: Endpoint, addresses: set[str]) -> None:
        """The name leads to these alone: what is known of others is past, unless it rotates."""
        for place in self._current.keys() | self._serving.keys():
            if place[0] != endpoint.pk or place[1] in addresses or self._rotates(place):
                continue
            if (row := self._current.get(place)) is not None:
                self._past.append(row.pk)
            if (row := self._serving.pop(place, None)) is not None:
                self._ended.append(row.pk)
                self._changed.add(endpoint.pk)

    def _seen_lately(self, endpoint: Endpoint) -> set[str]:
        rows = (*self._current.items(), *self._serving.items())
        since = self._now - _KEPT
        return {a for (own, a), row in rows if own == endpoint.pk and row.last_seen_at > since}

    def _rotates(self, place: _Place) -> bool:
        rows = (self._current.get(place), self._serving.get(place))
        return any(
            row is not None and "rotates" in row.facts and row.last_seen_at > self._now - ROTATION
            for row in rows
        )

    def _follow(self, endpoint: Endpoint, best: Reading) -> None:
        was = (endpoint.result, endpoint.failing_since)
        endpoint.probed_at = self._now
        endpoint.result, endpoint.detail = best.result, plain(best.detail, 1000)
        if best.chain:
            endpoint.seen_at = self._now
            endpoint.failures, endpoint.failing_since = 0, None
        else:
            endpoint.failures += 1
            endpoint.failing_since = endpoint.failing_since or self._now
            soon = self._now + retry_after(endpoint.failures, endpoint.interval)
            planned = endpoint.next_at
            if planned is None or not self._now < planned < soon:
                endpoint.next_at = soon
        if was != (endpoint.result, endpoint.failing_since):
            self._changed.add(endpoint.pk)

    def store(self) -> None:
        """Write all of it, and what follows from it."""
        Observation.objects.filter(IdIn(self._past)).update(current=False)
        Observation.objects.filter(IdIn(self._ended)).update(serving=False)
        certificates, served = self._insert()
        self._see_again()
        Endpoint.objects.bulk_update(list(self._endpoints.values()), _PROBED)
        mark_endpoints(sorted(self._changed), now=self._now)
        touched = served | _certificates_of(self._ended)
        update_use(sorted(touched), now=self._now)
        announce_replaced(self._replaced(), certificates, now=self._now)

    def _insert(self) -> tuple[dict[int, Certificate], set[int]]:
        """The new ones with their chains: leaves by id, and the ids of all certificates."""
        parsed = _parsed(der for _, reading in self._new for der in reading.chain)
        known = store_certificates(list(parsed.values()), now=self._now) if parsed else {}
        leaves: dict[int, Certificate] = {}
        for row, _ in self._new:
            leaf = known.get(row.chain[0]) if row.chain else None
            if leaf is not None:
                row.certificate_id = leaf.pk
                leaves[leaf.pk] = leaf
            if row.serving:
                self._serving[row.endpoint_id, row.address] = row
        insert_rows([row for row, _ in self._new])
        served = [
            ServedCertificate(
                observation_id=row.pk, certificate_id=known[digest].pk, position=position
            )
            for row, _ in self._new
            for position, digest in enumerate(row.chain)
            if digest in known
        ]
        insert_rows(served)
        return leaves, {each.certificate_id for each in served}

    def _see_again(self) -> None:
        """What stayed the same: when it was last so, and how often."""
        for row in self._again:
            row.last_seen_at, row.count = self._now, row.count + 1
        Observation.objects.bulk_update(self._again, ["last_seen_at", "count", "latency_ms"])
        serving = [row.pk for row in self._again if row.serving]
        chains = ServedCertificate.objects.filter(IdIn(serving, "observation_id"))
        Certificate.objects.filter(
            pk__in=chains.values("certificate_id"), last_seen_at__lt=self._now - _SEEN_WITHIN
        ).update(last_seen_at=self._now)

    def _replaced(self) -> list[Replaced]:
        """Endpoints at which another leaf is served than before."""
        found = []
        for pk, endpoint in self._endpoints.items():
            before = {a: leaf for (own, a), leaf in self._leaf_before.items() if own == pk}
            after = {a: row.certificate_id for (own, a), row in self._serving.items() if own == pk}
            if before != after:
                found.append(Replaced(endpoint, before, after))
        return found


def _certificates_of(observations: Sequence[int]) -> set[int]:
    rows = ServedCertificate.objects.filter(IdIn(observations, "observation_id"))
    return set(rows.order_by().values_list("certificate_id", flat=True)) if observations else set()


def _parsed(chain: Iterable[bytes]) -> dict[bytes, Parsed]:
    """Each once; what is no certificate at all is left out."""
    found = {}
    for der in dict.fromkeys(chain):
        try:
            found[der] = parse_certificate(der)
        except CertificateError:
            continue
    return found
