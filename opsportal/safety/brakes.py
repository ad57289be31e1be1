"""What holds whatever the plug-in: free targets, cooldown, caps, suspensions."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from opsportal.lib.times import format_duration
from opsportal.safety.limits import WINDOW, Limits
from opsportal.safety.models import OperationTarget, Suspension
from opsportal.safety.plugins import Check, Target


def check_brakes(
    requester: str,
    targets: Sequence[Target],
    limits: Limits,
    *,
    earnest: bool,
    now: datetime,
    operation_id: int | None = None,
) -> list[Check]:
    """All of them, as they stand now; the caller holds the guard.

    A simulation is held to what was simulated as well, so that it shows what would happen.
    """
    others = OperationTarget.objects.exclude(operation=operation_id)
    acted = others.filter(acted_at__isnull=False)
    if earnest:
        acted = acted.filter(simulated=False)
    lately = acted.filter(acted_at__gt=now - WINDOW)
    suspended = Suspension.objects.filter(requester=requester, lifted_at=None).first()
    checks = [Check("not suspended", suspended is None, suspended.why if suspended else "")]
    for target in targets:
        checks += _check_target(others, acted, target, limits, now)
    checks.append(
        _cap("cap per rule", lately.filter(requester=requester), limits.max_per_rule, targets)
    )
    for fleet in sorted({target.fleet for target in targets}):
        mine = [target for target in targets if target.fleet == fleet]
        checks.append(_cap("cap of the fleet", lately.filter(fleet=fleet), limits.max_fleet, mine))
    return checks + _check_pools(lately, targets, limits)


def _cap(
    name: str, lately: QuerySet[OperationTarget], most: int, targets: Sequence[Target]
) -> Check:
    count = lately.count()
    text = f"{count} within {format_duration(WINDOW)}, {len(targets)} more wanted, {most} allowed"
    return Check(name, count + len(targets) <= most, text)


def _check_pools(
    lately: QuerySet[OperationTarget], targets: Sequence[Target], limits: Limits
) -> list[Check]:
    """The percentage; one is allowed in a pool however small."""
    checks = []
    for pool in sorted({target.pool for target in targets if target.pool}):
        mine = [target for target in targets if target.pool == pool]
        sizes = {target.pool_size for target in mine}
        size = sizes.pop() if len(sizes) == 1 else None
        if size is None:
            text = f"how many {pool} has is not known"
            checks.append(Check("percentage of the fleet", passed=False, detail=text))
            continue
        most = max(1, size * limits.max_percent // 100)
        found = _cap("percentage of the fleet", lately.filter(pool=pool), most, mine)
        text = f"{found.detail}: {limits.max_percent} % of {size}, at least one"
        checks.append(Check(found.name, found.passed, text))
    return checks


def _check_target(
    others: QuerySet[OperationTarget],
    acted: QuerySet[OperationTarget],
    target: Target,
    limits: Limits,
    now: datetime,
) -> list[Check]:
    busy = others.filter(key=target.key, holds=True).first()
    last = acted.filter(key=target.key).order_by("-acted_at").first()
    since = now - last.acted_at if last and last.acted_at else None
    text = f"{target.name} was acted on {format_duration(since)} ago" if since is not None else ""
    wait = f"the cooldown is {format_duration(limits.cooldown)}"
    checks = [
        Check(
            "nothing else on the target",
            busy is None,
            f"operation {busy.operation_id} is on {target.name}" if busy else "",
        ),
        Check(
            "cooldown",
            since is None or since >= limits.cooldown,
            f"{text}; {wait}" if text else wait,
        ),
    ]
    if target.group:
        held = others.filter(group=target.group, holds=True).first()
        text = f"operation {held.operation_id} is on another of " if held else ""
        checks.append(Check("nothing else in the group", held is None, f"{text}{target.group}"))
    return checks
