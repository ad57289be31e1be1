"""No sequence of failures marks anything deleted that is there, or stores half of anything."""

from datetime import timedelta
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from opsportal.lib.outbox import claim_due
from security.collect import confirm_deleted, plan_collections, run_collection
from security.collect import run as collecting
from security.collect.store import Writer
from security.models import CloudAccount, CloudResource, Collection, ConfigRevision, Scope
from security.tasks import CollectionOutbox
from tests.security.collecting import NOW
from tests.security.things import DENIED, THROTTLED, Sky, Things, account, refusal

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = [f"t-{number:02}" for number in range(30)]
ERRORS = [DENIED, THROTTLED, refusal("OptInRequired"), refusal("Odd"), KeyError("odd"), OSError()]
# Most are never touched: of them nothing may be said, whatever happens.
nothing: st.SearchStrategy[set[str]] = st.just(set())
some = st.one_of(nothing, st.sets(st.sampled_from(NAMES[24:]), max_size=3))
maybe_error = st.one_of(st.none(), st.sampled_from(ERRORS))


class Killed(BaseException):
    """The process ends here."""


@st.composite
def steps(draw):
    return {
        # What really happens in the cloud before it is asked.
        "delete": draw(some),
        "create": draw(some),
        # What goes wrong while it is asked.
        "page": draw(maybe_error),
        "at_page": draw(st.sampled_from([0, 2, 3])),
        "fetch": draw(maybe_error),
        # An answer that lies: an incomplete list that looks complete, once.
        "hides": draw(st.one_of(nothing, st.sets(st.sampled_from(NAMES), max_size=30))),
        "killed": draw(st.sampled_from([None, None, None, "look", "store", "errors", "audit"])),
        "minutes": draw(st.integers(-30, 30)),
        "told_of": draw(some),
    }


class Cloud:
    """The cloud, the portal, and the order of what happens."""

    def __init__(self):
        Things.sky = self.sky = Sky(page=8)
        self.now = NOW
        self.sky.there = {name: {"size": 1} for name in NAMES}
        # Of each, whether it was ever away.
        self.was_away: set[str] = set()
        self.lied_of: set[str] = set()

    def act(self, step):
        for name in step["delete"]:
            if self.sky.there.pop(name, None):
                self.was_away.add(name)
        for name in step["create"] - self.sky.there.keys():
            self.sky.there[name] = {"size": len(self.was_away)}

    def collect(self, step):
        sky = self.sky
        sky.fails = {step["at_page"]: step["page"]} if step["page"] else {}
        sky.fetch_fails = step["fetch"]
        # Two complete listings that agree are a proof: it lies of nothing twice.
        sky.hidden = step["hides"] - self.lied_of
        self.lied_of |= sky.hidden
        self.now += timedelta(minutes=step["minutes"])
        Scope.objects.update(next_at=self.now)
        Collection.objects.filter(state="claimed").update(due_at=self.now)
        Collection.objects.filter(state="due").update(due_at=self.now)
        plan_collections(now=self.now)
        with kill_at(step["killed"]):
            self.work()
        for scope in Scope.objects.all():
            told = step["told_of"] - sky.there.keys()
            confirm_deleted(scope, sorted(told), at=self.now, now=self.now)

    def work(self):
        try:
            for _ in range(10):
                for row in claim_due(CollectionOutbox(), self.now, 1):
                    run_collection(row, clock=lambda: self.now)
        except Killed:
            pass

    def check(self):
        rows = {row.resource_id: row for row in CloudResource.objects.all()}
        kinds: dict[str, list[str]] = {}
        for revision in ConfigRevision.objects.select_related("resource").order_by("id"):
            kinds.setdefault(revision.resource.resource_id, []).append(revision.kind)
        for name, row in rows.items():
            if name not in self.was_away:
                assert row.state != "deleted", name
                assert "deleted" not in kinds[name]
            # Nothing is half of anything: a revision for each, numbered without a gap.
            assert row.revision_count == len(kinds[name])
            assert (row.state == "deleted") == (kinds[name][-1] == "deleted")
            assert kinds[name][0] == "created"
        assert rows.keys() == kinds.keys()


def kill_at(place):
    targets = {
        "look": (collecting, "known_in"),
        "store": (Writer, "store"),
        "errors": (collecting, "note_errors"),
        "audit": (collecting, "audit_resources"),
        None: (Cloud, "nothing"),
    }
    module, name = targets[place]
    return mock.patch.object(module, name, side_effect=Killed(), create=place is None)


@settings(
    max_examples=12,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.lists(steps(), min_size=1, max_size=10))
def test_no_sequence_of_failures_deletes_what_is_there(sky, db, happenings):
    for model in (ConfigRevision, CloudResource, Collection, Scope):
        model.objects.all().delete()
    CloudAccount.objects.all().delete()
    account()
    cloud = Cloud()
    for step in happenings:
        cloud.act(step)
        cloud.collect(step)
        cloud.check()
    # Once all is well again, it knows what is there and nothing else.
    calm = {
        "delete": set(), "create": set(), "page": None, "at_page": 0, "fetch": None,
        "hides": set(), "killed": None, "minutes": 60, "told_of": set(),
    }  # fmt: skip
    for _ in range(4):
        cloud.collect(calm)
        cloud.check()
    there = CloudResource.objects.exclude(state="deleted")
    assert set(there.values_list("resource_id", flat=True)) == cloud.sky.there.keys()
