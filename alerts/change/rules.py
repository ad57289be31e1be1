"""Rules are changed here, by pages, API and files alike."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from alerts.change.actions import complaint_of_action
from alerts.change.record import (
    check_columns,
    keep_version,
    record_deleted,
    record_saved,
    save_row,
)
from alerts.models import Rule, RuleAction
from alerts.policy.states import rule_policy, rule_state
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, parse_matchers
from opsportal.lib.windows import parse_hours

Kind = RuleAction.Kind
MOST_GROUP_LABELS = 20
LONGEST_GROUP_WAIT = timedelta(hours=1)
SHORTEST_GROUP_INTERVAL, LONGEST_GROUP_INTERVAL = timedelta(seconds=10), timedelta(days=7)


def save_rule(
    rule: Rule, actions: Sequence[RuleAction] | None = None, *, actor: Actor, now: datetime
) -> bool:
    """Store a new or changed rule; whether anything was different.

    `actions` (not stored yet, in their order) replace those it has; None leaves them alone.
    Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        stored = Rule.objects.select_for_update().filter(pk=rule.pk).first()
        _check_rule(rule)
        old = list(stored.actions.select_related("channel", "team")) if stored else []
        new = old if actions is None else list(actions)
        _check_actions(new)
        before = rule_state(stored, old) if stored else None
        after = rule_state(rule, new)
        if before == after:
            return False
        save_row(rule)
        if before is None or before["actions"] != after["actions"]:
            rule.actions.all().delete()
            for position, action in enumerate(new):
                action.pk, action.rule, action.position = None, rule, position
            RuleAction.objects.bulk_create(new)
        keep_version(rule, rule_policy(rule, new), actor=actor, now=now)
        record_saved(rule, before, after, actor=actor, now=now)
    return True


def delete_rule(rule: Rule, *, actor: Actor, now: datetime) -> None:
    """Remove a rule; what it decided stays decided."""
    with transaction.atomic():
        state = rule_state(rule, list(rule.actions.select_related("channel", "team")))
        record_deleted(rule, state, actor=actor, now=now)
        keep_version(rule, state, actor=actor, now=now, removed=True)
        rule.delete()


def check_rule(rule: Rule, actions: Sequence[RuleAction]) -> None:
    """Raise PayloadError for what is not right with a rule or its actions."""
    _check_rule(rule)
    _check_actions(actions)


def _check_rule(rule: Rule) -> None:
    check_columns(rule)
    try:
        parse_matchers(rule.match)
    except MatcherError as error:
        raise PayloadError(error.message, [FieldError("match", error.message)]) from error
    try:
        parse_hours(rule.active_times)
    except PayloadError as error:
        raise PayloadError(error.message, [FieldError("active_times", error.message)]) from error
    _check_grouping(rule)


def _check_grouping(rule: Rule) -> None:
    errors = []
    names = rule.group_by
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        errors.append(FieldError("group_by", "a list of label names"))
    elif len(names) > MOST_GROUP_LABELS:
        errors.append(FieldError("group_by", f"at most {MOST_GROUP_LABELS} labels"))
    if not timedelta(0) <= rule.group_wait <= LONGEST_GROUP_WAIT:
        errors.append(FieldError("group_wait", "from 0 to 1 hour"))
    if not SHORTEST_GROUP_INTERVAL <= rule.group_interval <= LONGEST_GROUP_INTERVAL:
        errors.append(FieldError("group_interval", "from 10 seconds to 7 days"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The rule's grouping is not right: {text}", errors)


def _check_actions(actions: Sequence[RuleAction]) -> None:
    errors = []
    for number, action in enumerate(actions):
        if complaint := complaint_of_action(action):
            errors.append(FieldError(f"actions.{number}", complaint))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The rule's actions are not right: {text}", errors)
