"""What is right and wrong with one action of a rule."""

import json
from math import isfinite

from alerts.models import RuleAction
from alerts.normalise import SEVERITIES
from opsportal.accounts.models import Team
from opsportal.lib.errors import PayloadError
from opsportal.lib.registry import plugins

Kind = RuleAction.Kind
Approval = RuleAction.Approval
LONGEST_PARAMETERS = 8000


def complaint_of_action(action: RuleAction) -> str:
    """What is wrong with an action; it is brought into the form of its kind on the way."""
    if len(action.value) > 1000:
        return "at most 1000 characters"
    if action.kind != Kind.REMEDIATE:
        action.parameters, action.dry_run, action.approval = {}, True, Approval.REQUIRED
    if action.kind != Kind.PAGE:
        action.team = None
    if action.kind == Kind.NOTIFY:
        action.field = action.value = ""
        return "" if action.channel_id else "notify needs a channel"
    action.channel = None
    if action.kind == Kind.PAGE:
        action.field = action.value = ""
        return "" if action.team_id else "page needs a team"
    if action.kind == Kind.REMEDIATE:
        return _complaint_of_remediate(action)
    if action.kind == Kind.SUPPRESS:
        action.field = ""
        return "" if action.value.strip() else "suppress needs a reason"
    if action.kind != Kind.SET:
        return f"{action.kind!r} is none of {', '.join(Kind.values)}"
    return _complaint_of_set(action.field, action.value)


def _complaint_of_remediate(action: RuleAction) -> str:
    action.field = ""
    known = plugins("REMEDIATIONS")
    if action.value not in known:
        return f"{action.value!r} is no remediation; known: {', '.join(known) or 'none'}"
    if not isinstance(action.parameters, dict):
        return "what a remediation is given is a mapping"
    if action.approval not in Approval.values:
        return f"approval is one of {', '.join(Approval.values)}"
    if complaint := _complaint_of_plain(action.parameters):
        return complaint
    try:
        action.parameters = known[action.value].clean(action.parameters)
    except PayloadError as error:
        return error.message
    return ""


def _complaint_of_plain(value: object) -> str:
    """Whether any database keeps it as JSON."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += [*found.keys(), *found.values()]
        elif isinstance(found, list):
            waiting += found
        elif isinstance(found, str):
            if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in found):
                return "a text holds a character that cannot be stored"
        elif isinstance(found, float):
            if not isfinite(found):
                return "numbers are finite"
        elif not (found is None or isinstance(found, int)):
            return f"put {found} in quotes; only texts, numbers, lists and mappings are kept"
    if len(json.dumps(value)) > LONGEST_PARAMETERS:
        return f"what a remediation is given may have {LONGEST_PARAMETERS} characters"
    return ""


def _complaint_of_set(field: str, value: str) -> str:
    if field not in RuleAction.Field.values:
        return f"set knows {', '.join(RuleAction.Field.values)}, not {field!r}"
    if field == RuleAction.Field.SEVERITY and value not in SEVERITIES:
        return f"the severity is one of {', '.join(SEVERITIES)}"
    if field == RuleAction.Field.SERVICE and len(value) > 200:
        return "a service has at most 200 characters"
    if field == RuleAction.Field.TEAM and value and not Team.objects.filter(name=value).exists():
        return f"there is no team {value!r}"
    if field == RuleAction.Field.RUNBOOK_URL and value:
        return "" if value.startswith(("http://", "https://")) else "a runbook is an http address"
    return ""
