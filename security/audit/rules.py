"""What people have decided of checks and risks, as it applies to a batch of resources."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db.models import Max, Q

from opsportal.lib.ids import IdIn
from opsportal.lib.matchers import MatcherError, Matchers, parse_matchers
from security.models import CheckOverride, CloudResource, ConfigRevision, Finding, RiskAcceptance

_ALL = Matchers(())
SCORE_ROSE, DELETED = "the score rose to {}", "the resource was deleted"


@lru_cache(maxsize=1000)
def _compiled(match: str) -> Matchers | None:
    """None: it cannot be read, and matches nothing."""
    try:
        return parse_matchers(match) if match else _ALL
    except MatcherError:
        return None


def matches_tags(match: str, resource: CloudResource) -> bool:
    """Whether the resource's tags match; an empty text matches all."""
    matchers = _compiled(match)
    if matchers is None:
        return False
    return matchers.matches({str(name): str(value) for name, value in resource.tags.items()})


@dataclass
class Rules:
    """Overrides and acceptances, the likeliest first."""

    overrides: dict[str, list[CheckOverride]]
    acceptances: list[RiskAcceptance]
    # Of resources: when they were last deleted.
    deleted_at: dict[int, datetime]

    def __post_init__(self) -> None:
        """Found by what they cover."""
        self.ending: dict[int, tuple[RiskAcceptance, str]] = {}
        self._by_check: dict[str, list[RiskAcceptance]] = defaultdict(list)
        self._by_finding: dict[str, list[RiskAcceptance]] = defaultdict(list)
        for row in self.acceptances:
            gone = self.deleted_at.get(row.resource_id or 0)
            if gone is not None and gone >= row.accepted_at:
                self.ending[row.pk] = (row, DELETED)
            elif row.fingerprint:
                self._by_finding[row.fingerprint].append(row)
            else:
                self._by_check[row.check_id].append(row)

    def override(self, resource: CloudResource, check_id: str) -> CheckOverride | None:
        """The closest that applies: of account and tags, of the account, of tags, of all."""
        for row in self.overrides.get(check_id, ()):
            if matches_tags(row.match, resource):
                return row
        return None

    def acceptance(self, resource: CloudResource, finding: Finding) -> RiskAcceptance | None:
        """What covers it now. One of this very risk ends when the risk outgrows it."""
        found = None
        for row in (
            *self._by_finding.get(finding.fingerprint, ()),
            *self._by_check.get(finding.check_id, ()),
        ):
            if row.resource_id not in (None, resource.pk) or row.pk in self.ending:
                continue
            if not matches_tags(row.match, resource):
                continue
            if finding.score <= row.max_score:
                found = found or row
            elif row.resource_id is not None:
                self.ending[row.pk] = (row, SCORE_ROSE.format(finding.score))
        return found


def load_rules(resources: Sequence[CloudResource], *, now: datetime) -> Rules:
    """Those of one account's resources: two queries, or three."""
    account = Q(account=None) | Q(account=resources[0].account_id)
    overrides: dict[str, list[CheckOverride]] = defaultdict(list)
    for row in sorted(CheckOverride.objects.filter(account), key=_closeness):
        overrides[row.check_id].append(row)
    mine = IdIn([row.pk for row in resources], "resource_id")
    acceptances = [
        row
        for row in RiskAcceptance.objects.filter(
            mine | Q(account, resource=None), ended_at=None, expires_at__gt=now
        ).order_by("-expires_at", "pk")
        if not row.is_waiting
    ]
    deleted_at: dict[int, datetime] = {}
    if ids := {row.resource_id for row in acceptances if row.resource_id is not None}:
        rows = ConfigRevision.objects.filter(
            IdIn(sorted(ids), "resource_id"), kind=ConfigRevision.Kind.DELETED
        )
        latest = rows.order_by().values("resource_id").annotate(at=Max("captured_at"))
        deleted_at = dict(latest.values_list("resource_id", "at"))
    return Rules(overrides, acceptances, deleted_at)


def _closeness(row: CheckOverride) -> tuple[bool, bool, int]:
    return (row.account_id is None, not row.match, -row.pk)
