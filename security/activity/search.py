"""Find calls."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from opsportal.lib.api import parse_time_range
from opsportal.lib.errors import FieldError, PayloadError
from security.models import ActivityTarget, ApiActivity

# Parameters that are a column's exact value.
EXACT = ("actor", "service", "action", "region", "tool", "via")
FILTERS = (*EXACT, "account", "resource", "technology", "error", "since", "until")
_LONGEST = 1000


def search_activities(given: Mapping[str, str], *, now: datetime) -> QuerySet[ApiActivity]:
    """Calls that fit all of FILTERS that are given. Raises PayloadError.

    `error` is a code, or "any", or "none"; `resource` the id of one that the call names.
    """
    for name in FILTERS:
        if "\0" in given.get(name, "") or len(given.get(name, "")) > _LONGEST:
            raise PayloadError(f"{name} is no text to look for.", [FieldError(name, "is invalid")])
    rows = ApiActivity.objects.select_related("account")
    rows = rows.filter(**{name: given[name] for name in EXACT if given.get(name)})
    if account := given.get("account"):
        rows = rows.filter(account__account_id=account)
    named = {
        name: given[parameter]
        for parameter, name in (("resource", "resource_id"), ("technology", "technology"))
        if given.get(parameter)
    }
    if named:
        rows = rows.filter(
            Exists(ActivityTarget.objects.filter(activity_id=OuterRef("pk"), **named))
        )
    if error := given.get("error"):
        known = {"any": rows.exclude(error_code=""), "none": rows.filter(error_code="")}
        rows = known.get(error, rows.filter(error_code=error))
    since, until = parse_time_range(given, now=now)
    if since:
        rows = rows.filter(at__gte=since)
    if until:
        rows = rows.filter(at__lt=until)
    return rows
