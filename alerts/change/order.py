"""The order of the rules is changed as a whole, and as few rules as can be get another number."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch

from alerts.change.record import keep_version, record_saved
from alerts.models import Rule, RuleAction
from alerts.policy.states import rule_policy, rule_state
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError, ForbiddenError, PayloadError

STEP = 10
_LAST = 2**31 - 1
Own = Callable[[Rule], bool]


def order_rules(
    ids: Sequence[int],
    *,
    seen: Sequence[int] | None = None,
    own: Own = lambda rule: True,
    actor: Actor,
    now: datetime,
) -> list[Rule]:
    """Have all rules asked in the order of `ids`; those that got another number.

    `seen` is the order that the person had before them: if it is not that of now, nothing is done.
    Only rules that are `own` may get another number; all others keep theirs, and with it their
    order among each other. Raises ConflictError, ForbiddenError, PayloadError.
    """
    with transaction.atomic():
        rules = _lock_rules()
        present = list(rules)
        if len(set(ids)) != len(ids):
            raise PayloadError("A rule stands twice in that order.")
        if set(ids) != set(present) or (seen is not None and list(seen) != present):
            raise ConflictError(
                "The rules have changed since this list was opened. Look at them again, "
                "then order them."
            )
        wanted = [rules[pk] for pk in ids]
        numbers = _renumber(wanted, {pk: place for place, pk in enumerate(present)}, own)
        moved = [rule for rule in wanted if numbers[rule.pk] != rule.order]
        _refuse_foreign(wanted, moved, own)
        for rule in moved:
            _move(rule, numbers[rule.pk], actor, now)
    return moved


def _lock_rules() -> dict[int, Rule]:
    """All rules in their present order, locked."""
    list(Rule.objects.select_for_update().order_by("pk").values_list("pk"))
    found = RuleAction.objects.select_related("channel", "team").defer("channel__settings")
    rules = Rule.objects.select_related("team").prefetch_related(Prefetch("actions", found))
    return {rule.pk: rule for rule in rules.order_by("order", "id")}


def _move(rule: Rule, number: int, actor: Actor, now: datetime) -> None:
    actions = list(rule.actions.all())
    before = rule_state(rule, actions)
    rule.order = number
    rule.save(update_fields=["order"])
    after = rule_state(rule, actions)
    keep_version(rule, rule_policy(rule, actions), actor=actor, now=now)
    record_saved(rule, before, after, actor=actor, now=now)


def _refuse_foreign(wanted: Sequence[Rule], moved: Sequence[Rule], own: Own) -> None:
    foreign = [rule for rule in moved if not own(rule)]
    if not foreign:
        return
    mine = next((rule for rule in wanted if own(rule)), None)
    if mine is None or not any(own(rule) for rule in moved):
        raise ForbiddenError(
            f"“{foreign[0]}” is not your team's: you may only move rules of your own teams."
        )
    raise ForbiddenError(
        f"That needs another number for “{foreign[0]}” ({foreign[0].order}), which is not your "
        "team's. You may move your rules to where a number is free; ask an administrator to "
        "number the rules anew."
    )


def _renumber(wanted: Sequence[Rule], places: dict[int, int], own: Own) -> dict[int, int]:
    """A number for each: kept where it can be, spread where there is room, else pushed on."""
    staying = _staying(wanted, places, own)
    numbers: dict[int, int] = {}
    start = 0
    while start < len(wanted):
        end = start
        while end < len(wanted) and wanted[end].pk not in staying:
            end += 1
        run = wanted[start:end]
        low = numbers[wanted[start - 1].pk] if start else 0
        high = wanted[end].order if end < len(wanted) else low + STEP * (len(run) + 1)
        room = high - low
        for index, rule in enumerate(run, 1):
            spread = low + room * index // (len(run) + 1)
            numbers[rule.pk] = spread if room > len(run) else low + STEP * index
        if end < len(wanted):
            before = wanted[end - 1] if end else None
            numbers[wanted[end].pk] = _kept(wanted[end], before, numbers)
        start = end + 1
    if max(numbers.values(), default=0) > _LAST:
        return {rule.pk: STEP * place for place, rule in enumerate(wanted, 1)}
    return numbers


def _kept(rule: Rule, before: Rule | None, numbers: dict[int, int]) -> int:
    """Its own number, if it still comes after the one before it."""
    if before is None or (numbers[before.pk], before.pk) < (rule.order, rule.pk):
        return rule.order
    return numbers[before.pk] + STEP


def _staying(wanted: Sequence[Rule], places: dict[int, int], own: Own) -> set[int]:
    """Rules that keep their place: as many as can, others' before one's own."""
    foreign = [rule for rule in wanted if not own(rule)]
    at = [places[rule.pk] for rule in foreign]
    fixed = _compatible(wanted, places, own) if at == sorted(at) else wanted
    return _longest_rising(fixed, places)


def _compatible(wanted: Sequence[Rule], places: dict[int, int], own: Own) -> list[Rule]:
    """Those that stand between the same rules of others as before."""
    ceilings: list[float] = []
    ceiling = float("inf")
    for rule in reversed(wanted):
        ceilings.append(ceiling)
        if not own(rule):
            ceiling = places[rule.pk]
    found, floor = [], -1
    for rule, above in zip(wanted, reversed(ceilings), strict=True):
        if not own(rule):
            floor = places[rule.pk]
            found.append(rule)
        elif floor < places[rule.pk] < above:
            found.append(rule)
    return found


def _longest_rising(rules: Sequence[Rule], places: dict[int, int]) -> set[int]:
    """The longest part of the list that is in its old order."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, rule in enumerate(rules):
        place = places[rule.pk]
        at = bisect_left(tails, place)
        before.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [place]
        ends[at : at + 1] = [index]
    staying = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        staying.add(rules[index].pk)
        index = before[index]
    return staying
