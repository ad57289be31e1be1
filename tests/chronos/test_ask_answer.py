"""Answers to questions in words, from changes that are there."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string

from alerts.models import Alert
from chronos.ask import ask as asking
from chronos.ask.answer import answer_question
from chronos.ask.ask import ask_question
from chronos.models import ChangeEvent, Freeze
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.errors import NotFoundError, PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key
from tests.alerts.makers import make_alert
from tests.chronos.asking import NOW, read

pytestmark = pytest.mark.django_db


def change(title, minutes, *, lasts=1, now=NOW, **facts):
    began = now - timedelta(minutes=minutes)
    ended = None if lasts is None else began + timedelta(minutes=lasts)
    given = {"kind": "deployment", "source": "ci", "actor": "jo", **facts}
    return Change(title=title, started_at=began, ended_at=ended, **given)


@pytest.fixture
def changes():
    day = 24 * 60
    record_changes(
        [
            change("api 1.4", 6 * day, service="api", environment="prod", version="1.4"),
            change("web 7", 4 * day, service="web", environment="prod", actor="ann"),
            change("flag f", 3 * day, kind="flag", service="api", environment="prod"),
            change("api 1.5", 2 * day, service="api", environment="prod", version="1.5"),
            change("api 1.5 s", day, service="api", environment="staging", version="1.5"),
            change("incident", 50, kind="incident", source="pd", external_id="42", lasts=20,
                   service="api", environment="prod"),
            change("index", 45, kind="migration", service="db", lasts=None, status="started"),
            change("bad", 55, status="failed", service="api", environment="prod", severity=4,
                   region="eu-west-1"),
            change("connection", 40, kind="config", service="db", environment="prod", lasts=0),
        ],
        now=NOW,
    )  # fmt: skip


def titles(question, now=NOW):
    answer = answer_question(read(question), now=now, zone=asking.zone_of("UTC"))
    return [event.title for event in answer.events]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("last hour", ["connection", "index", "incident", "bad"]),
        ("since 14:40", ["connection", "index", "incident"]),
        ("what did we deploy in the last 3 days", ["api 1.5 s", "api 1.5"]),
        ("deploys of api in prod last 3 days", ["bad", "api 1.5"]),
        ("failed deploys today", ["bad"]),
        ("last hour -kind:incident -app:db", ["bad"]),
        ("still running migrations", ["index"]),
        ("during incident 42", ["connection", "index", "incident"]),
        ("during incident 42 -kind:incident kind:config", ["connection"]),
        ("10 minutes before incident 42", ["bad"]),
        ("what changed between release 1.4 and 1.5 of api", ["flag f", "web 7"]),
        (
            "changes after the last deploy of api in prod",
            ["connection", "index", "incident", "bad", "api 1.5 s"],
        ),
        ("who deployed api last", ["api 1.5 s"]),
        ("when did we last deploy web to prod", ["web 7"]),
        ("the last 2 deploys", ["bad", "api 1.5 s"]),
        ("severity>=3 region:eu-* last 12h", ["bad"]),
        ('{service=~"a.*", severity>"3"} today', ["bad"]),
        ("#hotfix @deploy-bot last 24h", []),
    ],
)
def test_what_is_listed(changes, question, found):
    assert titles(question) == found


def test_an_event_is_referred_to_by_its_number(changes):
    index = ChangeEvent.objects.get(title="index")
    assert titles(f"during event {index.pk} by jo", now=NOW) == ["connection", "index", "incident"]


def test_an_incident_nobody_reported_is_the_alert_of_that_number(changes):
    alert = make_alert(service="api", starts_at=NOW - timedelta(minutes=48))
    Alert.objects.filter(pk=alert.pk).update(starts_at=NOW - timedelta(minutes=48))
    answer = answer_question(
        read(f"suspects for incident {alert.pk}"), now=NOW, zone=asking.zone_of("UTC")
    )
    assert answer.moments == (NOW - timedelta(minutes=48),)
    assert answer.suspects[0].event.title == "bad"


def test_during_freezes_what_they_concern(changes):
    for days in (0, 3):
        start = NOW - timedelta(days=days, hours=1)
        Freeze.objects.create(
            name=str(days), match="{service=~'api|web'}".replace("'", '"'), kinds=["deployment"],
            starts_at=start, ends_at=start + timedelta(hours=30), known_at=start,
        )  # fmt: skip
    assert titles("deploys during freeze") == ["bad", "api 1.5"]
    assert titles("during freeze of api") == ["bad", "api 1.5"]


def test_counts_by_fields_and_days(changes):
    def counted(question, zone="UTC"):
        answer = answer_question(read(question), now=NOW, zone=asking.zone_of(zone))
        return [(*group.values, group.count) for group in answer.counts]

    assert counted("how many changes last hour") == [(4,)]
    assert counted("how many changes since 14:43") == [(2,)]
    assert counted("how many deploys last 5 days by app") == [("api", 3), ("web", 1)]
    assert counted("deploys last 5 days per day and env", "Asia/Tokyo") == [
        ("2026-11-19", "prod", 1),
        ("2026-11-21", "prod", 1),
        ("2026-11-22", "prod", 1),
        ("2026-11-22", "staging", 1),
    ]
    assert counted("how many rollbacks") == [(0,)]


def test_what_runs_and_ran(changes):
    def versions(question):
        answer = answer_question(read(question), now=NOW, zone=asking.zone_of("UTC"))
        return [(row.service, row.environment, row.version) for row in answer.running]

    assert versions("what version of api is running") == [
        ("api", "prod", "1.5"),
        ("api", "staging", "1.5"),
    ]
    assert versions("what was running in prod on 2026-11-18 at 17:00 version:1.*") == [
        ("api", "prod", "1.4")
    ]
    assert versions("what was running before release 1.5 of api in prod") == [
        ("api", "prod", "1.4"),
        ("web", "prod", ""),
    ]


def test_what_runs_differently(changes):
    def sides(question):
        answer = answer_question(read(question), now=NOW, zone=asking.zone_of("UTC"))
        return [
            (row.service, row.left and row.left.version, row.right and row.right.version)
            for row in answer.differences
        ]

    assert sides("diff prod 2026-11-18 and 2026-11-21 app:api") == [("api", "1.4", "1.5")]
    assert sides("diff staging and prod") == [("web", None, "")]
    assert sides("diff staging and prod app:api") == []


@pytest.mark.parametrize(
    ("question", "error", "complaint"),
    [
        ("during incident 4711", NotFoundError, "There is no incident 4711 here"),
        ("during incident INC-7", NotFoundError, "There is no"),
        ("after the last deploy of nobody", NotFoundError, "no the last deployment of nobody"),
        ("since release 1.4", PayloadError, "of which service"),
        ("what is running severity>3", PayloadError, "not known of what runs"),
        ("what was running at 2027-01-01T00:00:00Z", PayloadError, "yet to come"),
        ("not #hotfix", PayloadError, "whole tags only"),
        ("how many by tag", PayloadError, "cannot be counted by tag"),
        ("between release 1.5 and 1.4 of api", PayloadError, "end before start"),
    ],
)
def test_what_cannot_be_answered_is_told(changes, question, error, complaint):
    with pytest.raises(error, match=complaint):
        titles(question)


def test_an_answer_costs_the_same_for_few_and_many(changes, django_assert_max_num_queries):
    record_changes([change(f"t{n}", 5, service=f"s{n}") for n in range(300)], now=NOW)
    asking.recall_names()
    for question in (
        "last hour",
        "how many deploys yesterday by app",
        "between release 1.4 and 1.5 of api",
        "suspects for incident 42",
    ):
        with django_assert_max_num_queries(5):
            answer_question(read(question), now=NOW, zone=asking.zone_of("UTC"))


def test_names_are_those_of_the_newest_changes(changes, django_assert_num_queries):
    with django_assert_num_queries(1):
        names = asking.recall_names()
    assert names.fields_of("staging") == ("environment",)
    assert names.fields_of("db") == ("service",)
    with django_assert_num_queries(0):
        assert asking.recall_names() is names
    asked = ask_question("deploys in prdo", now=NOW)
    assert [s.question for s in asked.shown.suggestions] == ["deploys in environment:prod"]


class TestApi:
    @pytest.fixture
    def ask(self, client):
        key = bearer(make_key("events:read")[1])

        def ask(status=200, **params):
            response = client.get("/api/v1/ask", params, headers=key)
            assert response.status_code == status, response.content
            return response.json()

        return ask

    def test_the_answer_says_how_the_question_was_read(self, ask):
        now = utc_now()
        record_changes(
            [change("api 9", 10, now=now, service="api", environment="prod", actor="ann")], now=now
        )
        said = ask(q="what did we deploy to prod in the last hour gizmo?", tz="Europe/Berlin")
        assert said["reading"]["unknown"] == ["gizmo"]
        assert said["reading"]["zone"] == "Europe/Berlin"
        assert {"field": "status", "op": "=", "values": ["succeeded"]} in said["reading"]["filters"]
        assert said["links"]["page"].startswith("/changes/?q=from+")
        assert "Europe/Berlin" in said["reading"]["words"]
        said = ask(q="who deployed api last")
        assert (said["people"], said["events"][0]["title"]) == (["ann"], "api 9")
        again = ask(q=said["canonical"])
        assert again["events"] == said["events"]

    def test_nothing_found_offers_to_widen_and_names_who_fell_silent(self, ask):
        cache.set("chronos:silent", ["ci"])
        said = ask(q="failed deploys last hour")
        assert said["silent"] == ["ci"]
        assert said["events"] == []
        assert [wider["meant"] for wider in said["wider"]] == [
            "four times as long", "any kind", "any status",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"q": " "},
            {"q": "x" * 10_000},
            {"q": "a\0b"},
            {"q": "between 5pm and 3pm"},
            {"q": '{service=~"(a+)+$("}'},
            {"q": "today", "tz": "Mars/Olympus"},
            {"q": "today", "tz": "../../etc/passwd"},
            {"q": "today", "limit": "1e9"},
            {"q": "today", "limit": "0"},
        ],
    )
    def test_bad_questions_are_refused_in_words(self, ask, params):
        said = ask(400, **params)
        assert said["code"] == "invalid"
        assert said["message"]

    def test_a_regex_bomb_is_harmless(self, ask):
        assert ask(q='{title=~"(a|aa|a?)+$"} last 30 days')["events"] == []

    def test_a_reference_to_nothing_is_not_found(self, ask):
        assert ask(404, q="during incident 4711")["code"] == "not_found"


def test_a_page_shows_how_the_question_was_read_and_trusts_no_word(changes):
    asked = ask_question('env:prdo <script>alert(1)</script> web "last week"', now=NOW)
    shown = render_to_string("chronos/reading.html", {"asked": asked})
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "Not understood, so looked for in the text" in shown
    assert 'env:prdo → <a href="/changes/?q=environment%3Aprod' in shown
    assert "The same question elsewhere" in shown


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("who deployed api last", "<b>jo</b>"),
        ("when did we last deploy web", "2026-11-18 15:30:00 UTC"),
        ("how many deploys last 5 days by app", "<td>api</td><td>3</td>"),
        ("suspects for incident 42", "the same service"),
        ("failed rollbacks last hour", "four times as long"),
    ],
)
def test_a_page_shows_answers(changes, question, shown):
    asked = ask_question(question, now=NOW)
    assert shown in render_to_string("chronos/answer.html", {"asked": asked})
