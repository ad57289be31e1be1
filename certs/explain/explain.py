"""Put together: the policy, its thresholds, findings, what holds back, and what the gateway did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.explain import explain_alert
from alerts.models import Alert, Notification
from certs.judge.expiry import lowered, when
from certs.judge.facts import facts_of
from certs.judge.first import FirstMatch
from certs.judge.known import load_known, load_world
from certs.judge.policies import BUILT_IN, Policy, load_policies, policy_for
from certs.judge.thresholds import due_times
from certs.kinds import KINDS
from certs.models import Certificate, Crossing, Finding
from certs.renew import Proposed, propose_replacements
from certs.tell import alert_keys_of

Use = Certificate.Use
MOST_FINDINGS, MOST_ALERTS, MOST_TOLD = 50, 10, 50


@dataclass(frozen=True, slots=True)
class Step:
    """A threshold: when it is crossed, and when that was noticed (None: not yet)."""

    threshold: str
    severity: str
    at: datetime
    crossed: bool
    noticed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert of it: what was decided, in sentences, and who was told, the latest first."""

    alert: Alert
    words: Sequence[str]
    told: Sequence[Notification]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it. `words` is the answer; the rest is why."""

    words: Sequence[str]
    policy: Policy
    policy_why: str
    steps: Sequence[Step]
    findings: Sequence[Finding]
    holds: Sequence[str]
    proposed: Sequence[Proposed]
    episodes: Sequence[Episode]


def explain_certificate(row: Certificate, *, now: datetime) -> Explanation:
    """Of a certificate with its team and replacement; a fixed number of queries an episode."""
    world = load_world()
    known = load_known([row.pk], world)[row.pk]
    policies = load_policies()
    policy = policy_for(FirstMatch(policies), lambda: facts_of(row, known, world))
    findings = list(
        Finding.objects.filter(certificate=row, endpoint=None).order_by("-pk")[:MOST_FINDINGS]
    )
    keys = alert_keys_of(row.pk, findings)
    alerts = Alert.objects.filter(dedup_key__in=keys).select_related("team").order_by("-pk")
    episodes = [_episode(alert, now) for alert in alerts[:MOST_ALERTS]]
    holds = _holds(row, policy, findings, episodes, now)
    steps = _steps(row, policy, findings, now)
    return Explanation(
        words=_words(row, steps, findings, _at_endpoints(row), holds, episodes, now),
        policy=policy,
        policy_why=_why(policy, policies),
        steps=steps,
        findings=findings,
        holds=holds,
        proposed=propose_replacements([row], now=now).get(row.pk, []),
        episodes=episodes,
    )


def _why(policy: Policy, policies: Sequence[Policy]) -> str:
    if policy is BUILT_IN:
        own = len(policies) - 1
        return "no policy matches it" if own else "there are no policies of your own"
    if not policy.match:
        return "it is the first that matches: it is for every certificate"
    return f"it is the first that matches: {policy.match}"


def _steps(
    row: Certificate, policy: Policy, findings: Sequence[Finding], now: datetime
) -> list[Step]:
    rows = Crossing.objects.filter(finding__in=[each.pk for each in findings])
    noticed: Mapping[str, datetime] = dict(
        rows.order_by("-noticed_at").values_list("threshold", "noticed_at")
    )
    times = due_times(policy.thresholds, row.not_before, row.not_after)
    steps = [
        Step(each.name, lowered(each.severity, row.use), at, at <= now, noticed.get(each.name))
        for at, each in times
    ]
    end = "critical" if row.use == Use.SERVED else "low"
    return [*steps, Step("end", end, row.not_after, row.not_after <= now, None)]


def _episode(alert: Alert, now: datetime) -> Episode:
    told = alert.notifications.select_related("channel").defer("channel__settings")
    return Episode(
        alert,
        explain_alert(alert, now=now, traced=False).words,
        list(told.order_by("-pk")[:MOST_TOLD]),
    )


def _holds(
    row: Certificate,
    policy: Policy,
    findings: Sequence[Finding],
    episodes: Sequence[Episode],
    now: datetime,
) -> list[str]:
    """What keeps anybody from being told."""
    holds = []
    if row.retired_at is not None:
        holds.append(
            f"It was retired by {row.retired_by} on {row.retired_at:%Y-%m-%d}: {row.retired_reason}"
        )
    if row.use == Use.KNOWN:
        holds.append("It is neither served nor stored anywhere known: its end harms nobody.")
    if row.use == Use.PLACED:
        holds.append(
            "It is stored, and not seen to be served: everything is a step less severe, and low "
            "once it has expired."
        )
    new = row.replaced_by
    if new is not None:
        said = "by a person's word" if row.replacement_pinned else "by its names"
        holds.append(
            f"It is renewed, {said}: the new one expires {when(new.not_after, now)}."
            + (" The old one is still served, so its end is told of." if row.use == Use.SERVED
               else "")
        )  # fmt: skip
    if now < row.not_before:
        holds.append("It is not valid yet: nothing of its end is told.")
    holds += [f"Policy {policy.name} does without {kind}." for kind in sorted(policy.without)]
    if row.judge_at is not None and row.judge_at <= now:
        holds.append("Something about it changed: it is judged within seconds.")
    if any(each.to_tell for each in findings):
        holds.append("The gateway is about to be told.")
    for episode in episodes:
        holds += _holds_of_alert(episode.alert, now)
    return holds


def _holds_of_alert(alert: Alert, now: datetime) -> list[str]:
    if alert.resolved_at is not None:
        return []
    holds = []
    if alert.snoozed_until is not None and alert.snoozed_until > now:
        holds.append(
            f"{alert.name} is snoozed until {alert.snoozed_until:%Y-%m-%d %H:%M} UTC, "
            "unless it gets worse."
        )
    if alert.status == Alert.Status.ACKNOWLEDGED:
        holds.append(f"{alert.name} is acknowledged: it escalates no further.")
    if alert.suppressed:
        holds.append(f"{alert.name} is held back: {alert.suppressed}.")
    return holds


def _at_endpoints(row: Certificate) -> list[str]:
    """What is wrong where it is served, which is told of the endpoint."""
    rows = Finding.objects.filter(certificate=row, closed_at=None, endpoint__isnull=False)
    rows = rows.exclude(severity="").select_related("endpoint").order_by("-pk")[:MOST_ALERTS]
    return [
        f"{KINDS[each.kind].title if each.kind in KINDS else each.kind} ({each.severity}) at "
        f"{each.endpoint}: an alert of that endpoint."
        for each in rows
    ]


def _words(
    row: Certificate,
    steps: Sequence[Step],
    findings: Sequence[Finding],
    at_endpoints: Sequence[str],
    holds: Sequence[str],
    episodes: Sequence[Episode],
    now: datetime,
) -> list[str]:
    verb = "expires" if now < row.not_after else "expired"
    words = [f"{row.title} {verb} {when(row.not_after, now)}."]
    words += at_endpoints
    opened = [each for each in findings if each.closed_at is None and each.severity]
    if opened:
        said = "; ".join(f"{each.kind.replace('_', ' ')} ({each.severity})" for each in opened)
        words.append(f"Wrong with it now: {said}.")
    else:
        coming = next((step for step in steps if not step.crossed), None)
        words.append(
            f"Nothing{' else' if at_endpoints else ''} is wrong with it now that anybody would be "
            "alerted of."
        )
        if coming is not None and row.retired_at is None and row.use != Use.KNOWN:
            words.append(
                f"Next is {coming.severity}, at {coming.threshold} left, on "
                f"{coming.at:%Y-%m-%d %H:%M} UTC."
            )
    words += holds
    firing = [each for each in episodes if each.alert.resolved_at is None]
    for episode in firing:
        about = f"{episode.alert.name}: " if len(firing) > 1 else ""
        words += [f"{about}{said}" for said in episode.words]
    if episodes and all(each.alert.resolved_at for each in episodes):
        words.append(f"Its last alert was over on {episodes[0].alert.resolved_at:%Y-%m-%d %H:%M}.")
    if not episodes:
        words.append("No alert was ever raised for it.")
    return words
