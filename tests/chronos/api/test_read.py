"""Changes are found by what they are, when they were and what they say."""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.times import utc_now

NOW = utc_now().replace(microsecond=0)


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def record(*changes):
    return [receipt.event_id for receipt in record_changes(changes, now=NOW)]


def titles(answer):
    status, told = answer
    assert status == 200, told
    return [row["title"] for row in told["results"]]


@pytest.fixture
def _changes(api):
    place = {"service": "api", "environment": "prod"}
    record(
        Change("deployment", "a", "jo", at(-5), at(-4), status="succeeded", **place),
        Change("deployment", "b", "jo", at(-50), status="started", tags=("x",), **place),
        Change("config", "c", "bo", at(-300), at(-40), service="web", body="raise the pool"),
        Change("flag", "d", "bo", at(-400), at(-400), labels={"squad": "pay"}),
    )


@pytest.mark.usefixtures("_changes")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "abcd"),
        ({"kind": "deployment,flag"}, "abd"),
        ({"kind": ["config", "flag"]}, "cd"),
        ({"app": "api", "env": "prod"}, "ab"),
        ({"status": "started"}, "b"),
        ({"unfinished": "true"}, "b"),
        ({"tag": "x"}, "b"),
        ({"tag": ["x", "y"]}, ""),
        ({"text": "pool"}, "c"),
        ({"text": '"raise the pool"'}, "c"),
        ({"text": '"the raise"'}, ""),
        ({"match": '{actor=~"b.*", squad!="pay"}'}, "c"),
        ({"since": "10m"}, "ab"),
        ({"since": "45m", "until": "10m"}, "bc"),
        ({"until": "60m"}, "cd"),
        ({"since": at(-41).isoformat(), "until": at(-39).isoformat()}, "bc"),
    ],
)
def test_what_overlaps_and_fits_is_found(api, asked, found):
    assert titles(api.get("", **asked)) == list(found)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"since": "whenever"}, "since"),
        ({"since": "1h", "until": "2h"}, "since"),
        ({"status": "done"}, "status"),
        ({"unfinished": "perhaps"}, "unfinished"),
        ({"match": "{a=~"}, "match"),
        ({"match": '{title=~"(a"}'}, "match"),
        ({"text": "a " * 11}, "text"),
        ({"kind": "\0"}, "kind"),
        ({"tag": ["x"] * 51}, "tag"),
        ({"cursor": "rubbish"}, "cursor"),
        ({"cursor": "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIDFd" * 3}, "cursor"),
        ({"limit": "501"}, "limit"),
        ({"text": "x" * 10_000}, "text"),
    ],
)
def test_a_bad_filter_is_told_what_is_wrong(api, asked, field):
    status, told = api.get("", **asked)
    assert (status, [error["field"] for error in told["errors"]]) == (400, [field])


@pytest.mark.usefixtures("_changes")
def test_pages_follow_one_another_across_what_lasts(api):
    seen, asked = [], {"limit": 1, "since": "45m"}
    path = ""
    while path is not None:
        status, told = api.get(path, **asked)
        assert status == 200
        seen += [row["title"] for row in told["results"]]
        path, asked = told["next"], {}
    assert seen == ["a", "b", "c"]


@pytest.mark.usefixtures("_changes")
def test_words_are_looked_for_in_the_last_90_days_and_the_answer_says_so(api):
    record(Change("note", "old", started_at=at(-100 * 1440), body="pool"))
    status, told = api.get("", text="pool")
    assert titles((status, told)) == ["c"]
    assert "90 days" in told["note"]
    assert datetime.fromisoformat(told["since"]) > utc_now() - timedelta(days=91)
    wide = api.get("", text="pool", since="2020-01-01T00:00:00Z")
    assert (titles(wide), wide[1]["note"]) == (["c", "old"], "")
    assert wide[1]["since"] == "2020-01-01T00:00:00.000000Z"


@pytest.mark.usefixtures("_changes")
def test_one_change_is_shown_by_its_id_and_by_its_key(api):
    (pk,) = record(Change("note", "e", external_id="a/b", source="ci", data={"x": [1]}))
    status, told = api.get(f"/{pk}")
    assert (status, told["title"], told["data"], told["ended_at"] is None) == (
        200, "e", {"x": [1]}, False,
    )  # fmt: skip
    assert api.get("/ci/a/b") == (status, told)
    assert told["url"].endswith(f"/changes/{pk}/")
    for path in ("/999999", "/abc", "/9" * 30, "/ci/none", "/٣"):
        assert api.get(path)[0] == 404


def test_a_list_costs_the_same_for_few_and_many(api, django_assert_max_num_queries):
    api.get("")  # the key is noted as used
    for count in (3, 60):
        record(*(Change("note", "pool", started_at=at(-n)) for n in range(count)))
        with django_assert_max_num_queries(3):  # the key, the ordinary, the lasting
            api.get("", since="2h", kind="note")
        with django_assert_max_num_queries(3 + int(connection.vendor == "sqlite")):
            api.get("", text="pool")
