"""The policy as it is now, kept by each process until it changes; or as it was once."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max, Prefetch, Q

from alerts.episodes.stamp import Stamp, policy_stamp, stamped_version
from alerts.models import (
    ChangeWindow,
    Channel,
    Inhibition,
    PolicyVersion,
    Rule,
    RuleAction,
    Silence,
    Subscription,
)
from alerts.policy.compiled import (
    compile_inhibition,
    compile_rule,
    compile_silence,
    compile_subscription,
)
from alerts.policy.engine import Policy
from alerts.policy.facts import ChannelFact, Facts
from alerts.policy.states import (
    State,
    channel_policy,
    inhibition_policy,
    rule_policy,
    silence_policy,
    subscription_policy,
)
from alerts.policy.windows import compile_window, window_policy
from opsportal.accounts.models import Team
from opsportal.lib.times import utc_now

# The stamp tells of every change that the portal makes; this, of what is done by hand in the
# database.
LONGEST_KEPT_SECONDS = 30.0
# A silence that ended so long ago is in no decision, and in no preview.
PAST_SILENCES = timedelta(days=31)
# Of change windows those that end last, and those of some days before an old decision.
MOST_WINDOWS, PAST_WINDOWS = 500, timedelta(days=7)
WINDOW = "changewindow"

# kind -> id -> version and values
States = dict[str, dict[int, tuple[int, State]]]


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: Stamp
    at: float
    policy: Policy


_kept: list[_Kept] = []


def load_policy() -> Policy:
    """The policy as it is now: one query while nothing changes.

    Not for transactions that change the policy and may be rolled back.
    """
    stamp = policy_stamp()
    for kept in _kept:
        if kept.stamp == stamp and time.monotonic() - kept.at < LONGEST_KEPT_SECONDS:
            return kept.policy
    policy = _compile(_live_states(), stamped_version(stamp))
    _kept[:] = [_Kept(stamp, time.monotonic(), policy)]
    return policy


def forget_policy() -> None:
    """Look again next time, whatever the stamp says."""
    _kept.clear()


def policy_at(version: int) -> Policy:
    """The policy as it stood when that was its highest version.

    What was never changed since versions are kept is taken as it is.
    """
    then = PolicyVersion.objects.filter(pk=version).values_list("at", flat=True).first()
    # Of the many changes that ever were, those of about then.
    lasting = ~Q(kind=WINDOW)
    about_then = Q(at__gt=(then or utc_now()) - PAST_WINDOWS)
    known = PolicyVersion.objects.filter(lasting | about_then, pk__lte=version)
    latest = known.order_by().values("kind", "object_id").annotate(latest=Max("pk"))
    rows = PolicyVersion.objects.filter(pk__in=latest.values("latest"))
    states: States = {}
    for row in rows.order_by("object_id"):
        if not row.removed:
            states.setdefault(row.kind, {})[row.object_id] = (row.number, row.state)
    every = PolicyVersion.objects.filter(lasting).order_by()
    versioned = set(every.values_list("kind", "object_id").distinct())
    for kind, found in _live_states().items():
        if kind == WINDOW:
            continue
        for object_id, state in found.items():
            if (kind, object_id) not in versioned:
                states.setdefault(kind, {})[object_id] = state
    return _compile(states, version)


def _compile(states: States, version: int) -> Policy:
    personal: dict[int, tuple[int, str]] = {}
    channels = {}
    for channel_id, (_, state) in sorted(states.get("channel", {}).items()):
        channels[channel_id] = ChannelFact(state["name"], state["enabled"])
        owner = state["ids"]["user"]
        if owner is not None and state["enabled"]:
            personal.setdefault(owner, (channel_id, state["name"]))
    rules = [compile_rule(*item) for item in _items(states, "rule")]
    return Policy(
        Facts(
            version=version,
            rules=sorted(rules, key=lambda rule: (rule.order, rule.id)),
            silences=[compile_silence(*item) for item in _items(states, "silence")],
            inhibitions=[compile_inhibition(*item) for item in _items(states, "inhibition")],
            subscriptions=[
                compile_subscription(*item, personal) for item in _items(states, "subscription")
            ],
            windows=[compile_window(number, state) for _, number, state in _items(states, WINDOW)],
            channels=channels,
            teams=dict(Team.objects.order_by().values_list("name", "pk")),
        )
    )


def _items(states: States, kind: str) -> Iterator[tuple[int, int, State]]:
    for object_id, (number, state) in sorted(states.get(kind, {}).items()):
        yield object_id, number, state


def _live_states() -> States:
    """What the rows say now."""
    actions = Prefetch(
        "actions",
        # Decrypting costs, and who is told needs no settings.
        RuleAction.objects.select_related("channel", "team").defer("channel__settings"),
    )
    long_ago = utc_now() - PAST_SILENCES
    over = Q(ends_at__lte=long_ago) | Q(ended_at__lte=long_ago)
    return {
        "rule": {
            rule.pk: (rule.version, rule_policy(rule, list(rule.actions.all())))
            for rule in Rule.objects.select_related("team").prefetch_related(actions)
        },
        "silence": {
            silence.pk: (silence.version, silence_policy(silence))
            for silence in Silence.objects.exclude(over, created_at__lte=long_ago).select_related(
                "team"
            )
        },
        "inhibition": {
            found.pk: (found.version, inhibition_policy(found))
            for found in Inhibition.objects.select_related("team")
        },
        "subscription": _live_subscriptions(),
        WINDOW: {
            found.pk: (found.version, window_policy(found))
            for found in ChangeWindow.objects.select_related("team").order_by("-ends_at")[
                :MOST_WINDOWS
            ]
        },
        "channel": {
            channel.pk: (0, channel_policy(channel))
            for channel in Channel.objects.select_related("team", "user").defer("settings")
        },
    }


def _live_subscriptions() -> dict[int, tuple[int, State]]:
    found = {}
    rows = Subscription.objects.select_related("user", "team", "channel")
    for subscription in rows.defer("channel__settings"):
        state = subscription_policy(subscription)
        # Nobody is told who has left.
        if subscription.user is not None and not subscription.user.is_active:
            state["enabled"] = False
        found[subscription.pk] = (subscription.version, state)
    return found
