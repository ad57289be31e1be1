"""Every endpoint for machines says who may use it, and 401, 403 and 404 are what they should be."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import SCOPES, create_key
from opsportal.accounts.models import User
from opsportal.lib.times import utc_now
from tests.opsportal.endpoints import KEY, NATIVE, Endpoint
from tests.opsportal.foreign_endpoints import FOREIGN, OPEN, PREFIXES

MACHINES = ("api/", *PREFIXES)
ENDPOINTS = [*NATIVE, *FOREIGN]


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
    key, headers, path = "none", {}, path or endpoint.path
    if scopes:
        key = create_key("test", scopes, actor=COMMAND_LINE, now=utc_now())[1]
        headers = {} if KEY in path else {"Authorization": f"Bearer {key}"}
    send, path = getattr(Client(), endpoint.method), path.replace(KEY, key)
    if endpoint.method == "get":
        return send(path, headers=headers)
    return send(path, endpoint.body, content_type="application/json", headers=headers)


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
        if endpoint.path.startswith("/api/v1/"):
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
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
            if endpoint.path.startswith("/api/v1/"):
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
