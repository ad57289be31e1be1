"""Every endpoint for machines says who may use it, and 401, 403 and 404 are what they should be."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import SCOPES, create_key
from opsportal.accounts.models import User
from opsportal.lib.times import utc_now

MACHINES = ("api/", "alertmanager/")


@dataclass(frozen=True)
class Endpoint:
    """One row of the table: how to call a route, and what it takes."""

    route: str
    method: str
    scope: str | None  # None: any valid key
    found: str = ""  # the path of a call, where the route has parameters
    body: str = "{}"
    unknown: str = ""  # a path whose object does not exist

    @property
    def path(self) -> str:
        return "/" + (self.found or self.route)


def _reading(noun: str) -> Endpoint:
    return Endpoint(
        f"api/v1/alerts/<str:alert_id>/{noun}",
        "get",
        "alerts:read",
        found=f"api/v1/alerts/1/{noun}",
        unknown=f"/api/v1/alerts/999999/{noun}",
    )


def _action(verb: str) -> Endpoint:
    return Endpoint(
        f"api/v1/alerts/<str:alert_id>/{verb}",
        "post",
        "alerts:respond",
        found=f"api/v1/alerts/1/{verb}",
        unknown=f"/api/v1/alerts/999999/{verb}",
    )


def _remediation(verb: str, method: str, scope: str) -> Endpoint:
    return Endpoint(
        f"api/v1/remediations/<str:remediation_id>{verb}",
        method,
        scope,
        found=f"api/v1/remediations/1{verb}",
        unknown=f"/api/v1/remediations/999999{verb}",
    )


ENDPOINTS = [
    Endpoint("api/schema/", "get", None),
    Endpoint("api/docs/", "get", None),
    Endpoint("api/v1/whoami", "get", None),
    Endpoint("api/v1/alerts", "get", "alerts:read"),
    Endpoint("api/v1/alerts", "post", "alerts:write"),
    Endpoint("alertmanager/api/v2/alerts", "post", "alerts:write", body="[]"),
    Endpoint("api/v1/alerts/bulk", "post", "alerts:respond"),
    Endpoint(
        "api/v1/alerts/<str:alert_id>",
        "get",
        "alerts:read",
        found="api/v1/alerts/1",
        unknown="/api/v1/alerts/999999",
    ),
    Endpoint("api/v1/alerts/noise", "get", "alerts:read"),
    _reading("explain"),
    _reading("related"),
    *map(
        _action,
        ("acknowledge", "unacknowledge", "resolve", "assign", "snooze", "unsnooze", "notes"),
    ),
    Endpoint("api/v1/heartbeats", "get", "alerts:read"),
    *(
        Endpoint(
            "api/v1/heartbeats/<str:name>",
            method,
            scope,
            found="api/v1/heartbeats/backup",
            unknown="/api/v1/heartbeats/backup",
        )
        for method, scope in (
            ("get", "alerts:read"),
            ("post", "alerts:write"),
            ("put", "alerts:write"),
        )
    ),
    *(
        Endpoint(f"api/v1/{path}", method, scope)
        for path, method, scope in (
            ("silences", "get", "config:read"),
            ("silences", "post", "silences:write"),
            ("silences/preview", "post", "silences:write"),
            ("subscriptions", "get", "config:read"),
            ("subscriptions", "post", "subscriptions:write"),
            ("inhibitions", "get", "config:read"),
        )
    ),
    *(
        Endpoint(
            f"api/v1/{noun}s/<str:{noun}_id>",
            method,
            "config:read" if method == "get" else f"{noun}s:write",
            found=f"api/v1/{noun}s/1",
            unknown=f"/api/v1/{noun}s/999999",
        )
        for noun in ("silence", "subscription")
        for method in ("get", "patch", "delete")
    ),
    Endpoint("api/v1/rules", "get", "config:read"),
    Endpoint("api/v1/rules/preview", "post", "config:read", body='{"name": "draft"}'),
    Endpoint("api/v1/safety", "get", "alerts:read"),
    Endpoint("api/v1/safety/stop", "post", "alerts:respond"),
    Endpoint("api/v1/remediations", "get", "alerts:read"),
    _remediation("", "get", "alerts:read"),
    _remediation("/approve", "post", "alerts:respond"),
    _remediation("/reject", "post", "alerts:respond"),
    Endpoint("api/v1/channels", "get", "config:read"),
    Endpoint("api/v1/oncall", "get", "alerts:read"),
    Endpoint("api/v1/schedules", "get", "alerts:read"),
    Endpoint(
        "api/v1/schedules/<int:schedule_id>.ics",
        "get",
        "alerts:read",
        found="api/v1/schedules/1.ics",
        unknown="/api/v1/schedules/999999.ics",
    ),
    Endpoint(
        "api/v1/schedules/<str:schedule_id>",
        "get",
        "alerts:read",
        found="api/v1/schedules/1",
        unknown="/api/v1/schedules/999999",
    ),
    Endpoint(
        "api/v1/schedules/<str:schedule_id>/overrides",
        "post",
        "alerts:respond",
        found="api/v1/schedules/1/overrides",
        unknown="/api/v1/schedules/999999/overrides",
    ),
    Endpoint("api/v1/escalations", "get", "alerts:read"),
]
# For health checks, without a key.
OPEN = {"alertmanager/-/ready", "alertmanager/-/healthy"}


def routes(patterns: list[URLPattern | URLResolver], above: str = "") -> Iterator[str]:
    """Every route below the root."""
    for pattern in patterns:
        route = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def call(endpoint: Endpoint, *scopes: str, path: str = ""):
    """Call it with a new key of these scopes, or with none."""
    headers = {}
    if scopes:
        key = create_key("test", scopes, actor=COMMAND_LINE, now=utc_now())[1]
        headers["Authorization"] = f"Bearer {key}"
    send = getattr(Client(), endpoint.method)
    if endpoint.method == "get":
        return send(path or endpoint.path, headers=headers)
    body = endpoint.body
    return send(path or endpoint.path, body, content_type="application/json", headers=headers)


def test_every_endpoint_for_machines_has_a_row():
    declared = {endpoint.route for endpoint in ENDPOINTS} | OPEN
    found = {route for route in routes(get_resolver().url_patterns) if route.startswith(MACHINES)}
    assert found == declared


@pytest.mark.django_db
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.route}")
class TestEndpoint:
    def test_without_a_key_it_is_401(self, endpoint):
        answer = call(endpoint)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        if endpoint.path.startswith("/api/v1/"):
            assert answer.json()["code"] == "not_authenticated"

    def test_without_the_scope_it_is_403(self, endpoint):
        if endpoint.scope is None:
            assert call(endpoint, "metrics:read").status_code == 200
            return
        others = [scope for scope in SCOPES if scope != endpoint.scope]
        answer = call(endpoint, *others)
        assert answer.status_code == 403
        if endpoint.path.startswith("/api/v1/"):
            assert answer.json()["code"] == "forbidden"

    def test_with_the_scope_it_lets_in(self, endpoint):
        if endpoint.scope is not None:
            assert call(endpoint, endpoint.scope).status_code not in {401, 403, 405, 500}

    def test_what_is_not_there_is_404(self, endpoint):
        if endpoint.unknown:
            answer = call(endpoint, endpoint.scope or "", path=endpoint.unknown)
            assert answer.status_code == 404
            assert answer.json()["code"] == "not_found"

    def test_a_person_without_a_role_is_not_let_in(self, endpoint):
        client = Client()
        client.force_login(User.objects.create_user("eve"))
        if endpoint.method == "get":
            status = client.get(endpoint.path).status_code
        else:
            status = client.post(
                endpoint.path, endpoint.body, content_type="application/json"
            ).status_code
        allowed = {200} if endpoint.scope is None else {401, 403}
        assert status in allowed


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v1/alerts/1/2/3"])
def test_below_api_even_nothing_answers_in_the_one_shape(path):
    answer = Client().get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "message", "errors"}
