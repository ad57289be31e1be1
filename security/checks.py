"""Checks as they stand: what each looks for, and how much of it there is."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from security.auditors import Auditor, auditors
from security.models import CheckOverride, Finding, Scope


@dataclass
class CheckStanding:
    """A check, and what it found."""

    auditor: type[Auditor]
    counts: Mapping[str, int] = field(default_factory=dict)
    passes: int = 0
    overrides: Sequence[CheckOverride] = ()


def check_standings() -> list[CheckStanding]:
    """All checks, by what is open and how grave: three queries."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    rows = Finding.objects.exclude(status=Finding.Status.FIXED).order_by()
    for check, status, number in (
        rows.values("check_id", "status")
        .annotate(n=Count("pk"))
        .values_list("check_id", "status", "n")
    ):
        counts[check][status] += number
    passes: Counter[str] = Counter()
    for passed in Scope.objects.values_list("passes", flat=True):
        passes.update(passed)
    overrides: dict[str, list[CheckOverride]] = defaultdict(list)
    for row in CheckOverride.objects.select_related("account"):
        overrides[row.check_id].append(row)
    found = [
        CheckStanding(auditor, counts[slug], passes[slug], overrides[slug])
        for slug, auditor in auditors().items()
    ]
    return sorted(
        found, key=lambda row: (-bool(row.counts.get("open")), -row.auditor.score, row.auditor.slug)
    )


def compliance_standings(checks: Sequence[CheckStanding]) -> list[tuple[str, list[CheckStanding]]]:
    """By each control of a standard, such as "CIS 6.3", in their order."""
    found: dict[str, list[CheckStanding]] = defaultdict(list)
    for row in checks:
        for control in row.auditor.compliance:
            found[control].append(row)
    return sorted(found.items(), key=lambda item: _numbers(item[0]))


def _numbers(control: str) -> tuple[str, list[int]]:
    name, _, number = control.partition(" ")
    return name, [int(part) for part in number.split(".") if part.isdigit()]
