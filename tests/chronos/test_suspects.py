"""The likeliest cause comes first, and the score says why."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from chronos.models import ChangeEvent, Dependency
from chronos.normalise import Change
from chronos.record import record_changes
from chronos.suspects import Scene, find_suspects, rank_suspects
from tests.accounts.people import bearer, make_key

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
SCENE = Scene(NOW, service="api", environment="prod")


def before(minutes):
    return NOW - timedelta(minutes=minutes)


def event(minutes=6, **facts):
    given = {
        "kind": "deployment", "title": "api 412", "service": "api", "environment": "prod",
        "version": "412", "actor": "jo", "status": "succeeded", "started_at": before(minutes + 1),
        "ended_at": before(minutes), "recorded_at": before(minutes), **facts,
    }  # fmt: skip
    return ChangeEvent(**given)


def score(found, scene=SCENE, usual=None, needed=frozenset()):
    ranked = rank_suspects(scene, [found], usual or {}, needed)
    return ranked[0].score if ranked else 0.0


def test_what_ended_half_an_hour_ago_counts_a_third():
    assert score(event(0)) == pytest.approx(1.0)
    assert score(event(30)) == pytest.approx(0.368)


def test_what_is_under_way_counts_half_and_what_began_after_not_at_all():
    assert score(event(started_at=NOW, ended_at=None, status="started")) == pytest.approx(0.5)
    assert score(event(started_at=NOW + timedelta(seconds=1), ended_at=None)) == 0


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ({}, 1.0),
        ({"status": "failed"}, 1.2),
        ({"kind": "rollback"}, 0.3),
        ({"kind": "note"}, 0.1),
        ({"kind": "scale"}, 0.5),
        ({"service": "search"}, 0.1),
        ({"service": "", "kind": "infra"}, 0.32),
        ({"service": "db"}, 0.5),
        ({"environment": "staging"}, 0.1),
    ],
)
def test_each_term_is_what_the_survey_says(facts, value):
    assert score(event(0, **facts), needed=frozenset({"db"})) == pytest.approx(value)


def test_a_change_where_there_are_always_changes_counts_less():
    assert score(event(0), usual={"api": 50}) < 0.6


def test_it_says_why_in_words():
    [found] = rank_suspects(SCENE, [event()], {}, frozenset())
    assert found.words == "api 412 deployed by jo 6 minutes before"
    assert [term.name for term in found.terms] == [
        "recency", "distance", "kind", "status", "rarity",
    ]  # fmt: skip
    assert found.terms[0].why == "ended 6 minutes before"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"status": "failed"}, "api 412 deployed (failed) by jo 6 minutes before"),
        ({"ended_at": None}, "api 412 being deployed by jo since 7 minutes before"),
        ({"kind": "flag", "title": "new_checkout on"}, "new_checkout on by jo 6 minutes before"),
        ({"kind": "rollback", "actor": ""}, "api 412 rolled back 6 minutes before"),
        ({"ended_at": NOW}, "api 412 deployed by jo just before"),
    ],
)
def test_other_changes_have_other_words(facts, words):
    [found] = rank_suspects(SCENE, [event(**facts)], {}, frozenset())
    assert found.words == words


KINDS = ("deployment", "config", "flag", "scale", "job", "note")


def noise(random, at, services):
    minutes = random.uniform(0, 180)
    return event(
        0,
        kind=random.choice(KINDS),
        service=random.choice(services),
        environment=random.choice(("prod", "prod", "staging")),
        status="failed" if random.random() < 0.05 else "succeeded",
        started_at=at - timedelta(minutes=minutes + 1),
        ended_at=at - timedelta(minutes=minutes),
    )


def test_of_two_hundred_incidents_the_cause_is_among_the_first_three_of_nine_in_ten():
    random = Random(20261122)  # noqa: S311
    services = [f"service-{number}" for number in range(60)]
    usual = {service: random.choice((0.2, 1, 5, 40)) for service in services}
    found = 0
    for _ in range(200):
        broken = random.choice(services)
        needs = frozenset(random.sample(services, 3)) - {broken}
        # Most come of the service itself, some of what it needs, few of what it runs on.
        kind = random.choices(("own", "needed", "infra"), (75, 17, 8))[0]
        lag = random.expovariate(1 / 9)
        cause = event(
            lag,
            kind=random.choice(("deployment", "deployment", "config", "flag")),
            service=broken if kind == "own" else random.choice(sorted(needs)),
        )
        if kind == "infra":
            cause.kind, cause.service = "infra", ""
        events = [noise(random, NOW, services) for _ in range(120)]
        ranked = rank_suspects(Scene(NOW, broken, "prod"), [*events, cause], usual, needs)
        found += any(suspect.event is cause for suspect in ranked[:3])
    assert found >= 180, found


@pytest.mark.django_db
class TestAsked:
    def record(self, *changes, now=NOW):
        record_changes(changes, now=now)

    def deploy(self, service, minutes, **facts):
        given = {"environment": "prod", "version": "1", "actor": "jo", "source": "ci", **facts}
        return Change(
            "deployment", f"{service} 1", service=service, started_at=before(minutes), **given
        )

    def test_the_service_s_own_comes_before_what_it_needs_and_the_rest(self):
        Dependency.objects.create(service="api", depends_on="db")
        self.record(self.deploy("search", 1), self.deploy("db", 2), self.deploy("api", 3))
        assert [found.event.service for found in find_suspects(SCENE)] == ["api", "db", "search"]

    def test_alerts_are_not_causes(self):
        self.record(Change("alert", "fires", service="api", started_at=before(1), source="x"))
        assert find_suspects(SCENE) == []

    def test_what_was_heard_of_later_is_not_known_earlier(self):
        self.record(self.deploy("api", 5), now=NOW + timedelta(minutes=10))
        known = Scene(NOW, "api", "prod", known_at=NOW + timedelta(minutes=1))
        assert find_suspects(known) == []
        assert len(find_suspects(SCENE)) == 1

    def test_it_costs_the_same_for_few_and_many(self, django_assert_num_queries):
        for count in (2, 300):
            self.record(*(self.deploy(f"s{n}", 5, version=f"{count}") for n in range(count)))
            with django_assert_num_queries(4):
                assert len(find_suspects(SCENE)) <= 10

    def test_by_the_api(self, client):
        self.record(self.deploy("api", 6))
        key = bearer(make_key("events:read")[1])
        at = NOW.isoformat().replace("+00:00", "Z")
        url = f"/api/v1/suspects?app=api&env=prod&at={at}"
        [found] = client.get(url, headers=key).json()["results"]
        assert found["words"] == "api 1 deployed by jo 6 minutes before"
        assert found["url"].endswith(f"/changes/{found['change_id']}/")
        wrong = client.get("/api/v1/suspects?at=yesterday", headers=key)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "at")
