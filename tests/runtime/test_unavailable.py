"""The database goes away for a while: 503 meanwhile, and then as before."""

import urllib.error
import urllib.request

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from tests.portal import running_portal
from tests.waiting import wait_until

HTML = {"accept": "text/html,application/xhtml+xml"}


class LosingMiddleware:
    """Loses the database where sessions would: outside the view."""

    error: Exception = OperationalError("server closed the connection unexpectedly")

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.endswith("/late"):
            self.get_response(request)
        raise self.error


def losing_view(request):
    raise InterfaceError("connection already closed")


def broken_view(request):
    raise ValueError("a secret detail")


urlpatterns = [
    path("api/v1/view", losing_view),
    path("page", losing_view),
    path("api/v1/broken", broken_view),
    path("broken", broken_view),
    path("api/v1/late", lambda request: HttpResponse("done")),
]
handler500 = "opsportal.lib.api.handlers.failed"
MIDDLEWARE = [
    "opsportal.lib.requests.RequestIdMiddleware",
    "opsportal.lib.requests.UnavailableMiddleware",
]
LOSING = [*MIDDLEWARE, f"{__name__}.LosingMiddleware"]


@pytest.fixture
def lenient(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = MIDDLEWARE
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("middleware", "url"),
    [(MIDDLEWARE, "/api/v1/view"), (LOSING, "/api/v1/view"), (LOSING, "/api/v1/late")],
)
def test_a_lost_database_is_503_in_views_and_in_middleware(lenient, middleware, url):
    with override_settings(MIDDLEWARE=middleware):
        answer = lenient.get(url, headers=HTML)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["X-Request-ID"]
    assert answer.json()["code"] == "unavailable"


def test_browsers_get_a_page_that_tries_again(lenient):
    answer = lenient.get("/page", headers=HTML)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
    assert 'http-equiv="refresh"' in answer.text


def test_other_errors_are_500_in_the_one_shape_and_keep_their_details(lenient):
    answer = lenient.get("/api/v1/broken", headers={"X-Request-ID": "abc-1"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "error"
    assert answer.headers["X-Request-ID"] == "abc-1"
    assert "secret" not in answer.text
    page = lenient.get("/broken", headers=HTML)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "secret" not in page.text


def post(portal):
    """Status and Retry-After of a post of the same alert through the fast door."""
    request = urllib.request.Request(
        f"{portal.url}/api/v1/alerts",
        data=b'{"name": "DiskFull"}',
        headers={"Authorization": f"Bearer {portal.key}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"]


@pytest.mark.processes
@pytest.mark.postgres
def test_ten_seconds_without_postgresql_are_503_and_then_all_is_as_before(
    tmp_path, postgres_server
):
    if connection.vendor == "sqlite":
        pytest.skip("part of make test-postgres")
    with running_portal(tmp_path, {"OPSPORTAL_DATABASE_URL": postgres_server.url}) as portal:
        wait_until(portal.ready, 60)
        before = set(portal.pids())
        cookie = {"Cookie": "sessionid=0123456789abcdef0123456789abcdef", "Accept": "text/html"}
        assert {post(portal)[0] for _ in range(20)} == {201, 200}
        for number in range(8):  # every web thread may hold a connection that is about to die
            assert portal.get("/admin/login/", cookie)[0] == 200, number
        postgres_server.stop()
        assert portal.get("/healthz")[0] == 200
        status, body = portal.get("/readyz")
        assert (status, '"database": {"ok": false' in body) == (503, True)
        status, body = portal.get("/admin/", cookie)
        assert (status, "Back in a moment" in body) == (503, True)
        assert {post(portal) for _ in range(20)} == {(503, "5")}
        wait_until(lambda: "the database is away" in portal.output(), 60)
        postgres_server.start()
        wait_until(portal.ready, 60)
        assert {post(portal)[0] for _ in range(40)} == {200}
        for _ in range(20):
            assert portal.get("/admin/login/", cookie)[0] == 200
        wait_until(lambda: "the database is back" in portal.output(), 60)
        # The web server and the dispatcher lived through it.
        kept = {pid for pid in before if pid in portal.pids("granian") + portal.pids("dispatch")}
        assert len(kept) >= 3
