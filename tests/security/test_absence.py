"""Nothing counts as gone without a proof."""

from datetime import timedelta

import pytest

from security.collect import confirm_deleted
from security.models import AddressUse, CloudResource, Collection, ConfigRevision, Scope
from tests.security.collecting import NOW, later
from tests.security.things import DENIED, THROTTLED, account, refusal, state, states, sweep, work

pytestmark = pytest.mark.django_db


def kinds(name):
    rows = ConfigRevision.objects.filter(resource__resource_id=name).order_by("number")
    return [row.kind for row in rows]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DENIED, "denied"),
        (THROTTLED, "throttled"),
        (refusal("OptInRequired", status=401), "region_disabled"),
        (refusal("RegionDisabledException", status=403), "region_disabled"),
        (refusal("403", status=403), "denied"),
        (refusal("Whatever"), "failed"),
        (KeyError("Things"), "failed"),
        (RecursionError(), "failed"),
    ],
)
def test_a_listing_that_is_not_complete_says_nothing_of_what_is_absent(sky, error, outcome):
    account()
    sky.fill(5)
    sweep()
    sky.there.clear()
    sky.fails[0] = error
    for minutes in (5, 10, 15):
        (row,) = sweep(later(minutes=minutes))
        assert row.outcome == outcome
    assert states() == {"active": 5}
    assert ConfigRevision.objects.count() == 5
    scope = Scope.objects.get()
    assert (scope.outcome, scope.failures, scope.complete_at) == (outcome, 3, NOW)


def test_a_listing_that_ends_in_the_middle_keeps_what_it_read_and_concludes_nothing(sky):
    account()
    names = sky.fill(30)
    sky.page = 10
    sweep()
    sky.there[names[0]]["size"] = 2
    sky.there[names[25]]["size"] = 2
    del sky.there[names[5]]
    sky.fails[2] = THROTTLED
    (row,) = sweep(later(minutes=5))
    assert (row.outcome, row.error_code, row.listed) == ("partial", "Throttling", 20)
    assert states() == {"active": 30}
    assert kinds(names[0]) == ["created", "changed"]
    assert kinds(names[25]) == ["created"]


def test_missing_is_asked_for_by_its_id_and_deleted_by_the_documented_answer(sky):
    account()
    names = sky.fill(20)
    sweep()
    del sky.there[names[3]]
    sweep(later(minutes=5))
    assert state(names[3]) == "missing"
    assert kinds(names[3]) == ["created"]
    (proof,) = work(later(minutes=6))
    assert (proof.targets, proof.outcome) == ([names[3]], "complete")
    assert state(names[3]) == "deleted"
    assert kinds(names[3]) == ["created", "deleted"]


def test_a_refusal_to_show_it_is_no_proof_but_a_second_complete_listing_is(sky):
    account()
    names = sky.fill(20)
    sweep()
    del sky.there[names[3]]
    sweep(later(minutes=5))
    sky.fetch_fails = DENIED
    (proof,) = work(later(minutes=6))
    assert (proof.outcome, state(names[3])) == ("denied", "missing")
    sky.fails[0] = THROTTLED
    sweep(later(minutes=10))
    assert state(names[3]) == "missing"
    sky.fails.clear()
    sweep(later(minutes=15))
    assert state(names[3]) == "deleted"


def test_what_a_listing_left_out_by_mistake_is_there_when_asked_for(sky):
    account()
    names = sky.fill(20)
    sweep()
    sky.hidden = {names[3]}
    for minutes in (5, 10, 15):
        sweep(later(minutes=minutes))
        assert state(names[3]) == "missing"
        work(later(minutes=minutes + 1))
        assert state(names[3]) == "active"
    assert kinds(names[3]) == ["created"]


def test_a_mass_disappearance_is_held_and_then_proved_one_by_one(sky):
    account()
    names = sky.fill(250)
    sweep()
    sky.hidden = set(names[50:])
    sweep(later(minutes=5))
    sweep(later(minutes=5, seconds=10))
    assert states() == {"active": 250}
    scope = Scope.objects.get()
    assert (scope.held["absent"], scope.held["of"]) == (200, 250)
    assert scope.held["since"] == later(minutes=5).isoformat()
    # Those that are asked for are there after all.
    (proof,) = work(later(minutes=8))
    assert len(proof.targets) == 200  # of two listings: others each time
    assert states() == {"active": 250}
    # Now they are gone.
    for name in names[50:]:
        del sky.there[name]
    sweep(later(minutes=10))
    assert states() == {"active": 250}
    work(later(minutes=11))
    assert states() == {"active": 150, "deleted": 100}
    sweep(later(minutes=15))
    work(later(minutes=16))
    assert states() == {"active": 50, "deleted": 200}
    sweep(later(minutes=20))
    assert Scope.objects.get().held == {}


