"""The health of collecting: pages, the API, and "collect now"."""

import json

import pytest

from opsportal.accounts.models import AuditEntry
from opsportal.lib.aws import Unknown
from security.models import Collection, Scope
from tests.accounts.people import bearer, make_key, make_person, make_team
from tests.security.collecting import later
from tests.security.things import DENIED, account, sweep

pytestmark = pytest.mark.django_db
HEALTH = "/security/health/"


@pytest.fixture
def troubled(sky):
    """One account with two regions: one of them is refused, one has a facet that is."""
    sky.there = {"a": {"rules": Unknown("AccessDenied", "<b>no</b>", "test:GetRules")}}
    sky.before_listing = lambda number: sky.fails.update({0: DENIED} if number == 2 else {})
    watched = account(regions=["eu-west-1", "us-east-1"])
    sweep()
    sky.fails.clear()
    return watched


@pytest.fixture
def viewer(client):
    client.force_login(make_person("viewer"))
    return client


def test_the_matrix_says_what_is_complete_and_what_is_refused(viewer, troubled):
    page = viewer.get(HEALTH).content.decode()
    assert "is-bad" in page
    assert "denied" in page
    assert "1 error" in page
    assert "us-east-1" in page
    assert "Collect all now" not in page
    assert viewer.get(f"{HEALTH}?account=123456789012").status_code == 200
    for odd in ("1", "x%00", "9" * 500):
        assert viewer.get(f"{HEALTH}?account={odd}").status_code == 404


def test_errors_say_what_to_grant_and_markup_is_none(viewer, troubled):
    page = viewer.get(f"{HEALTH}errors/").content.decode()
    assert "<code>test:GetRules</code>" in page
    assert "<code>test:ListThings</code>" in page
    assert "<b>no</b>" not in page
    assert viewer.get(f"{HEALTH}errors/?account=123456789012&before=1").status_code == 200
    assert viewer.get(f"{HEALTH}errors/?before=x%00").status_code == 200
    assert viewer.get(f"{HEALTH}errors/?account=1").status_code == 404


def test_a_scope_shows_its_log(viewer, troubled):
    scope = Scope.objects.get(outcome="denied")
    page = viewer.get(f"{HEALTH}scopes/{scope.pk}/").content.decode()
    assert "AccessDenied" in page
    assert "Not complete in a row" in page
    assert viewer.get(f"{HEALTH}scopes/{scope.pk}/?before=0").status_code == 200
    assert viewer.get(f"{HEALTH}scopes/999999/").status_code == 404


def test_pages_ask_as_much_for_many_scopes_as_for_few(
    viewer, troubled, django_assert_max_num_queries
):
    for number in range(6):
        regions = ["eu-west-1", "us-east-1", "eu-north-1"]
        account(f"{number:012}", f"a{number}", regions=regions)
    sweep(later(minutes=5))
    sweep(later(minutes=10))
    scope = Scope.objects.first()
    for path in (HEALTH, f"{HEALTH}errors/", f"{HEALTH}scopes/{scope.pk}/"):
        with django_assert_max_num_queries(12):
            viewer.get(path)


def test_responders_of_the_team_collect_now_and_it_is_audited(client, viewer, sky):
    team = make_team()
    watched = account(regions=["eu-west-1", "us-east-1"], team=team)
    sweep()
    body = {"account": "123456789012"}
    assert viewer.post(f"{HEALTH}collect/", body).status_code == 403
    client.force_login(make_person("responder"))
    assert client.post(f"{HEALTH}collect/", body).status_code == 403
    client.force_login(make_person("responder", team))
    assert client.post(f"{HEALTH}collect/", {}).status_code == 404
    answer = client.post(f"{HEALTH}collect/", body)
    assert answer.headers["Location"] == f"{HEALTH}?account=123456789012"
    rows = Collection.objects.filter(state="due")
    assert sorted(rows.values_list("reason", "rank")) == [("person", 0)] * 2
    # Again it is the same two.
    scope = Scope.objects.first()
    answer = client.post(f"{HEALTH}collect/", {"scope": scope.pk})
    assert answer.headers["Location"] == f"{HEALTH}scopes/{scope.pk}/"
    assert rows.count() == 2
    assert AuditEntry.objects.filter(action="collect", target_id=str(watched.pk)).count() == 2


def test_the_api_reads_scopes_collections_and_errors(client, troubled):
    reader = bearer(make_key("security:read")[1])

    def ask(path):
        return client.get(f"/api/v1/security/{path}", headers=reader)

    (row,) = ask("scopes?outcome=denied").json()["results"]
    assert (row["account"], row["error_code"]) == ("123456789012", "AccessDenied")
    assert len(ask("scopes?account=123456789012&technology=test.thing").json()["results"]) == 2
    assert ask("scopes?region=global").json()["results"] == []
    (log,) = ask(f"collections?scope={row['id']}").json()["results"]
    assert (log["outcome"], log["targets"]) == ("denied", [])
    actions = {error["action"] for error in ask("errors").json()["results"]}
    assert actions == {"test:GetRules", "test:ListThings"}
    for odd in (
        "scopes?outcome=x", "scopes?account=%00", "collections?scope=x", "errors?cleared=maybe",
        "collections?scope=99999999999999999999", "scopes?cursor=x",
    ):  # fmt: skip
        assert ask(odd).status_code == 400, odd


def test_the_api_collects_now(client, sky):
    account(regions=["eu-west-1", "us-east-1"])
    sweep()
    writer = bearer(make_key("security:write")[1])

    def ask(body):
        return client.post(
            "/api/v1/security/collect", body, content_type="application/json", headers=writer
        )

    answer = ask({"account": "123456789012", "region": "eu-west-1"})
    assert (answer.status_code, answer.json()) == (202, {"scopes": 1})
    assert ask({"account": "123456789012"}).json() == {"scopes": 2}
    assert Collection.objects.filter(state="due", rank=0).count() == 2
    assert ask({"account": "123456789012", "technology": "x"}).json() == {"scopes": 0}
    assert AuditEntry.objects.filter(action="collect").count() == 2
    for odd in ({}, {"account": "000000000000"}, {"account": 7 * "9" * 9}, {"account": ["x"]}, []):
        assert ask(odd).status_code == 400, odd
    nul = json.dumps({"account": "123456789012", "region": "\0"})
    assert ask(nul).status_code == 400


def test_the_admin_only_reads(client, troubled):
    client.force_login(make_person("administrator"))
    for name in ("scope", "collection", "collectorerror"):
        assert client.get(f"/admin/security/{name}/").status_code == 200
        assert client.get(f"/admin/security/{name}/add/").status_code == 403
    row = Scope.objects.first()
    assert client.get(f"/admin/security/scope/{row.pk}/change/").status_code == 200
