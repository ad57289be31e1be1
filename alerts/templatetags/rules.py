"""How pages show rules."""

from typing import Any

from django import template

from alerts.models import Rule
from alerts.policy.states import rule_state
from alerts.rule_words import action_words, grouping_words

register = template.Library()


@register.filter
def doings(rule: Rule) -> list[str]:
    """Each action in a line; the actions must have been fetched with the rule."""
    state = rule_state(rule, list(rule.actions.all()))
    return [action_words(action) for action in state["actions"]]


@register.filter
def grouping(rule: Rule) -> str:
    """How its messages are put together; nothing when each alert has its own."""
    return grouping_words(rule_state(rule, [])) if rule.group_by else ""


@register.simple_tag(takes_context=True)
def may_change(context: Any, rule: Rule) -> bool:
    """Whether the person may edit the rule."""
    return bool(context["request"].user.has_perm("alerts.change_rule", rule))
