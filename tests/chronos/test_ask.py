"""Questions in words: what they mean, and what is said of those that mean nothing."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chronos.ask import Filter, KnownNames, Reference, Shape, write_question
from chronos.ask.describe import describe_reading, show_reading, wider_questions
from opsportal.lib.errors import PayloadError
from tests.chronos.asking import NOW, read

PAGE = Path(__file__).parents[2] / "docs" / "chronos-questions.md"
ROWS = [line.split("|")[1:4] for line in PAGE.read_text().splitlines() if line.startswith("| ")]
FORTY = [
    (question.strip(" `"), written.strip(" `"))
    for number, question, written in (row for row in ROWS if len(row) == 3)
    if number.strip().isdigit()
]


def test_there_are_forty_examples():
    assert len(FORTY) == 40


@pytest.mark.parametrize(("question", "written"), FORTY)
def test_an_example_is_read_as_the_page_says(question, written):
    reading = read(question)
    assert write_question(reading) == written
    assert reading.unknown == ()
    assert read(written) == reading


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("24h", "from 2026-11-21T15:30:00Z to 2026-11-22T15:30:00Z"),
        ("between 2 and 3", "from 2026-11-22T02:00:00Z to 2026-11-22T03:00:00Z"),
        ("between 11 and 1pm", "from 2026-11-22T11:00:00Z to 2026-11-22T13:00:00Z"),
        ("2-3pm yesterday", "from 2026-11-21T14:00:00Z to 2026-11-21T15:00:00Z"),
        ("since 17:00", "from 2026-11-21T17:00:00Z to 2026-11-22T15:30:00Z"),
        ("between monday and friday", "from 2026-11-16T00:00:00Z to 2026-11-21T00:00:00Z"),
        ("2026-11-18..2026-11-20", "from 2026-11-18T00:00:00Z to 2026-11-21T00:00:00Z"),
        (
            "between 22:00 and 02:00 the next day",
            "from 2026-11-21T22:00:00Z to 2026-11-22T02:00:00Z",
        ),
        ("last night", "from 2026-11-21T18:00:00Z to 2026-11-22T06:00:00Z"),
        ("since yesterday evening", "from 2026-11-21T18:00:00Z to 2026-11-22T15:30:00Z"),
        ("after last night", "from 2026-11-22T06:00:00Z to 2026-11-22T15:30:00Z"),
        ("last friday", "from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z"),
        ("nov 20 2025", "from 2025-11-20T00:00:00Z to 2025-11-21T00:00:00Z"),
        ("in october", "from 2026-10-01T00:00:00Z to 2026-11-01T00:00:00Z"),
        ("past 2 months", "from 2026-09-22T15:30:00Z to 2026-11-22T15:30:00Z"),
        ("2 hours ago", "from 2026-11-22T13:15:00Z to 2026-11-22T13:45:00Z"),
        (
            "before incident 42",
            "from 1h before the start of incident 42 to the start of incident 42",
        ),
        ("what was running before incident 42", "running at the start of incident 42"),
        (
            "since the last deploy of api in prod",
            "from the end of the last deployment of api in prod to 2026-11-22T15:30:00Z",
        ),
        (
            "diff prod yesterday and today",
            "diff from 2026-11-21T00:00:00Z to 2026-11-22T15:30:00Z environment:prod",
        ),
        (
            "compare staging with prod at 13:00",
            "diff at 2026-11-22T13:00:00Z environment:staging environment:prod",
        ),
        ("why is checkout down", "suspects service:checkout"),
        ("what broke checkout at 14:10", "suspects at 2026-11-22T14:10:00Z service:checkout"),
    ],
)
def test_more_ways_to_say_it(question, written):
    assert write_question(read(question)) == written


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("not prod", [("environment", "!=", "prod")]),
        ("everything except alerts", [("kind", "!=", "alert")]),
        ("-#hotfix", [("tag", "!=", "hotfix")]),
        ("env:PROD,staging", [("environment", "=", "prod", "staging")]),
        ("staging prod", [("environment", "=", "prod", "staging")]),
        ("production", [("environment", "=", "prod")]),
        ('region:"eu-*"', [("region", "=", "eu-*")]),
        ("severity >= 3", [("severity", ">=", "3")]),
        ("app: api", [("service", "=", "api")]),
        ("kind:deploys", [("kind", "=", "deployment")]),
        ("kind:remediation", [("kind", "=", "remediation")]),
        ("rules", [("kind", "=", "rule")]),
        ("foo:bar", [("tag", "=", "foo:bar")]),
        ("to nowhere", [("service", "=", "nowhere")]),
        ("in eu-west-1", [("region", "=", "eu-west-1")]),
        ("release 1.4 of api", [("service", "=", "api"), ("version", "=", "1.4")]),
        (
            '{service="api", region=~"eu-.*"}',
            [("region", "=~", "eu-.*"), ("service", "=", "api")],
        ),
    ],
)
def test_conditions(question, filters):
    expected = tuple(Filter(name, op, tuple(values)) for name, op, *values in filters)
    assert read(f"{question} today").filters == expected


def test_words_that_are_not_understood_are_looked_for_and_shown_as_such():
    reading = read("https://ci/9 gizmo deploys today")
    assert reading.text == reading.unknown == ("https://ci/9", "gizmo")
    assert reading.values_of("kind") == ("deployment",)


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("env:prdo deploys", "environment:prod deploys"),
        ("depoys today", "kind:deployment today"),
        ("today happend", "today happened"),
        ("of api last huor", "of api last hour"),
        ("chekout today", "service:checkout today"),
        ("of chekout today", "of service:checkout today"),
        ("kind:deploymnt", "kind:deployment"),
        ("enviroment:prod", "environment:prod"),
        ("-env:prdo", "-environment:prod"),
    ],
)
def test_a_near_miss_is_answered_as_it_stands_and_suggests(question, meant):
    assert [s.question for s in read(question).suggestions] == [meant]


def test_a_name_of_two_things_asks_which():
    names = KnownNames({"service": ("web",), "environment": ("web",)})
    reading = read("web today", names=names)
    assert reading.notes == ("web is a service and environment: which? Taken as the service",)
    assert [s.meant for s in reading.suggestions] == ["service:web", "environment:web"]
    assert read("in web today", names=names).values_of("environment") == ("web",)


def test_references_are_left_to_whoever_can_resolve_them():
    reading = read("what changed between release 1.4 and 1.5 of api")
    assert reading.interval
    assert reading.interval.since.reference == Reference("release", "1.4", "api")
    assert reading.interval.until.reference == Reference("release", "1.5", "api")
    assert read("suspects for alert 42").subject == Reference("alert", "42")


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        ("between 5pm and 3pm", "end before start; did you mean until 3pm the next day?"),
        ("between friday and 2026-11-02", "end before start; turn them round"),
        ("x" * 10_000, "the question has 10000 characters and may have 1000"),
        ("yesterday last hour", "two times: yesterday and last hour"),
        ("since 2027-01-01", "begins in the future"),
        ("since 17:00 CET", "write one such as Europe/Berlin"),
        ("today Europe/Berlim", "'Europe/Berlim' is no time zone"),
        ("today Europe/Berlin Asia/Tokyo", "two time zones"),
        ("at 25:00", "25:00 is no time of day"),
        ("on 2026-02-30", "2026-02-30 is no date"),
        ("last 99999 days", "more than ten years"),
        ("severity>=high", "needs one number"),
        ("weight>=3", "weight is no field; there are service"),
        ("env:", "environment: needs a value"),
        ('"open', "never closed"),
        ("{service=", "never closed"),
        ('{service=~"("} today', "not an RE2 pattern"),
        ("-gizmo", "write what to leave out as"),
        ("diff prod", "two moments or two environments"),
        ("diff prod staging qa", "a diff is of two environments"),
        ("a\0b", "no text"),
        ("one1 two2 three3 four4 five5 six6 seven7 eight8 nine9 ten10 eleven11", "more than 10"),
    ],
)
def test_errors_speak(question, complaint):
    with pytest.raises(PayloadError) as caught:
        read(question)
    assert complaint in caught.value.message


def test_a_time_that_the_clocks_skip_is_told():
    with pytest.raises(PayloadError, match="the clocks of Europe/Berlin skip that time"):
        read("on 2026-03-29 between 02:30 and 03:00", zone="Europe/Berlin")


def test_the_zone_of_the_person_is_where_days_begin():
    interval = read("today", zone="Asia/Tokyo").interval
    assert interval
    assert interval.exact == (NOW.replace(hour=15, minute=0), NOW)


def test_a_reading_in_words():
    reading = read("failed deploys of api in prod gizmo yesterday")
    assert describe_reading(reading, ZoneInfo("Europe/Berlin")) == (
        "changes · Sat 2026-11-21 01:00 to Sun 2026-11-22 01:00 Europe/Berlin (+01:00) · "
        "environment: prod · kind: deployment · service: api · status: failed · “gizmo”"
    )
    shown = show_reading(reading, ZoneInfo("UTC"))
    assert shown.chips[2].without == write_question(read("failed deploys of api gizmo yesterday"))
    assert shown.links.page.startswith("/changes/?q=from+2026-11-21T00%3A00%3A00Z+to+")
    assert shown.links.curl.startswith('curl -H "Authorization: Bearer $KEY" ')


def test_a_question_without_an_answer_offers_wider_ones():
    reading = read("deploys gizmo last hour")
    assert [(wider.meant, wider.question) for wider in wider_questions(reading, NOW)] == [
        ("four times as long", write_question(read("deploys gizmo last 4 hours"))),
        ("any kind", write_question(read("gizmo last hour"))),
        ("any text", write_question(read("deploys last hour"))),
    ]


def test_shapes():
    shapes = {
        question: read(question).shape
        for question in (
            "failed deploys per day last 2 weeks",
            "who deployed api today",
            "running deploys",
            "what version is in prod",
        )
    }
    assert list(shapes.values()) == [Shape.COUNT, Shape.WHO, Shape.LIST, Shape.RUNNING]
    assert read("running deploys").ongoing
    assert read("the last 5 failed deploys").limit == 5
    assert read("who deployed api today").limit is None


def test_near_misses_are_looked_for_among_many_names():
    names = KnownNames({"service": tuple(f"service-{n}" for n in range(5000))})
    reading = read("servise-12 and servise-77", names=names)
    assert [s.meant for s in reading.suggestions] == ["service:service-12", "service:service-77"]
