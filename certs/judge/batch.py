"""A batch of certificates before their judges, and what those say."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from certs.judge.known import Known, World
from certs.judge.policies import Policy
from certs.judge.verdict import Verdict
from certs.models import Certificate


@dataclass(slots=True)
class Batch:
    """What judges are asked about: `rows`, with `known` of each and of what replaces it.

    They `say` what is wrong, and that they want to be asked `again` at a moment, since time alone
    changes their word then.
    """

    rows: Sequence[Certificate]
    known: Mapping[int, Known]
    world: World
    policies: Mapping[int, Policy]
    # What stands in for whom, where anything does.
    replacements: Mapping[int, Certificate]
    now: datetime
    # Those that stand in for others, whether or not these are in the batch.
    successors: set[int] = field(default_factory=set)
    verdicts: dict[int, list[Verdict]] = field(default_factory=lambda: defaultdict(list))
    next_at: dict[int, datetime] = field(default_factory=dict)
    # Why what was wrong is not any more, where a judge knows better.
    reasons: dict[int, str] = field(default_factory=dict)
    _living: list[Certificate] = field(init=False)

    def __post_init__(self) -> None:
        self._living = [
            row for row in self.rows if row.use != Certificate.Use.KNOWN and row.retired_at is None
        ]

    def say(self, row: Certificate, verdict: Verdict) -> None:
        """Something is wrong; what the policy does without is noted, and nobody is alerted."""
        if verdict.kind in self.policies[row.pk].without and verdict.severity:
            verdict = replace(verdict, severity="")
        self.verdicts[row.pk].append(verdict)

    def again(self, row: Certificate, at: datetime | None) -> None:
        """Ask anew then."""
        if at is not None and at > self.now:
            self.next_at[row.pk] = min(at, self.next_at.get(row.pk, at))

    def living(self) -> list[Certificate]:
        """Those that are judged at all: in use, and not retired."""
        return self._living
