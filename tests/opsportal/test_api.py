"""What every endpoint shares."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import OperationalError, connection
from django.http import Http404
from django.http.request import UnreadablePostError
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import exceptions as drf
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from opsportal.accounts import permissions
from opsportal.accounts.api import WhoAmI
from opsportal.accounts.models import ApiKey, AuditEntry
from opsportal.lib.api import KeysetPagination, handle_error, parse_time, parse_time_range
from opsportal.lib.api.handlers import bad_request, failed, forbidden, not_found
from opsportal.lib.api.parsers import JSONParser
from opsportal.lib.errors import (
    ConflictError,
    FieldError,
    OpsError,
    PayloadError,
    RateLimitedError,
    TooLargeError,
)
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key, make_person, make_team

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHOAMI = "/api/v1/whoami"


def _handled(error: Exception) -> Any:
    return handle_error(error, {})


def _post(body: bytes) -> Any:
    return RequestFactory().post("/", body, content_type="application/json")


# --- errors ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PayloadError("x", [FieldError("a.b", "y")]), 400, "invalid"),
        (ConflictError("x"), 409, "conflict"),
        (RateLimitedError("x", retry_after=7), 429, "rate_limited"),
        (drf.ValidationError({"a": ["x"]}), 400, "invalid"),
        (drf.ParseError(), 400, "invalid"),
        (drf.NotFound(), 404, "not_found"),
        (drf.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (drf.NotAcceptable(), 406, "not_acceptable"),
        (drf.UnsupportedMediaType("text/x"), 415, "unsupported_media_type"),
        (drf.Throttled(wait=2.5), 429, "rate_limited"),
        (drf.PermissionDenied(), 403, "forbidden"),
        (Http404(), 404, "not_found"),
        (ObjectDoesNotExist(), 404, "not_found"),
        (PermissionDenied(), 403, "forbidden"),
        (ValidationError({"a": ["x"]}), 400, "invalid"),
        (ValidationError("x"), 400, "invalid"),
        (RequestDataTooBig(), 413, "too_large"),
        (SuspiciousOperation(), 400, "invalid"),
        (UnreadablePostError(), 400, "invalid"),
        (OperationalError("gone"), 503, "unavailable"),
    ],
)
def test_every_error_has_the_one_shape(error, status, code):
    response = _handled(error)
    assert (response.status_code, response.data["code"]) == (status, code)
    assert set(response.data) == {"code", "message", "errors"}
    assert response.data["message"]
    assert all(set(e) == {"field", "message"} for e in response.data["errors"])
    json.dumps(response.data)


def test_a_programming_error_stays_a_500():
    assert _handled(RuntimeError("bug")) is None
    assert OpsError("x").status == 500


def test_who_shall_come_again_is_told_when():
    assert _handled(RateLimitedError("x", retry_after=7))["Retry-After"] == "7"
    assert _handled(drf.Throttled(wait=2.5))["Retry-After"] == "3"
    assert _handled(OperationalError())["Retry-After"] == "5"


def test_nested_complaints_become_dotted_paths():
    detail: Any = {
        "name": ["Required."],
        "labels": {"team": ["Too long."]},
        "links": [{}, {"href": ["Not a URL."]}],
        "non_field_errors": ["Contradiction."],
    }
    response = _handled(drf.ValidationError(detail))
    assert [(e["field"], e["message"]) for e in response.data["errors"]] == [
        ("name", "Required."),
        ("labels.team", "Too long."),
        ("links.1.href", "Not a URL."),
        ("", "Contradiction."),
    ]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda request: bad_request(request, Exception()), 400),
        (lambda request: forbidden(request, Exception()), 403),
        (lambda request: not_found(request, Exception()), 404),
        (failed, 500),
    ],
)
def test_outside_views_the_api_answers_json_and_pages_answer_html(answer, status):
    api = answer(RequestFactory().get("/api/v1/nowhere"))
    page = answer(RequestFactory().get("/nowhere"))
    assert (api.status_code, page.status_code) == (status, status)
    assert set(json.loads(api.content)) == {"code", "message", "errors"}
    assert page["Content-Type"].startswith("text/html")


# --- bodies ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b'"\xff"',
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_a_body_that_is_not_json_is_a_parse_error(body):
    with pytest.raises(drf.ParseError):
        JSONParser().parse(_post(body))


def test_a_body_beyond_the_limit_is_refused(settings):
    settings.MAX_BODY_BYTES = 10
    parse = JSONParser().parse
    assert parse(_post(b"[1,2,3]   ")) == [1, 2, 3]
    with pytest.raises(TooLargeError):
        parse(_post(b"[1,2,3]    "))


# --- times -------------------------------------------------------------------------------------
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


# --- pages -------------------------------------------------------------------------------------
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


# --- whoami, 401, 403, 404, 405, 429 -----------------------------------------------------------
@pytest.mark.django_db
def test_a_key_learns_who_it_is(client):
    team = make_team("payments")
    key, text = make_key("alerts:write", team=team, name="probe", rate_limit=9)
    answer = client.get(WHOAMI, headers=bearer(text))
    assert answer.status_code == 200
    assert answer.json() == {
        "key": {
            "name": "probe",
            "prefix": key.prefix,
            "scopes": ["alerts:write"],
            "team": "payments",
            "rate_limit": 9,
            "expires_at": None,
        },
        "person": None,
    }


@pytest.mark.django_db
def test_a_person_learns_the_own_roles(client):
    team = make_team("payments")
    ann = make_person("responder", team)
    client.force_login(ann)
    assert client.get(WHOAMI).json() == {
        "key": None,
        "person": {
            "username": ann.username,
            "administrator": False,
            "roles": [{"team": "payments", "role": "responder"}],
        },
    }


@pytest.mark.django_db
@pytest.mark.parametrize("url", [WHOAMI, "/api/schema/", "/api/docs/"])
@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic eDp5", "Bearer {revoked}"])
def test_strangers_get_401_and_the_challenge(client, url, header):
    key, text = make_key("alerts:write")
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=utc_now())
    headers = {"Authorization": header.replace("{revoked}", text)} if header else {}
    answer = client.get(url, headers=headers)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.django_db
def test_a_bad_key_is_refused_even_with_a_good_session(client):
    client.force_login(make_person("viewer"))
    assert client.get(WHOAMI, headers=bearer("nonsense")).status_code == 401


@pytest.mark.django_db
def test_a_view_that_names_no_permission_lets_nobody_in(client, monkeypatch):
    monkeypatch.setattr(WhoAmI, "permission_classes", [permissions.NobodyYet])
    assert client.get(WHOAMI).status_code == 401
    client.force_login(make_person("administrator"))
    answer = client.get(WHOAMI)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.django_db
def test_unknown_paths_and_methods_are_told_in_the_one_shape(client):
    client.force_login(make_person("viewer"))
    answer = client.get("/api/v1/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    _, text = make_key("alerts:write")
    answer = client.post(WHOAMI, headers=bearer(text))
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.django_db
def test_a_key_that_asks_too_often_is_told_when_to_come_again(client):
    _, text = make_key("alerts:write", rate_limit=2)
    with time_machine.travel(NOW.replace(second=20), tick=False):
        answers = [client.get(WHOAMI, headers=bearer(text)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "40"
    assert answers[-1].json()["code"] == "rate_limited"


# --- the schema --------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_schema_names_bearer_keys_and_the_error_shape_everywhere(client):
    _, text = make_key("alerts:write")
    answer = client.get("/api/schema/?format=json", headers=bearer(text))
    assert answer.status_code == 200
    schema = answer.json()
    assert schema["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    operations = [
        op for item in schema["paths"].values() for op in item.values() if "responses" in op
    ]
    assert operations
    for operation in operations:
        assert {"400", "401", "403", "405", "429", "503"} <= set(operation["responses"])
    error = schema["components"]["responses"]["Invalid"]["content"]["application/json"]["schema"]
    assert error == {"$ref": "#/components/schemas/Error"}


@pytest.mark.django_db
def test_the_docs_page_has_no_script_of_its_own_inside(client):
    client.force_login(make_person("viewer"))
    page = client.get("/api/docs/").content.decode()
    for tag in page.split("<script")[1:]:
        opening, body = tag.split(">", 1)
        assert 'src="/' in opening
        assert body.split("</script>")[0].strip() == ""
    assert "http" not in page.split("<body>")[0].replace("http-equiv", "")
