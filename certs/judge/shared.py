"""Keys and serials that unrelated certificates have in common; and what is nobody's."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from django.db.models import Q

from certs.judge.batch import Batch
from certs.judge.mark import mark_certificates
from certs.judge.verdict import Verdict
from certs.models import Certificate, Finding
from opsportal.lib.ids import IdIn

Use = Certificate.Use
KINDS = ("key_reuse", "duplicate_serial", "unowned")
_MOST_NAMED, _MOST_COMPARED = 5, 200
# Of one key: its certificates that are in use, each with its lineage and title.
_Sharing = dict[int, tuple[int | None, str]]


def judge_key_reuse(batch: Batch) -> None:
    """A renewal may keep its key; another certificate that is in use may not have it."""
    keys = {row.spki_sha256 for row in batch.rows if not row.is_ca}
    sharing = Certificate.objects.filter(
        IdIn(sorted(keys), "spki_sha256"),
        # Not "one of": SQLite would go through all that are in use.
        ~Q(use=Use.KNOWN), retired_at=None, is_ca=False,
    ).exclude(IdIn([row.pk for row in batch.rows]))  # fmt: skip
    by_key: dict[str, _Sharing] = defaultdict(dict)
    for row in batch.living():
        if not row.is_ca:
            by_key[row.spki_sha256][row.pk] = (row.lineage_id, row.title)
    for key, pk, lineage, title in sharing.order_by().values_list(
        "spki_sha256", "pk", "lineage_id", "title"
    ):
        by_key[key][pk] = (lineage, title)
    shared = {key for key, each in by_key.items() if _is_shared(each)}
    for key in shared:
        # The same are named in whatever batch.
        by_key[key] = dict(sorted(by_key[key].items()))
    for row in batch.living():
        if not row.is_ca and row.spki_sha256 in shared:
            others = _unrelated(row, by_key[row.spki_sha256])
            said = f"has its key in common with {_named(others.values())}"
            batch.say(row, Verdict("key_reuse", "low", said, facts={"with": sorted(others)[:50]}))
    _tell_others(batch, by_key, shared)


def _is_shared(sharing: _Sharing) -> bool:
    return len({lineage for lineage, _ in sharing.values()}) > 1


def _unrelated(row: Certificate, sharing: _Sharing) -> dict[int, str]:
    """Enough of them to name: a maker's key may be in very many."""
    found = (
        (pk, title)
        for pk, (lineage, title) in sharing.items()
        if pk != row.pk and lineage != row.lineage_id
    )
    return dict(islice(found, _MOST_COMPARED))


def _tell_others(batch: Batch, by_key: Mapping[str, _Sharing], shared: Collection[str]) -> None:
    """Have those outside the batch judged for which it is news. One query."""
    mine = {row.pk for row in batch.rows}
    others = {
        pk: key in shared for key, each in by_key.items() for pk in each if pk not in mine
    }  # fmt: skip
    if not others:
        return
    found = Finding.objects.filter(
        IdIn(list(others), "certificate_id"), kind="key_reuse", endpoint=None, closed_at=None
    )
    told = set(found.order_by().values_list("certificate_id", flat=True))
    mark_certificates([pk for pk, so in others.items() if so != (pk in told)], now=batch.now)


def judge_serials(batch: Batch) -> None:
    """Unique for an issuer (RFC 5280, 4.1.2.2). A precertificate has its certificate's."""
    # Who signs for himself is an issuer of his own, whatever name he writes.
    rows = [row for row in batch.living() if not row.self_signed]
    alike = Certificate.objects.filter(
        IdIn(sorted({row.serial for row in rows}), "serial"), is_precertificate=False,
        self_signed=False,
    ).exclude(IdIn([row.pk for row in rows]))  # fmt: skip
    by_serial: dict[tuple[str, str], dict[int, tuple[str, str]]] = defaultdict(dict)
    for row in rows:
        if not row.is_precertificate:
            by_serial[row.serial, row.issuer_key][row.pk] = (row.tbs_sha256, row.title)
    for pk, serial, issuer, tbs, title in alike.order_by().values_list(
        "pk", "serial", "issuer_key", "tbs_sha256", "title"
    ):
        by_serial[serial, issuer][pk] = (tbs, title)
    for row in rows:
        others = {
            pk: title
            for pk, (tbs, title) in by_serial[row.serial, row.issuer_key].items()
            if pk != row.pk and tbs != row.tbs_sha256
        }
        if others:
            said = f"has its serial in common with {_named(others.values())} of the same issuer"
            facts = {"with": sorted(others)[:50], "serial": row.serial}
            batch.say(row, Verdict("duplicate_serial", "warning", said, facts=facts))


def judge_owner(batch: Batch) -> None:
    """Noted: whoever writes the rules sees what is left."""
    for row in batch.living():
        if row.team_id is None and not row.is_ca:
            batch.say(row, Verdict("unowned", "", "is nobody's: no rule says whose"))


def _named(titles: Iterable[str]) -> str:
    names = sorted(set(titles))
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
