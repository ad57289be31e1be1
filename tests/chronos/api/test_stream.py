"""A follower sees everything once, in whatever order it was committed."""

from datetime import timedelta

from chronos.follow import OVERLAP, Reached, follow_events
from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from chronos.search import EventQuery
from opsportal.lib.times import utc_now
from tests.chronos.api.conftest import change

NOW = utc_now().replace(microsecond=0)
ALL = EventQuery()


def record(title, seconds=0, **facts):
    now = NOW + timedelta(seconds=seconds)
    record_changes([Change("note", title, external_id=title, **facts)], now=now)


def follow(reached, seconds, *, query=ALL, limit=100):
    news = follow_events(query, reached, limit, now=NOW + timedelta(seconds=seconds))
    return [event.title for event in news.events], news


def test_what_is_new_updated_or_late_is_seen_at_the_next_call(api):
    told = api.get("/stream")[1]
    assert (told["results"], told["wait"]) == ([], 0.5)
    for body, outcome in (
        (change(title="a", external_id="1", status="started"), "started"),
        (change(title="a", external_id="1", status="failed"), "failed"),
        (change(title="b", external_id="2", started_at="2026-01-01T00:00:00Z"), "succeeded"),
    ):
        api.post(body)
        told = api.get(told["next"])[1]
        assert [row["status"] for row in told["results"]] == [outcome]
        assert api.get(told["next"])[1]["results"] == []


def test_filters_hold_and_the_beginning_can_be_said(api):
    api.post([change(kind="flag", title="f"), change(kind="note", title="n")])
    assert api.get("/stream")[1]["results"] == []
    told = api.get("/stream", since="1m", kind="flag")[1]
    assert [row["title"] for row in told["results"]] == ["f"]
    assert api.get(told["next"])[1]["results"] == []
    for wrong in ({"cursor": "xx"}, {"since": "soon"}, {"limit": "0"}, {"status": "done"}):
        assert api.get("/stream", **wrong)[0] == 400


def test_what_commits_after_a_later_one_is_seen_and_the_later_one_not_again(db):
    start = Reached(NOW)
    record("later", 5)
    titles, news = follow(start, 5)
    assert titles == ["later"]
    record("earlier", 3)
    titles, news = follow(news.reached, 6)
    assert titles == ["earlier"]
    assert follow(news.reached, 7)[0] == []


def test_marks_are_forgotten_once_nothing_earlier_can_come(db):
    record("a", 1)
    _, news = follow(Reached(NOW), 2)
    assert len(news.reached.marks) == 1
    titles, news = follow(news.reached, 2 + OVERLAP.total_seconds())
    assert (titles, news.reached.marks) == ([], frozenset())
    assert news.reached.updated_at == NOW + timedelta(seconds=1)
    assert follow(news.reached, 20)[0] == []


def test_a_batch_of_one_instant_is_passed_in_pieces(db, django_assert_num_queries):
    record_changes([Change("note", str(n), external_id=str(n)) for n in range(25)], now=NOW)
    reached, seen = Reached(NOW), []
    while True:
        with django_assert_num_queries(2):
            titles, news = follow(reached, 0, limit=10)
        seen += titles
        reached = news.reached
        if not news.more:
            break
    assert seen == [str(n) for n in range(25)]
    assert ChangeEvent.objects.count() == 25
