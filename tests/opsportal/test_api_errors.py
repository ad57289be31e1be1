"""Errors and bodies, as every endpoint has them."""

import json
import logging
from typing import Any

import pytest
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.http.request import UnreadablePostError
from django.test import RequestFactory
from rest_framework import exceptions as drf

from opsportal.lib.api import handle_error
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
from opsportal.lib.requests import AccessLogMiddleware


def _handled(error: Exception) -> Any:
    return handle_error(error, {})


def _post(body: bytes) -> Any:
    return RequestFactory().post("/", body, content_type="application/json")


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


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/hooks/grafana/", "/pagerduty/v2/nothing", "/v2/x"])
def test_where_machines_call_what_is_not_there_is_told_in_json(client, path):
    answer = client.post(path, {}, "application/json", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("key", ["k3v9x0c2m4q8" + "a" * 20, f"ops_k3v9x0c2m4q8_{'A-' * 21}A"])
@pytest.mark.parametrize("path", ["/hooks/grafana/{}", "//hooks/grafana/{}/", "/hooks//sns/{};a=b"])
def test_the_access_log_has_no_key_however_its_door_is_written(rf, settings, caplog, path, key):
    settings.ACCESS_LOG = True
    caplog.set_level(logging.INFO, "opsportal.access")
    AccessLogMiddleware(lambda request: HttpResponse())(rf.post(path.format(key)))
    [line] = [record for record in caplog.records if record.name == "opsportal.access"]
    assert key not in line.__dict__["path"]
