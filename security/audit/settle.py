"""Findings follow from verdicts: opened, kept, worsened, accepted, fixed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from opsportal.lib.ids import IdIn
from security.audit.acceptances import end_acceptances
from security.audit.causes import Causes
from security.audit.judge import Verdicts
from security.audit.rules import Rules, load_rules
from security.auditors import Auditor, Issue, Later, Undecided, auditors_of
from security.models import CloudResource, ConfigRevision, Finding

Status = Finding.Status
_BATCH, _KEPT = 500, 50
# The first three are what an alert says.
_FOLLOWED = (
    "score", "summary", "undecided", "status", "evidence", "acceptance_id", "check_version",
    "fixed_reason",
)  # fmt: skip
_STORED = (
    "status", "score", "summary", "evidence", "undecided", "acceptance", "check_version",
    "opened_at", "seen_at", "fixed_at", "fixed_reason", "introduced_by", "fixed_by", "history",
)  # fmt: skip


@dataclass(slots=True)
class _Said:
    """What a check says of one subject now; with `undecided`, that it cannot tell."""

    auditor: type[Auditor]
    subject: str
    score: int
    summary: str
    evidence: Mapping[str, Any]
    undecided: str = ""


def fingerprint_of(resource: CloudResource, check_id: str, subject: str) -> str:
    """What a finding is recognised by."""
    parts = (
        str(resource.account_id), resource.technology, resource.region, resource.resource_id,
        check_id, subject,
    )  # fmt: skip
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def settle_findings(
    resources: Sequence[CloudResource], verdicts: Verdicts, *, now: datetime
) -> bool:
    """Store what the checks said of these, all of one account; sets their scores (not saved).

    Whether the gateway is to be told of something.
    """
    mine: dict[int, dict[str, Finding]] = defaultdict(dict)
    # What was never audited has none.
    if audited := [row.pk for row in resources if row.audited_at]:
        for row in Finding.objects.filter(IdIn(audited, "resource_id")):
            mine[row.resource_id][row.fingerprint] = row
    rules, causes = load_rules(resources, now=now), Causes(resources)
    new: list[Finding] = []
    changed: list[Finding] = []
    revised: list[ConfigRevision] = []
    for resource in resources:
        one = _One(resource, mine[resource.pk], rules, causes, now)
        one.settle(_said(resource, verdicts[resource.pk], rules))
        new += one.new
        changed += one.changed
        revised += one.score()
    Finding.objects.bulk_create(new, batch_size=_BATCH)
    Finding.objects.bulk_update(changed, _STORED, batch_size=_BATCH)
    # Only ever set here: whoever has it told, or told anew, meanwhile is not overruled.
    if told_anew := [row.pk for row in changed if row.to_tell]:
        Finding.objects.filter(IdIn(told_anew)).update(to_tell=True)
    ConfigRevision.objects.bulk_update(revised, ["score_change"], batch_size=_BATCH)
    if rules.ending:
        end_acceptances(list(rules.ending.values()), now=now)
    return any(row.to_tell for row in (*new, *changed))


def _said(resource: CloudResource, verdicts: Sequence[Any], rules: Rules) -> dict[str, _Said]:
    """By fingerprint; of two that say the same thing the worse one counts."""
    said: dict[str, _Said] = {}
    for auditor, verdict in verdicts:
        if isinstance(verdict, Later):
            continue
        override = rules.override(resource, auditor.slug)
        if override is not None and not override.enabled:
            continue
        score = auditor.score
        if isinstance(verdict, Issue) and verdict.score is not None:
            score = verdict.score
        if override is not None and override.score is not None:
            score = override.score
        one = _Said(auditor, verdict.subject, min(10, max(0, score)), "", {})
        if isinstance(verdict, Undecided):
            one.summary, one.undecided = verdict.reason[:1000], verdict.reason[:300] or "unknown"
        else:
            one.summary, one.evidence = verdict.summary[:1000], dict(verdict.evidence)
        key = fingerprint_of(resource, auditor.slug, verdict.subject)
        if key not in said or (said[key].undecided, -said[key].score) > (one.undecided, -score):
            said[key] = one
    return said


class _One:
    """The findings of one resource."""

    def __init__(
        self, resource: CloudResource, known: dict[str, Finding], rules: Rules, causes: Causes,
        now: datetime,
    ) -> None:  # fmt: skip
        self._resource, self._known, self._rules = resource, known, rules
        self._causes, self._now = causes, now
        self.new: list[Finding] = []
        self.changed: list[Finding] = []

    def settle(self, said: Mapping[str, _Said]) -> None:
        """Bring each to what was said."""
        blind = {
            one.auditor.slug: one.undecided
            for one in said.values()
            if one.undecided and not one.subject
        }
        for key, row in list(self._known.items()):
            if key not in said and row.status != Status.FIXED:
                before, fired = self._state(row), row.fires
                if row.check_id in blind and row.seen_at is not None:
                    row.undecided = blind[row.check_id]
                    self._decide(row)
                else:
                    self._fix(row)
                self._note(row, before, fired)
        for key, one in said.items():
            found = self._known.get(key)
            if found is None:
                self._known[key] = self._open(key, one)
                self.new.append(self._known[key])
                continue
            before, fired = self._state(found), found.fires
            self._keep(found, one)
            self._note(found, before, fired)

    def score(self) -> list[ConfigRevision]:
        """The resource's scores; and the revision that changed them, if one did."""
        resource, was = self._resource, self._resource.full_score
        rows = self._known.values()
        resource.score = max((row.score for row in rows if row.fires), default=0)
        accepted = (row.score for row in rows if row.status == Status.ACCEPTED)
        resource.full_score = max(resource.score, *accepted, 0)
        own = self._causes.own.get(resource.pk) if resource.full_score != was else None
        if own is None:
            return []
        own.score_change = resource.full_score - was
        return [own]

    def _open(self, key: str, one: _Said) -> Finding:
        resource = self._resource
        row = Finding(
            resource=resource, check_id=one.auditor.slug, subject=one.subject[:1000],
            fingerprint=key, first_seen_at=self._now, opened_at=self._now,
            account_id=resource.account_id, region=resource.region, technology=resource.technology,
        )  # fmt: skip
        row.introduced_by = self._causes.of(resource)
        self._say(row, one)
        self._note(row, None, fired=False)
        return row

    def _keep(self, row: Finding, one: _Said) -> None:
        first = row.seen_at is None and not one.undecided
        if row.status == Status.FIXED or first:
            row.opened_at, row.introduced_by = self._now, self._causes.of(self._resource)
            row.fixed_at, row.fixed_by, row.fixed_reason = None, None, ""
        self._say(row, one)

    def _say(self, row: Finding, one: _Said) -> None:
        row.undecided, row.check_version = one.undecided, one.auditor.version
        if not one.undecided:
            row.seen_at, row.summary, row.evidence = self._now, one.summary, one.evidence
        if not one.undecided or row.seen_at is None:
            row.score, row.summary = one.score, one.summary
        self._decide(row)

    def _decide(self, row: Finding) -> None:
        """Accepted, unknown or open."""
        row.acceptance = self._rules.acceptance(self._resource, row)
        if row.acceptance is not None:
            row.status = Status.ACCEPTED
        else:
            row.status = Status.UNKNOWN if row.undecided else Status.OPEN

    def _fix(self, row: Finding) -> None:
        row.fixed_reason = self._reason(row)
        by_check = row.fixed_reason == "check"
        row.fixed_by = None if by_check else self._causes.of(self._resource)
        row.status, row.fixed_at = Status.FIXED, self._now
        row.acceptance, row.undecided = None, ""

    def _reason(self, row: Finding) -> str:
        if self._resource.state == CloudResource.State.DELETED:
            return "deleted"
        asked = {auditor.slug: auditor for auditor in auditors_of(row.technology)}
        auditor = asked.get(row.check_id)
        override = self._rules.override(self._resource, row.check_id)
        if auditor is None or (override is not None and not override.enabled):
            return "check"
        if auditor.version != row.check_version and self._causes.of(self._resource) is None:
            return "check"
        return "fixed" if row.seen_at is not None else "decided"

    def _state(self, row: Finding) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in _FOLLOWED)

    def _note(self, row: Finding, before: tuple[Any, ...] | None, fired: bool) -> None:
        """Keep what became of it; and whether the gateway is to be told."""
        after = self._state(row)
        if before == after:
            return
        was = (before[3], before[0]) if before else None
        if was != (row.status, row.score):
            revision = row.fixed_by_id if row.status == Status.FIXED else None
            if was is None or was[0] == Status.FIXED:
                revision = row.introduced_by_id
            said = {
                "at": self._now.isoformat(), "status": str(row.status), "score": row.score,
                "revision": revision, "why": row.fixed_reason or row.undecided,
            }  # fmt: skip
            row.history = [*row.history, said][-_KEPT:]
        if fired != row.fires or (before and row.fires and before[:3] != after[:3]):
            row.to_tell = True
        if before is not None:
            self.changed.append(row)
