"""The order of rules: as few numbers as can be change, and only one's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from alerts.change import order_rules
from alerts.models import PolicyVersion, Rule
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.errors import ConflictError, ForbiddenError, PayloadError
from tests.alerts.makers import JO, NOW, make_channel, make_rule

BY: Any = {"actor": JO, "now": NOW}


def rules(*numbers, **values):
    return [make_rule(f"r{place}", order=number, **values) for place, number in enumerate(numbers)]


def names():
    return [rule.name for rule in Rule.objects.order_by("order", "id")]


def put(wanted, **options):
    ids = {rule.name: rule.pk for rule in Rule.objects.all()}
    moved = order_rules([ids[name] for name in wanted.split()], **BY, **options)
    assert names() == wanted.split()
    return {rule.name: rule.order for rule in moved}


@pytest.mark.django_db
class TestAdministrator:
    def test_a_rule_that_moves_gets_a_number_between_and_no_other_changes(self):
        rules(10, 20, 30, 40)
        assert put("r0 r3 r1 r2") == {"r3": 15}
        assert put("r3 r1 r2 r0") == {"r0": 40}

    def test_each_change_is_a_version_with_a_trail(self):
        team = Team.objects.create(name="payments")
        make_rule("a", "", make_channel(), order=10, team=team)
        make_rule("b", order=20)
        put("b a", own=lambda rule: rule.team == team)
        version = PolicyVersion.objects.get()
        assert (version.kind, version.number, version.actor) == ("rule", 1, "jo")
        assert (
            version.state["actions"] == [{"notify": "ops"}] if version.state["name"] == "a" else 1
        )
        assert version.state["ids"].keys() == {"team", "channels", "teams"}
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.actor) == ("change", "jo")
        assert entry.before["order"] != entry.after["order"]

    def test_without_room_the_next_are_pushed_on(self):
        rules(10, 11, 12, 50)
        assert put("r0 r2 r1 r3") == {"r2": 20, "r1": 30}

    def test_rules_of_one_number_can_be_told_apart(self):
        rules(100, 100, 100)
        put("r2 r0 r1")
        put("r1 r0 r2")

    def test_at_the_end_of_all_numbers_all_are_numbered_anew(self):
        rules(2**31 - 2, 2**31 - 1)
        put("r1 r0")
        assert max(Rule.objects.values_list("order", flat=True)) < 2**31

    def test_the_same_order_changes_nothing(self):
        rules(10, 20)
        assert put("r0 r1") == {}
        assert not PolicyVersion.objects.exists()

    @pytest.mark.parametrize("change", ["added", "removed", "moved"])
    def test_a_stale_list_is_refused(self, change):
        first, second = rules(10, 20)
        seen = [first.pk, second.pk]
        if change == "added":
            make_rule("new", order=15)
        elif change == "removed":
            second.delete()
        else:
            Rule.objects.filter(pk=first.pk).update(order=30)
        with pytest.raises(ConflictError, match="Look at them again"):
            order_rules(seen[::-1], seen=seen, **BY)

    def test_a_rule_named_twice_is_refused(self):
        (rule,) = rules(10)
        with pytest.raises(PayloadError, match="twice"):
            order_rules([rule.pk, rule.pk], **BY)


@pytest.mark.django_db
class TestTeamAdmin:
    @pytest.fixture
    def own(self):
        team = Team.objects.create(name="payments")
        self.mine = make_rule("mine", order=20, team=team)
        return lambda rule: rule.team_id == team.pk

    def test_moves_own_rules_to_where_a_number_is_free(self, own):
        make_rule("a", order=10)
        make_rule("b", order=30)
        assert put("mine a b", own=own) == {"mine": 5}
        assert put("a b mine", own=own) == {"mine": 40}
        assert put("a mine b", own=own) == {"mine": 20}

    def test_leaves_others_where_they_are(self, own):
        make_rule("a", order=10)
        make_rule("b", order=30)
        with pytest.raises(ForbiddenError, match="only move rules of your own"):
            put("b a mine", own=own)
        assert not PolicyVersion.objects.exists()

    def test_is_told_when_there_is_no_room(self, own):
        make_rule("a", order=30)
        make_rule("b", order=30)
        with pytest.raises(ForbiddenError, match=r"“b” \(30\).*ask an administrator"):
            put("a mine b", own=own)
        assert names() == ["mine", "a", "b"]

    def test_swapping_with_a_neighbour_renumbers_the_own_one(self, own):
        make_rule("a", order=10)
        make_rule("b", order=30)
        # Both a and mine could move; only mine may.
        assert put("mine a b", own=own).keys() == {"mine"}


class AnyOrder(TestCase):
    @given(st.lists(st.integers(0, 12), min_size=1, max_size=7), st.randoms(use_true_random=False))
    def test_any_order_can_be_had_and_numbers_are_not_spent(self, numbers, random):
        Rule.objects.all().delete()
        rules(*numbers)
        wanted = names()
        random.shuffle(wanted)
        moved = put(" ".join(wanted))
        assert all(0 <= number < 1000 for number in moved.values())
