"""Judge the certificates that are due: whose they are, what replaces them, what is wrong."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from django.db import InterfaceError, OperationalError, transaction

from certs.announce import announce_expired, announce_issued, announce_renewed
from certs.judge.batch import Batch
from certs.judge.expiry import KINDS as EXPIRY_KINDS
from certs.judge.expiry import judge_expiry
from certs.judge.facts import Facts, facts_of
from certs.judge.first import FirstMatch
from certs.judge.known import Known, World, load_known, load_world
from certs.judge.mark import mark_certificates
from certs.judge.policies import Policy, load_policies, policy_for
from certs.judge.settle import settle_findings
from certs.judge.shared import KINDS as SHARED_KINDS
from certs.judge.shared import judge_key_reuse, judge_owner, judge_serials
from certs.judge.stale import KINDS as STALE_KINDS
from certs.judge.stale import judge_stale, where_stored
from certs.judge.strength import KINDS as STRENGTH_KINDS
from certs.judge.strength import judge_strength
from certs.judge.transparency import KINDS as TRANSPARENCY_KINDS
from certs.judge.transparency import judge_transparency
from certs.models import Certificate, Finding
from certs.own import Rule, load_rules, owner_of
from certs.renew import Mates, assign_lineages, load_mates
from opsportal.accounts.models import Team
from opsportal.lib.deadlocks import start_over
from opsportal.lib.ids import IdIn
from opsportal.lib.rows import read_rows
from opsportal.lib.update import update_columns, update_values

log = logging.getLogger(__name__)
Use = Certificate.Use
# What cannot be judged is tried again so much later.
_PUT_OFF = timedelta(hours=1)
# Each says what is wrong with a batch, of these kinds.
JUDGES: Sequence[Callable[[Batch], None]] = (
    judge_expiry, judge_stale, judge_strength, judge_key_reuse, judge_serials, judge_owner,
    judge_transparency,
)  # fmt: skip
KINDS = (*EXPIRY_KINDS, *STALE_KINDS, *STRENGTH_KINDS, *SHARED_KINDS, *TRANSPARENCY_KINDS)
BATCH = 1000
_READ = (
    "id", "sha256", "tbs_sha256", "spki_sha256", "serial", "issuer", "subject_key", "issuer_key",
    "title", "issuer_title", "not_before", "not_after", "key_type", "key_size", "key_curve",
    "signature_name", "signature_hash", "is_ca", "self_signed", "is_precertificate", "details",
    "first_seen_at", "use", "team_id", "environment", "service", "owned_by", "owner_pinned",
    "lineage_id", "replaced_by_id", "replacement_pinned", "retired_at",
)  # fmt: skip
_FOLLOWED = ("team_id", "environment", "service", "owned_by", "replaced_by_id")
_followed = attrgetter(*_FOLLOWED)


@dataclass(frozen=True, slots=True)
class _Rules:
    """All that is asked of every batch."""

    world: World
    policies: FirstMatch[Policy]
    owners: FirstMatch[Rule]
    teams: Mapping[int, Team]


def judge_certificates(*, now: datetime) -> int:
    """All that are due; how many. A batch is a transaction, of a fixed number of statements."""
    if not Certificate.objects.filter(judge_at__lte=now).exists():
        return 0
    rules = _Rules(load_world(), FirstMatch(load_policies()), load_rules(), Team.objects.in_bulk())
    total = 0
    due = Certificate.objects.filter(judge_at__lte=now).order_by("judge_at", "pk")
    while ids := list(due.values_list("pk", flat=True)[:BATCH]):
        judged = _judge_apart(ids, rules, now)
        total += judged
        if not judged:
            break  # somebody else has them all
    return total


def _judge_apart(ids: Sequence[int], rules: _Rules, now: datetime) -> int:
    """Judge these; what fails is put off by itself, and keeps no other from being judged."""
    try:
        return start_over(lambda: _judge_some(ids, rules, now))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(ids) > 1:
            half = len(ids) // 2
            return _judge_apart(ids[:half], rules, now) + _judge_apart(ids[half:], rules, now)
        log.exception("certificate not judged", extra={"certificate": ids[0]})
        rows = Certificate.objects.filter(IdIn(ids), judge_at__lte=now)
        return rows.update(judge_at=now + _PUT_OFF)


@transaction.atomic
def _judge_some(ids: Sequence[int], rules: _Rules, now: datetime) -> int:
    rows = read_rows(
        Certificate.objects.select_for_update(skip_locked=True)
        .filter(IdIn(ids), judge_at__lte=now)
        .order_by("pk"),
        _READ,
    )
    if not rows:
        return 0
    before = {row.pk: _followed(row) for row in rows}
    new = {row.pk for row in rows if row.lineage_id is None}
    batch = _prepare(rows, rules, now)
    for judge in JUDGES:
        judge(batch)
    settle_findings(
        {row: batch.verdicts.get(row.pk, ()) for row in rows}, KINDS, now=now,
        reasons={row.pk: _reason(row, batch) for row in rows},
    )  # fmt: skip
    _announce(batch, before, new, now)
    after = {row.pk: _followed(row) for row in rows}
    changed = {pk: values for pk, values in after.items() if values != before[pk]}
    update_columns(Certificate, _FOLLOWED, changed)
    update_values(Certificate, "judge_at", {row.pk: batch.next_at.get(row.pk) for row in rows})
    return len(rows)


def _prepare(rows: list[Certificate], rules: _Rules, now: datetime) -> Batch:
    """Owner, lineage and replacement of each, set and not saved."""
    world = rules.world
    known = load_known([row.pk for row in rows], world)
    assign_lineages([row for row in rows if not row.is_precertificate], known, now=now)
    mates = load_mates(rows)
    pinned = [row.replaced_by_id for row in rows if row.replacement_pinned and row.replaced_by_id]
    others = {mate.pk: mate for each in mates.values() for mate in each}
    if pinned:
        others |= {row.pk: row for row in Certificate.objects.filter(IdIn(pinned)).defer("der")}
    if missing := [pk for pk in others if pk not in known]:
        known |= load_known(missing, world)
    lineages = {pk: Mates(each, known, now) for pk, each in mates.items()}
    policies, replacements = {}, {}
    for row in rows:
        _own(row, known[row.pk], rules)
        new = _replacement(row, lineages, others)
        row.replaced_by_id = new.pk if new else None
        if new is not None:
            replacements[row.pk] = new
        policies[row.pk] = policy_for(rules.policies, _lazily(row, known[row.pk], world))
    successors = {new.pk for new in replacements.values()}
    successors |= _look_around(rows, lineages.values(), now)
    return Batch(rows, known, world, policies, replacements, now, successors)


def _look_around(rows: Sequence[Certificate], lineages: Iterable[Mates], now: datetime) -> set[int]:
    """What these replace is judged next, where that is news; which of them replace anything."""
    mine = {row.pk for row in rows}
    late, successors = [], set()
    for each in lineages:
        for mate in each.rows:
            if mate.pk in mine or mate.replacement_pinned:
                continue
            new = each.replacement_of(mate)
            if new is not None:
                successors.add(new.pk)
            if mate.replaced_by_id != (new.pk if new else None):
                late.append(mate.pk)
    mark_certificates(late, now=now)
    return successors


def _lazily(row: Certificate, known: Known, world: World) -> Callable[[], Facts]:
    """Facts, made when they are first asked for, and once."""
    made: list[Facts] = []

    def facts() -> Facts:
        if not made:
            made.append(facts_of(row, known, world))
        return made[0]

    return facts


def _own(row: Certificate, known: Known, rules: _Rules) -> None:
    if not row.owner_pinned:
        row.team_id = None
        owner = owner_of(known, rules.world, rules.owners, _lazily(row, known, rules.world))
        row.team_id, row.owned_by = owner.team_id, owner.by
        row.environment, row.service = owner.environment, owner.service
    if row.team_id is not None:
        # Matchers ask for its name; nobody asks the database for it.
        row.team = rules.teams.get(row.team_id)


def _replacement(
    row: Certificate, lineages: Mapping[int, Mates], others: Mapping[int, Certificate]
) -> Certificate | None:
    if row.replacement_pinned:
        return others.get(row.replaced_by_id or 0)
    mates = lineages.get(row.lineage_id or 0)
    return mates.replacement_of(row) if mates is not None and not row.is_precertificate else None


def _reason(row: Certificate, batch: Batch) -> str:
    """Why what was wrong with it is not any more."""
    if row.retired_at is not None:
        return "retired"
    if row.pk in batch.replacements:
        return "renewed"
    if row.use == Use.KNOWN and row.pk in batch.reasons:
        return batch.reasons[row.pk]
    return "no longer in use" if row.use == Use.KNOWN else "fixed"


def _announce(
    batch: Batch, before: Mapping[int, tuple[object, ...]], fresh: set[int], now: datetime
) -> None:
    """On the timeline, once each: the change is known by its certificate."""
    renewed, issued = [], []
    for row in batch.rows:
        was = dict(zip(_FOLLOWED, before[row.pk], strict=True))
        new = batch.replacements.get(row.pk)
        # What is only served is told of where it is observed.
        if new is not None and was["replaced_by_id"] != new.pk and batch.known[new.pk].places:
            renewed.append((row, new))
        elif row.pk in fresh and _is_fresh(row, batch):
            issued.append(row)
    places = {new.pk: where_stored(new, batch) for _, new in renewed}
    announce_renewed(renewed, places, now=now)
    announce_issued(
        [row for row in issued if row.pk not in batch.successors],
        {row.pk: where_stored(row, batch) for row in issued}, now=now,
    )  # fmt: skip
    over = [
        row
        for row in batch.rows
        if row.use == Use.SERVED
        and any(each.kind == "expired" for each in batch.verdicts.get(row.pk, ()))
    ]
    if over:
        said = Finding.objects.filter(
            IdIn([row.pk for row in over], "certificate_id"), kind="expired", opened_at=now
        ).values_list("certificate_id", flat=True)
        new_ids = set(said)
        announce_expired([row for row in over if row.pk in new_ids], now=now)


def _is_fresh(row: Certificate, batch: Batch) -> bool:
    """Stored for the first time within a day of its beginning, and renews nothing.

    A first look at a source with thousands is no change of any of them.
    """
    return bool(
        batch.known[row.pk].places
        and not row.is_ca
        and abs((row.first_seen_at - row.not_before).total_seconds()) < 86_400
    )
