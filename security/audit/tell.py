"""Findings become alerts of the gateway: one for each that fires, by its fingerprint."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min

from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from alerts.receive import receive_alerts
from opsportal.lib.deadlocks import start_over
from opsportal.lib.ids import IdIn
from security.auditors import auditors
from security.cause.read import CONSOLE, Cause, causes_of
from security.collectors import collector_of
from security.models import ApiActivity, CloudResource, ConfigRevision, Finding, Relation

PREFIX, SOURCE = "security:finding:", "security"
_BATCH = 200
# From this score on.
_SEVERITIES = ((9, "critical"), (7, "high"), (4, "warning"), (0, "low"))
# Finding's resource -> technology -> how many, and the name of one.
_Touches = Mapping[int, Mapping[str, tuple[int, str]]]


def severity_of(score: int) -> str:
    """The gateway's word for a score."""
    return next(name for least, name in _SEVERITIES if score >= least)


def tell_findings(*, now: datetime) -> int:
    """Tell the gateway of whatever it does not know; how many findings.

    Alerts and the note that they were raised are one transaction: nothing is lost or told twice.
    """
    total = 0
    while told := start_over(lambda: _tell_some(now)):
        total += told
    return total


def _tell_some(now: datetime) -> int:
    with transaction.atomic():
        rows = Finding.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            to_tell=True
        )
        found = list(
            rows.select_related("resource", "account", "introduced_by__resource").order_by("pk")[
                :_BATCH
            ]
        )
        if not found:
            return 0
        firing = [row for row in found if row.fires]
        touches, causes = _touches(firing), _causes(firing)
        receive_alerts(
            [
                _firing(
                    row, touches.get(row.resource_id, {}), causes.get(row.introduced_by_id or 0)
                )
                if row.fires
                else _over(row, now)
                for row in found
            ],
            now=now,
        )
        Finding.objects.filter(IdIn([row.pk for row in found])).update(
            to_tell=False, told_status=F("status"), told_score=F("score")
        )
    return len(found)


def _touches(findings: Sequence[Finding]) -> _Touches:
    """How many resources of which technology refer to each finding's, and the name of one."""
    by_name: dict[tuple[int, str], set[int]] = defaultdict(set)
    for row in findings:
        by_name[row.account_id, row.resource.resource_id].add(row.resource_id)
    found: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
    if not by_name:
        return found
    relations = Relation.objects.filter(IdIn([name for _, name in by_name], "target")).exclude(
        source__state=CloudResource.State.DELETED
    )
    by = ("source__account", "target", "source__technology")
    counted = relations.values(*by).annotate(
        n=Count("source", distinct=True), name=Min("source__name"), id=Min("source__resource_id")
    )
    for account, target, technology, number, name, one in counted.values_list(
        *by, "n", "name", "id"
    ):
        for pk in by_name.get((account, target), ()):
            found[pk][technology] = number, name or one
    return found


def _causes(findings: Sequence[Finding]) -> dict[int, Cause]:
    """Of revisions, the last of the surest: it is the one whose actor the revision names."""
    ids = {row.introduced_by_id for row in findings if row.introduced_by_id is not None}
    return {pk: _surest(found) for pk, found in (causes_of(sorted(ids)) if ids else {}).items()}


def _surest(causes: Sequence[Cause]) -> Cause:
    """What was only posted, which anybody may say, only where no queue tells."""
    sure = [cause for cause in causes if cause.confidence == causes[0].confidence]
    return ([c for c in sure if c.activity.via == ApiActivity.Via.QUEUE] or sure)[-1]


