"""Times and keyset pages, as every endpoint has them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from opsportal.accounts.models import AuditEntry
from opsportal.lib.api import KeysetPagination, parse_time, parse_time_range
from opsportal.lib.errors import (
    PayloadError,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T10:00:00 02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T10:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31 10:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600.5", datetime(2026, 1, 1, microsecond=500_000, tzinfo=UTC)),
        ("1767225600000", datetime(2026, 1, 1, tzinfo=UTC)),
        ("now", NOW),
        ("1h", NOW - timedelta(hours=1)),
        ("-15m", NOW - timedelta(minutes=15)),
        ("2d", NOW - timedelta(days=2)),
        ("+2h", NOW + timedelta(hours=2)),
        (" 1w ", NOW - timedelta(weeks=1)),
    ],
)
def test_times_are_read_as_people_and_machines_write_them(text, expected):
    assert parse_time(text, now=NOW, field="since") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1y",
        "0001-01-01",
        "9999-12-31T23:59:59-14:00",
        "999999999d",
        "9999999999999",
        "2026-13-01",
        "\u0661h",
        "\0",
        "1e9",
        "--1h",
    ],
)
def test_what_is_no_time_is_told_with_its_field(text):
    with pytest.raises(PayloadError) as error:
        parse_time(text, now=NOW, field="since")
    assert error.value.errors[0].field == "since"


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_times(text):
    with suppress(PayloadError):
        assert parse_time(text, now=NOW, field="since").tzinfo is UTC


def test_a_range_has_its_ends_in_order():
    both = {"since": "2h", "until": "1h"}
    assert parse_time_range(both, now=NOW) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert parse_time_range({}, now=NOW) == (None, None)
    with pytest.raises(PayloadError):
        parse_time_range({"since": "1h", "until": "2h"}, now=NOW)


class _View:
    keyset = ("-id",)


class _ByTime:
    keyset = ("-at", "-id")


def _page(view, query: str = ""):
    pages = KeysetPagination()
    request = Request(APIRequestFactory().get(f"/rows?{query}"))
    rows = pages.paginate_queryset(AuditEntry.objects.all(), request, view)
    following = pages.get_paginated_response([row.pk for row in rows]).data["next"]
    return [row.pk for row in rows], following and urlsplit(following).query


def _entries(number: int) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(at=NOW + timedelta(seconds=n // 3), actor="a", action="x") for n in range(number)
    )


@pytest.mark.django_db
@pytest.mark.parametrize("view", [_View, _ByTime])
def test_pages_are_complete_and_stable_while_rows_arrive(view):
    _entries(25)
    expected = list(AuditEntry.objects.order_by(*view.keyset).values_list("pk", flat=True))
    seen, query = _page(view, "limit=4&actor=a")
    while query:
        assert "actor=a" in query
        AuditEntry.objects.create(at=NOW + timedelta(days=1), actor="late", action="x")
        rows, query = _page(view, query)
        seen += rows
    assert seen == expected


@pytest.mark.django_db
def test_a_page_is_one_query_without_count_or_offset():
    _entries(10)
    _, query = _page(_ByTime, "limit=4")
    with CaptureQueriesContext(connection) as queries:
        _page(_ByTime, query)
    assert len(queries) == 1
    sql = queries[0]["sql"].upper()
    assert "COUNT(" not in sql
    assert "OFFSET" not in sql


@pytest.mark.django_db
def test_the_last_page_has_no_next():
    _entries(4)
    assert _page(_View, "limit=4")[1] is None
    assert _page(_View, "limit=3")[1] is not None
    assert len(_page(_View)[0]) == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=x",
        "limit=1e3",
        "limit=99999999999999999999",
        "cursor=x",
        "cursor=%00",
        "cursor=é",
        "cursor=W10",  # []
        "cursor=WyJ4Il0",  # ["x"]
        "cursor=W251bGxd",  # [null]
        "cursor=WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMF0",  # far beyond 64 bits
        "cursor=W3t9XQ",  # [{}]
        "cursor=NQ",  # 5
    ],
)
def test_a_bad_limit_or_cursor_is_a_400_that_names_it(query):
    with pytest.raises(PayloadError) as error:
        _page(_View, query)
    assert error.value.errors[0].field == query.split("=")[0]


@pytest.mark.django_db
def test_a_cursor_of_another_list_is_a_400():
    _entries(4)
    with pytest.raises(PayloadError):
        _page(_ByTime, _page(_View, "limit=2")[1])
