"""Which renewed certificate stands in for an old one."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from django.db.models import Q

from certs.judge.known import Known
from certs.models import Certificate
from opsportal.lib.ids import IdIn
from opsportal.lib.rows import read_rows

Use = Certificate.Use
_Spot = tuple[str, int, str]
COLUMNS = (
    "id", "title", "sha256", "not_before", "not_after", "lineage_id", "use", "first_seen_at",
    "retired_at", "is_precertificate", "issuer_title", "replaced_by_id", "replacement_pinned",
    "self_signed", "is_ca",
)  # fmt: skip


def load_mates(rows: Sequence[Certificate]) -> dict[int, list[Certificate]]:
    """By lineage of these: its certificates that are in use. One query."""
    found: dict[int, list[Certificate]] = defaultdict(list)
    for row in rows:
        if row.lineage_id is not None and row.use != Use.KNOWN and row.retired_at is None:
            found[row.lineage_id].append(row)
    ids = {row.lineage_id for row in rows if row.lineage_id is not None}
    others = Certificate.objects.filter(
        # Not "one of": SQLite would go through all that are in use.
        IdIn(sorted(ids), "lineage_id"),
        ~Q(use=Use.KNOWN),
        retired_at=None,
    ).exclude(IdIn([row.pk for row in rows]))
    for mate in read_rows(others.order_by("pk"), COLUMNS):
        if mate.lineage_id is not None:
            found[mate.lineage_id].append(mate)
    return found


class Mates:
    """Of one lineage what is in use and valid now, as it is asked who stands in for whom.

    In any number: thousands of devices have a certificate of one name from their maker.
    """

    def __init__(
        self, rows: Sequence[Certificate], known: Mapping[int, Known], now: datetime
    ) -> None:
        self.rows, self._known, self._now = rows, known, now

    @cached_property
    def _sorts(self) -> dict[tuple[bool, bool], "_Valid"]:
        sorts: dict[tuple[bool, bool], list[Certificate]] = defaultdict(list)
        for row in self.rows:
            if row.not_before <= self._now < row.not_after:
                sorts[row.self_signed, self._known[row.pk].is_only_handed_in].append(row)
        return {sort: _Valid(found, self._known) for sort, found in sorts.items()}

    def replacement_of(self, row: Certificate) -> Certificate | None:
        """The newest of its lineage that is in use, valid now, and follows it; None: there is none.

        Servers that renew for themselves hold certificates of one name side by side. So it lies
        beside the old one, or is at an endpoint of it where not each address has its own; or was
        issued in the old one's second half, when that was to be renewed; or the old one is nowhere
        any more. One that was only uploaded is at nobody's server: it does not take the place of
        what is stored elsewhere.
        """
        if len(self.rows) == 1 and self.rows[0].pk == row.pk:
            return None  # as most are: there is no other
        old = self._known[row.pk]
        by_upload = row.use == Use.SERVED or old.is_only_handed_in
        following: list[Certificate] = []
        for (self_signed, handed_in), valid in self._sorts.items():
            # Whoever signs for himself writes any issuer.
            alike = row.is_ca or self_signed == row.self_signed
            if alike and (by_upload or not handed_in):
                following += valid.following(row, old)
        last = max(following, key=_last, default=None)
        return last if last is not None and last.not_after > row.not_after else None


class _Valid:
    """Certificates by where they are, and by when they began."""

    def __init__(self, rows: Sequence[Certificate], known: Mapping[int, Known]) -> None:
        # The one that lasts longest at each place, and of those that began then or later.
        self._at: dict[_Spot, Certificate] = {
            spot: row for row in sorted(rows, key=_last) for spot, _ in _spots(known[row.pk])
        }
        self._begun: list[datetime] = []
        self._longest: list[Certificate] = []
        longest = None
        for row in sorted(rows, key=lambda row: row.not_before, reverse=True):
            longest = row if longest is None else max(longest, row, key=_last)
            self._begun.append(row.not_before)
            self._longest.append(longest)
        self._begun.reverse()
        self._longest.reverse()

    def following(self, row: Certificate, old: Known) -> Iterator[Certificate]:
        """Those that may stand in for it; the longest-lived of each reason is enough."""
        asked = (spot for _, spots in _spots(old) for spot in spots)
        yield from (self._at[spot] for spot in asked if spot in self._at)
        half = row.not_before + (row.not_after - row.not_before) / 2
        place = 0 if old.in_use_since is None else bisect_left(self._begun, half)
        yield from self._longest[place : place + 1]


def _last(row: Certificate) -> tuple[datetime, int]:
    return row.not_after, row.pk


def _spots(known: Known) -> Iterator[tuple[_Spot, Sequence[_Spot]]]:
    """Where it is: beside what in which source, alone or at many addresses of which endpoint. With
    each the spots of what may stand in for it there."""
    for source, folder in {
        (place.source_id, place.locator.rpartition("/")[0]) for place in known.places
    }:
        beside = ("beside", source, folder)
        yield beside, [beside]
    counts = Counter(each.endpoint_id for each in known.servings if each.position == 0)
    for pk, count in counts.items():
        many, alone = ("many", pk, ""), ("alone", pk, "")
        yield (many, [many, alone]) if count > 1 else (alone, [many])