def _firing(
    row: Finding, touches: Mapping[str, tuple[int, str]], cause: Cause | None
) -> AlertEvent:
    auditor = auditors().get(row.check_id)
    resource, account, revision = row.resource, row.account, row.introduced_by
    name = resource.name or resource.resource_id
    by = f", by {revision.actor}" if revision is not None and revision.actor else ""
    return AlertEvent(
        name=auditor.label if auditor else row.check_id,
        dedup_key=PREFIX + row.fingerprint,
        status=FIRING,
        severity=severity_of(row.score),
        summary=f"{name} in {account.name}: {row.summary}{by}"[:1024],
        description=_description(row, touches, cause),
        source=SOURCE,
        resource=resource.resource_id[:300],
        region=row.region,
        labels={
            "account": account.account_id,
            "account_name": account.name,
            "region": row.region,
            "technology": row.technology,
            "resource": resource.resource_id[:300],
            "resource_name": name[:300],
            "check": row.check_id,
            "score": str(row.score),
            "class": revision.change_class if revision else ConfigRevision.ChangeClass.SECURITY,
            **({"actor": revision.actor} if revision and revision.actor else {}),
        },
        links=tuple(_links(row, cause)),
        starts_at=row.opened_at,
        team_id=account.team_id,
    )


def _links(row: Finding, cause: Cause | None) -> list[Link]:
    links = [
        Link(settings.PUBLIC_URL + row.get_absolute_url(), "Finding"),
        Link(settings.PUBLIC_URL + row.resource.get_absolute_url(), "Resource"),
    ]
    if row.introduced_by is not None:
        page = settings.PUBLIC_URL + row.introduced_by.get_absolute_url()
        links.append(Link(page, "Change that introduced it"))
    if cause is not None and cause.deployment is not None:
        links.append(Link(cause.deployment.url, "Deployment"))
    return links


def _description(row: Finding, touches: Mapping[str, tuple[int, str]], cause: Cause | None) -> str:
    auditor, revision = auditors().get(row.check_id), row.introduced_by
    parts = [f"{row.check_id}, score {row.score}: {row.summary}."]
    if row.undecided:
        parts.append(f"It cannot be told now whether that is still so: {row.undecided}.")
    if touches:
        count = ", ".join(_counted(*one) for one in sorted(touches.items()))
        parts.append(f"Exposed by it: {count}.")
    if revision is not None:
        said = f": {revision.summary}" if revision.summary else ""
        whose = "" if revision.resource_id == row.resource_id else f" of {_called(revision)}"
        parts.append(f"Since revision {revision.number}{whose} ({revision.kind}){said}.")
    if cause is not None:
        parts.append(_who(cause))
    if auditor:
        parts += [text for text in (auditor.risk, auditor.remedy) if text]
    return "\n".join(parts)[:4000]


def _counted(technology: str, counted: tuple[int, str]) -> str:
    """Such as "2 aws.ec2.instance (web-1 and others)"."""
    number, name = counted
    collector = collector_of(technology)
    noun = collector.noun if collector and number == 1 else technology
    return f"{number} {noun} ({name}{' and others' if number > 1 else ''})"


def _called(revision: ConfigRevision) -> str:
    resource, collector = revision.resource, collector_of(revision.technology)
    noun = collector.noun if collector else revision.technology
    return f"{noun} {resource.name or resource.resource_id}"


def _who(cause: Cause) -> str:
    """Who, with what, in which deployment, from where, by which call."""
    activity = cause.activity
    tool = activity.tool or activity.user_agent[:100]
    said = [cause.actor, *([f"with {tool}"] if tool else [])]
    if cause.deployment is not None:
        said.append(f"in deployment {cause.deployment.title}")
    said += [fact for fact in cause.facts if fact != CONSOLE]
    call = f"{activity.service} {activity.action}"
    if activity.source_address:
        call += f" from {activity.source_address}"
    return f"Done by {', '.join(said)}: {call} ({cause.confidence})."


def _over(row: Finding, now: datetime) -> AlertEvent:
    return AlertEvent(
        name=row.check_id,
        dedup_key=PREFIX + row.fingerprint,
        status=RESOLVED,
        source=SOURCE,
        ends_at=now,
    )