def test_what_erodes_listing_by_listing_is_held_as_well(sky):
    account()
    names = sky.fill(100)
    sweep()
    sky.fetch_fails = DENIED
    sky.hidden = set(names[:25])
    sweep(later(minutes=5))
    assert states() == {"active": 75, "missing": 25}
    sky.hidden = set(names[:50])
    sweep(later(minutes=10))
    assert states() == {"active": 75, "missing": 25}
    assert Scope.objects.get().held["absent"] == 50


def test_a_listing_that_begins_empty_is_asked_for_once_more(sky):
    account()
    sky.fill(20)
    sweep()
    assert sky.listings == 1
    everything, sky.there = sky.there, {}
    sky.before_listing = lambda number: number == 3 and sky.there.update(everything)
    (row,) = sweep(later(minutes=5))
    assert (row.outcome, row.listed, sky.listings) == ("complete", 20, 3)
    assert states() == {"active": 20}
    assert work(later(minutes=6)) == []


def test_a_small_scope_may_be_empty(sky):
    account()
    sky.fill(10)
    sweep()
    sky.there.clear()
    sweep(later(minutes=5))
    assert sky.listings == 2
    assert states() == {"missing": 10}


def test_what_comes_back_is_restored_and_what_was_only_missing_is_as_before(sky):
    account()
    names = sky.fill(2)
    sweep()
    sky.there = {names[0]: {"size": 1}}
    sweep(later(minutes=5))
    sky.there[names[1]] = {"size": 1}
    sweep(later(minutes=10))
    assert kinds(names[1]) == ["created"]
    del sky.there[names[1]]
    sweep(later(minutes=15))
    work(later(minutes=16))
    sky.there[names[1]] = {"size": 1}
    sweep(later(minutes=20))
    assert kinds(names[1]) == ["created", "deleted", "restored"]
    assert state(names[1]) == "active"
    assert CloudResource.objects.get(resource_id=names[1]).deleted_at is None


def test_cloudtrail_confirms_what_is_missing_and_nothing_else(sky):
    account()
    names = sky.fill(20)
    sweep()
    scope = Scope.objects.get()
    del sky.there[names[0]]
    sweep(later(minutes=5))
    told = {"at": later(minutes=4), "now": later(minutes=6)}
    # One is seen; one was never known; of one the event is older than the last sight.
    assert confirm_deleted(scope, [names[1], "t-9999"], **told) == set()
    old = {"at": NOW - timedelta(days=3), "now": later(minutes=6)}
    assert confirm_deleted(scope, [names[0]], **old) == set()
    assert confirm_deleted(scope, [names[0]], **told) == {names[0]}
    assert confirm_deleted(scope, [names[0]], **told) == set()
    assert kinds(names[0]) == ["created", "deleted"]
    assert ConfigRevision.objects.latest("id").source == "event"


def test_frozen_accounts_are_not_asked_and_lose_nothing(sky):
    frozen = account()
    sky.fill(3)
    sweep()
    plan = Collection.objects.create(scope=Scope.objects.get(), asked_at=NOW, due_at=NOW)
    frozen.frozen = True
    frozen.save()
    sky.there.clear()
    assert work(later(minutes=5)) == [plan]
    assert sweep(later(minutes=10)) == []
    assert states() == {"active": 3}
    assert sky.listings == 1


def test_one_account_that_fails_keeps_nobody_from_the_others(sky):
    account()
    account("210987654321", "other")
    sky.fill(3)

    def fail_first(_):
        if sky.listings == 1:
            raise KeyError("what AWS never said before")

    sky.before_page = fail_first
    assert sorted(row.outcome for row in sweep()) == ["complete", "failed"]
    assert states() == {"active": 3}


def test_an_address_is_had_until_its_holder_is_missed(sky):
    account()
    rules = [{"port": 22, "peer": "10.0.0.0/8"}, {"port": 80, "peer": "10.9.0.0/16"}]
    sky.there = {"a": {"rules": rules}}
    sweep()
    sky.there["a"] = {"rules": rules[:1]}
    sweep(later(minutes=5))
    del sky.there["a"]
    sweep(later(minutes=10))
    sweep(later(minutes=15))
    assert state("a") == "deleted"
    uses = AddressUse.objects.order_by("cidr").values_list("cidr", "since", "until")
    assert list(uses) == [
        ("10.0.0.0/8", NOW, later(minutes=10)),
        ("10.9.0.0/16", NOW, later(minutes=5)),
    ]
