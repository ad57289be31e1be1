"""The API of configurations: lists, one, differences, exports, comments and reviews."""

import csv
import io
import json

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from opsportal.accounts.models import AuditEntry
from security.models import Comment, ConfigRevision, Review
from tests.accounts.people import bearer, make_key
from tests.security.collecting import later, make_account
from tests.security.revising import group_of, make_resource, revise, rule

pytestmark = pytest.mark.django_db
THEN = "2026-03-02T12:30Z"


@pytest.fixture
def ask(client):
    headers = bearer(make_key("security:read", "security:write")[1])

    def send(path, body=None, status=None, **params):
        address = f"/api/v1/security/{path}"
        if body is None:
            answer = client.get(address, params, headers=headers)
        else:
            answer = client.post(address, body, content_type="application/json", headers=headers)
        assert answer.status_code == (status or (200 if body is None else answer.status_code))
        return answer.json() if answer.headers["Content-Type"] == "application/json" else answer

    return send


@pytest.fixture
def group():
    account = make_account()
    resource = make_resource(account, "sg-1", group_of(rule()), tags={"env": "=dev"})
    resource.tags = {"env": "prod"}
    revise(resource, group_of(rule("0.0.0.0/0", "temp")), at=later(hours=1), actor="ann")
    return resource


def test_resources_now_and_at_a_time(ask, group):
    (now,) = ask("resources")["results"]
    assert (now["resource_id"], now["tags"], now["revision"]) == ("sg-1", {"env": "prod"}, None)
    (then,) = ask("resources", at=THEN, match='{env="=dev"}')["results"]
    assert (then["revision"]["number"], then["tags"]) == (1, {"env": "=dev"})
    assert ask("resources", at="2026-03-01T00:00Z")["results"] == []
    assert ask("resources", account="999999999999")["results"] == []


def test_one_resource_now_and_at_a_time(ask, group):
    assert ask(f"resources/{group.pk}")["config"]["rules"][0]["peer"] == "0.0.0.0/0"
    assert ask(f"resources/{group.pk}", at=THEN)["config"]["rules"][0]["peer"] == "10.0.0.0/8"
    assert ask(f"resources/{group.pk}", at="2026-03-01", status=404)["code"] == "not_found"
    assert ask(f"resources/{group.pk}", at="x", status=400)["errors"][0]["field"] == "at"
    for odd in ("x", "0", "9" * 30, "-1"):
        assert ask(f"resources/{odd}", status=404)["code"] == "not_found"


def test_what_is_deleted_keeps_its_history(ask, group):
    revise(group, group_of(rule()), at=later(hours=2), kind="deleted")
    assert ask("resources")["results"] == []
    rows = ask(f"resources/{group.pk}/revisions")["results"]
    assert [row["kind"] for row in rows] == ["deleted", "changed", "created"]
    assert ask(f"resources/{group.pk}")["state"] == "deleted"


def test_revisions_page_by_page(ask, group):
    first = ask("revisions", limit=1)
    assert first["results"][0]["summary"].startswith("- in tcp 22 ipv4 10.0.0.0/8; + in tcp 22")
    second = ask(first["next"].partition("/security/")[2])
    assert [row["kind"] for row in second["results"]] == ["created"]
    assert second["next"] is None
    assert [row["number"] for row in ask("revisions", actor="ann")["results"]] == [2]
    assert ask("revisions", kind="x", status=400)["errors"][0]["field"] == "kind"


def test_one_revision_with_its_lines(ask, group):
    row = ConfigRevision.objects.get(number=2)
    assert [line["text"] for line in ask(f"revisions/{row.pk}")["lines"]] == [
        "in tcp 22 ipv4 10.0.0.0/8",
        'in tcp 22 ipv4 0.0.0.0/0 "temp"',
    ]


def test_two_revisions_compared(ask, group):
    one, two = ConfigRevision.objects.order_by("number").values_list("pk", flat=True)
    found = ask("diff", **{"from": one, "to": two})
    assert [line["sign"] for line in found["lines"]] == ["-", "+"]
    assert ask("diff", **{"from": one, "to": one}) == {"lines": [], "same": True}
    assert ask("diff", to=two, status=400)["errors"][0]["field"] == "from"
    assert ask("diff", **{"from": one, "to": "9" * 20}, status=400)["code"] == "invalid"


