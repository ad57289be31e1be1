"""What a source does not show: nothing is lost by a failure, an empty answer, a trouble."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certs.change import confirm_absence
from certs.discover.absent import MISSES, is_mass, lies_below, shortest_prefixes
from certs.models import Certificate, Finding, Placement, Source, SourceRun
from certs.normalise import FoundCertificate, FoundTrouble
from certs.sources import SourceError
from certs.watch import judge_sources
from opsportal.accounts.actors import COMMAND_LINE
from tests.certs.pki import intermediate, later, new_key
from tests.certs.shelf import Shelf, run, shelf

__all__ = ["shelf"]
pytestmark = pytest.mark.django_db(transaction=True)
LEAF = intermediate().issue("a.test", key=new_key()).parsed


def places(number: int) -> list[FoundCertificate]:
    return [FoundCertificate(LEAF, f"place {index:03}") for index in range(number)]


def there() -> int:
    return Placement.objects.filter(gone_at=None).count()


def test_a_source_that_is_empty_after_500_loses_nothing_and_says_so(shelf):
    Shelf.things = places(500)
    run()
    Shelf.things = []
    for hour in range(1, 6):
        done = run(later(hours=hour))
        assert (done.outcome, done.found, done.gone, done.held) == ("complete", 0, 0, 500)
    assert there() == 500
    assert Certificate.objects.get().use == "placed"
    judge_sources(now=later(hours=6))
    finding = Finding.objects.get(closed_at=None)
    assert (finding.kind, finding.severity) == ("source_empty", "warning")
    assert "500 of 500" in finding.summary
    Shelf.things = places(500)
    run(later(hours=7))
    judge_sources(now=later(hours=7))
    finding.refresh_from_db()
    assert finding.closed_at == later(hours=7)


def test_a_source_that_raises_on_page_3_loses_nothing_and_is_failing(shelf):
    Shelf.things = places(500)
    run()
    Shelf.things = [*places(200), SourceError("page 3: 403 Forbidden")]
    for hour in range(1, 4):
        done = run(later(hours=hour))
        assert (done.outcome, done.found, done.gone) == ("partial", 200, 0)
    assert there() == 500
    judge_sources(now=later(hours=4))
    finding = Finding.objects.get(closed_at=None)
    assert finding.kind == "source_failing"
    assert "page 3: 403 Forbidden" in finding.summary
    Shelf.things = places(500)
    run(later(hours=5))
    judge_sources(now=later(hours=5))
    assert not Finding.objects.filter(closed_at=None).exists()


def test_what_a_person_says_is_gone_is_gone_with_the_next_complete_run(shelf):
    Shelf.things = places(20)
    run()
    Shelf.things = places(5)
    assert run(later(hours=1)).held == 15
    shelf.refresh_from_db()
    confirm_absence(shelf, actor=COMMAND_LINE, now=later(hours=2))
    judge_sources(now=later(hours=2))
    # It is looked at once more, and what turns up again stays.
    SourceRun.objects.filter(source=shelf, state="due").delete()
    Shelf.things = places(6)
    assert run(later(hours=2)).gone == 14
    shelf.refresh_from_db()
    assert (there(), shelf.held) == (6, {})
    assert not Finding.objects.filter(closed_at=None).exclude(severity="").exists()


def test_a_few_go_after_two_complete_runs_and_say_when_they_were_last_there(shelf):
    Shelf.things = places(20)
    run()
    run(later(hours=1))
    Shelf.things = places(15)
    assert run(later(hours=2)).gone == 0
    # A partial run between them neither counts nor begins anew.
    Shelf.things = [SourceError("no")]
    run(later(hours=3))
    Shelf.things = places(15)
    assert run(later(hours=4)).gone == 5
    gone = Placement.objects.exclude(gone_at=None).first()
    assert gone is not None
    assert gone.last_seen_at == later(hours=1)
    Shelf.things = places(20)
    run(later(hours=5))
    assert there() == 20


def test_what_lies_below_something_unreadable_stays(shelf):
    Shelf.things = [
        FoundCertificate(LEAF, "/tls/store.p12 alias one"),
        FoundCertificate(LEAF, "/tls/other.pem"),
    ]
    run()
    Shelf.things = [FoundTrouble("/tls/store.p12", "wrong password")]
    run(later(hours=1))
    run(later(hours=2))
    assert [row.locator for row in Placement.objects.filter(gone_at=None)] == [
        "/tls/store.p12 alias one"
    ]


def test_the_shortest_prefix_is_found():
    prefixes = shortest_prefixes(["ab", "a", "abc", "x/y", "x/yz"])
    assert prefixes == ["a", "x/y"]
    assert [lies_below(text, prefixes) for text in ("ac", "b", "x/", "x/y", "x/yy")] == [
        True, False, False, True, True,
    ]  # fmt: skip
    assert lies_below("anything", shortest_prefixes([""]))


@pytest.mark.parametrize(
    ("absent", "there", "held"),
    [(0, 0, False), (1, 1, False), (2, 2, False), (3, 3, True), (10, 12, False), (11, 22, False),
     (12, 22, True), (500, 500, True), (250, 500, False), (251, 500, True)],
)  # fmt: skip
def test_more_than_half_of_many_is_not_believed(absent, there, held):
    assert is_mass(absent, there) is held


# What is there at each run, and how the run ends: to its end, with an error, with a trouble.
RUNS = st.lists(
    st.tuples(
        st.frozensets(st.integers(0, 5)),
        st.sampled_from(["complete", "error", "trouble", "empty"]),
        st.integers(0, 5),
    ),
    max_size=8,
)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(RUNS)
def test_no_sequence_of_runs_loses_what_is_there(shelf, runs):
    """Gone is only what two complete runs in a row looked for and did not find."""
    Placement.objects.all().delete()
    SourceRun.objects.all().delete()
    Source.objects.update(held={}, failures=0, complete_at=None)
    known: set[str] = set()
    missed: dict[str, int] = {}
    for hour, (present, end, troubled) in enumerate(runs):
        names = {f"place {number}" for number in present} if end != "empty" else set()
        found = {f"place {troubled}"} if end == "trouble" else set()
        Shelf.things = [FoundCertificate(LEAF, name) for name in sorted(names - found)]
        if end == "error":
            Shelf.things.append(SourceError("broken"))
        Shelf.things += [FoundTrouble(name, "unreadable") for name in found]
        run(later(hours=hour))
        names -= found
        known |= names
        missed = {name: count for name, count in missed.items() if name not in names}
        if end != "error":
            for name in known - names - found:
                missed[name] = missed.get(name, 0) + 1
        alive = set(Placement.objects.filter(gone_at=None).values_list("locator", flat=True))
        assert names <= alive
        assert {name for name in known if missed.get(name, 0) < MISSES} <= alive
