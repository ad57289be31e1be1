"""The causes of revisions, for pages, exports and alerts."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from chronos.models import ChangeEvent
from chronos.normalise import change_url
from opsportal.lib.windows import parse_hours
from security.models import ApiActivity, RevisionCause

CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployment on the timeline that a call was part of."""

    event_id: int
    title: str

    @property
    def url(self) -> str:
        """Its page."""
        return change_url(self.event_id)


@dataclass(frozen=True, slots=True)
class Cause:
    """A call that brought a revision about. `confidence` is exact, likely or window."""

    revision_id: int
    confidence: str
    activity: ApiActivity
    deployment: Deployment | None

    @property
    def actor(self) -> str:
        """Who called."""
        return self.activity.actor or "AWS"

    @property
    def facts(self) -> tuple[str, ...]:
        """What is worth knowing of it, such as "no deploy", "console", "out of hours"."""
        return facts_of(self.activity, is_deployed=self.deployment is not None)

    @property
    def words(self) -> str:
        """In a line: `alice by Terraform in deployment api 4821 (no MFA)`."""
        tool = f" by {self.activity.tool}" if self.activity.tool else ""
        deployed = f" in deployment {self.deployment.title}" if self.deployment else ""
        facts = f" ({', '.join(self.facts)})" if self.facts else ""
        return f"{self.actor}{tool}{deployed}{facts}"


def causes_of(revision_ids: Collection[int]) -> dict[int, list[Cause]]:
    """The causes of each, surest first, then in the order of time; two queries."""
    rows = RevisionCause.objects.filter(revision_id__in=list(revision_ids)).select_related(
        "activity"
    )
    links = list(rows)
    wanted = {row.deployment_id for row in links if row.deployment_id}
    titles = (
        dict(ChangeEvent.objects.filter(pk__in=wanted).values_list("pk", "title")) if wanted else {}
    )
    found: dict[int, list[Cause]] = defaultdict(list)
    order = RevisionCause.Confidence.values
    for row in sorted(links, key=lambda row: (order.index(row.confidence), row.activity.at)):
        event_id = row.deployment_id
        deployment = Deployment(event_id, titles[event_id]) if event_id in titles else None
        found[row.revision_id].append(
            Cause(row.revision_id, row.confidence, row.activity, deployment)
        )
    return dict(found)


def facts_of(activity: ApiActivity, *, is_deployed: bool) -> tuple[str, ...]:
    """What is worth knowing of a call: nothing but what its record says, and the hour."""
    posted = activity.via == ApiActivity.Via.HOOK
    if activity.by_aws:
        return ("AWS itself", "posted") if posted else ("AWS itself",)
    facts = {
        "root": activity.principal_type == "Root",
        "no deploy": not is_deployed,
        "console": activity.tool == CONSOLE,
        "no MFA": activity.tool == CONSOLE and activity.mfa is False,
        "out of hours": not is_working_time(activity.at),
        "posted": posted,
    }
    return tuple(name for name, holds in facts.items() if holds)


def is_working_time(at: datetime) -> bool:
    """Whether people usually work then (`OPSPORTAL_WORK_HOURS`)."""
    return parse_hours(settings.WORK_HOURS).holds(at)
