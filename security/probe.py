"""Test an account: as whom the portal comes in, and what it may not read there."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from opsportal.lib.aws import Access, Trouble, Unknown, open_access, side_by_side, trouble_of
from opsportal.lib.aws.errors import outcome_of
from opsportal.lib.aws.identity import account_of, caller_of
from opsportal.lib.times import format_instant, utc_now
from security.collectors import Collector
from security.grant import collectors_of
from security.models import CloudAccount, Outcome
from security.normalise import Found

# Whoever claimed a test and was killed leaves it to others after this.
_LEASE = timedelta(minutes=10)
Problem = dict[str, str]


def probe_accounts(*, now: datetime, clock: Callable[[], datetime] = utc_now) -> int:
    """Test the accounts of which somebody asked it; how many."""
    tested = 0
    due = CloudAccount.objects.filter(test_due_at__lte=now).order_by("test_due_at")
    for pk, due_at in list(due.values_list("pk", "test_due_at")[:20]):
        mine = CloudAccount.objects.filter(pk=pk, test_due_at=due_at)
        lease = now + _LEASE
        if not mine.update(test_due_at=lease):
            continue
        report = probe_account(CloudAccount.objects.get(pk=pk), now=clock())
        CloudAccount.objects.filter(pk=pk, test_due_at=lease).update(test=report, test_due_at=None)
        tested += 1
    return tested


def probe_account(account: CloudAccount, *, now: datetime) -> dict[str, Any]:
    """The report of a test; see `CloudAccount.test`. Raises nothing of AWS's."""
    report: dict[str, Any] = {"at": format_instant(now), "ok": False, "tested": 0, "problems": []}
    report["portal"], _ = caller_of(Access("", account.partition, ""))
    try:
        access = open_access(account, "", now=now)
    except (ClientError, BotoCoreError) as error:
        trouble = trouble_of(error)
        do = (
            f"Let {report['portal'] or 'the portal'} assume {account.role_arn}: see its trust "
            "policy and the external id."
            if account.role_name
            else "Give the portal credentials: the environment, a profile or a role of its own."
        )
        report["problems"] = [_problem("credentials", "", trouble, do)]
        return report
    report["identity"], unknown = caller_of(access)
    if unknown is not None:
        do = "Give the portal credentials: the environment, a profile or a role of its own."
        report["problems"] = [_problem("credentials", "", unknown, do)]
        return report
    number = account_of(report["identity"])
    if number != account.account_id:
        wrong = Trouble(Outcome.DENIED, "WrongAccount", f"the credentials are of {number}")
        do = "Name a role to assume, or correct the account's number."
        report["problems"] = [_problem("credentials", "", wrong, do)]
        return report
    asked = list(_askings(account, now))
    found = side_by_side(_ask, asked)
    report["tested"] = len(asked)
    report["problems"] = [problem for problems in found for problem in problems]
    report["ok"] = not report["problems"]
    return report


def _askings(account: CloudAccount, now: datetime) -> Iterator[tuple[type[Collector], Access]]:
    """Every technology once, and in each further region the first that is regional."""
    found = collectors_of(account)
    regional = [collector for collector in found if collector.regional]
    for collector in found:
        if not collector.regional:
            yield collector, open_access(account, "", now=now)
        elif account.regions:
            yield collector, open_access(account, account.regions[0], now=now)
    for region in account.regions[1:]:
        for collector in regional[:1]:
            yield collector, open_access(account, region, now=now)


def _ask(asking: tuple[type[Collector], Access]) -> list[Problem]:
    """The first page of a listing, and what of it could not be read."""
    collector, access = asking
    try:
        page: Any = next(iter(collector.pages(access)), [])
    except (ClientError, BotoCoreError) as error:
        trouble = trouble_of(error)
        return [_problem(collector.label, access.region, trouble, _advice(collector, trouble))]
    return _unread(collector, access.region, page)


def _unread(collector: type[Collector], region: str, page: Any) -> list[Problem]:
    """One problem for each facet, however many resources have it."""
    missing: dict[tuple[str, str], Unknown] = {}
    for found in page:
        for name, value in _facets(found):
            missing.setdefault((name, value.code), value)
    return [
        {
            "what": f"{collector.label}: {name}",
            "region": region,
            "code": value.code,
            "message": value.message,
            "do": _advice_on(outcome_of(value.code), value.action),
        }
        for (name, _), value in sorted(missing.items())
    ]


def _facets(found: Found) -> Iterator[tuple[str, Unknown]]:
    for name, value in found.config.items():
        if isinstance(value, Unknown):
            yield name, value


def _advice(collector: type[Collector], trouble: Trouble) -> str:
    called = f"{collector.service}:{trouble.operation}"
    named = called if called in collector.actions else ", ".join(collector.actions)
    return _advice_on(trouble.outcome, named)


def _advice_on(outcome: Outcome, actions: str) -> str:
    """What to do about it: only what is refused has a permission to allow."""
    if outcome == Outcome.REGION_DISABLED:
        return "Enable the region, or take it off the account's list."
    if outcome == Outcome.DENIED:
        return f"Allow {actions}." if actions else ""
    if outcome == Outcome.THROTTLED:
        return "AWS is asked too often by somebody; try again."
    return "Is the network open, and does the service exist in that region?"


def _problem(what: str, region: str, trouble: Trouble, do: str) -> Problem:
    return {
        "what": what,
        "region": region,
        "code": trouble.code,
        "message": trouble.message,
        "do": do,
    }