def test_addresses_at_a_time(ask, group):
    (use,) = ask("addresses", q="10.1.2.3", at=THEN)["results"]
    assert (use["cidr"], use["note"], use["resource"]["resource_id"]) == (
        "10.0.0.0/8", "tcp 22", "sg-1",
    )  # fmt: skip
    assert ask("addresses", q="x", status=400)["errors"][0]["field"] == "q"
    assert ask("addresses", status=400)["errors"][0]["field"] == "q"


def test_exports_are_safe_in_spreadsheets_and_complete(ask, group, monkeypatch):
    monkeypatch.setattr("security.api.history_export._PAGE", 1)
    make_resource(group.account, "sg-2", group_of(name="=cmd()"), at=later(minutes=5))
    rows = list(csv.DictReader(io.StringIO(b"".join(ask("resources.csv")).decode())))
    assert [row["resource_id"] for row in rows] == ["sg-1", "sg-2"]
    assert rows[1]["name"] == "'=cmd()"
    lines = b"".join(ask("resources.jsonl", at=THEN)).splitlines()
    assert [json.loads(line)["revision"]["number"] for line in lines] == [1, 1]
    assert json.loads(lines[0])["config"]["rules"][0]["peer"] == "10.0.0.0/8"
    lines = b"".join(ask("revisions.jsonl")).splitlines()
    assert [json.loads(line)["number"] for line in lines] == [2, 1, 1]
    [row] = csv.DictReader(io.StringIO(b"".join(ask("revisions.csv", actor="ann")).decode()))
    assert (row["resource_id"], row["arn"]) == ("sg-1", group.arn)
    assert row["url"].startswith(settings.PUBLIC_URL + "/security/revisions/")
    assert ask("resources.csv", at="x", status=400)["code"] == "invalid"


def test_comments(ask, group):
    revision = ConfigRevision.objects.get(number=2)
    path = f"resources/{group.pk}/comments"
    made = ask(path, {"text": "why?", "revision": revision.pk}, status=201)
    assert (made["author"], made["revision"]) == ("key sender", revision.pk)
    assert [row["text"] for row in ask(path)["results"]] == ["why?"]
    other = make_resource(group.account, "sg-2", group_of())
    foreign = ConfigRevision.objects.get(resource=other)
    assert ask(path, {"text": "x", "revision": foreign.pk}, status=400)["code"] == "invalid"
    for bad in ({}, {"text": ""}, {"text": "\0"}, {"text": "x" * 5000}, {"text": ["x"]}):
        assert ask(path, bad, status=400)["code"] == "invalid"
    assert Comment.objects.count() == 1
    assert AuditEntry.objects.filter(action="comment").count() == 1


def test_reviews(ask, group):
    ids = [*ConfigRevision.objects.order_by("pk").values_list("pk", flat=True)]
    assert ask("reviews", {"revisions": [*ids, 999999], "note": "ok"}) == {"reviewed": ids}
    assert ask("reviews", {"revisions": ids}) == {"reviewed": []}
    assert Review.objects.filter(reviewer="key sender", note="ok").count() == 2
    assert ask("revisions", reviewed="yes", since="2026-01-01")["results"][0]["review"]["note"]
    for bad in ({}, {"revisions": []}, {"revisions": ["x"]}, {"revisions": [10**30]},
                {"revisions": list(range(1, 502))}, {"revisions": ids, "note": "\0"}):  # fmt: skip
        assert ask("reviews", bad, status=400)["code"] == "invalid"


@pytest.mark.parametrize(
    "path", ["resources", f"resources?at={THEN}", "revisions", "addresses?q=::/0"]
)
def test_no_list_asks_more_for_more_rows(ask, group, path):
    def count():
        with CaptureQueriesContext(connection) as queries:
            ask(path)
        return len(queries)

    count()  # the key is seen for the first time
    few = count()
    for number in range(10):
        make_resource(group.account, f"sg-1{number}", group_of(rule("::/0")))
    assert count() == few <= 6
