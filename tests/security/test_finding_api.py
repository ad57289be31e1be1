"""Findings, checks and acceptances over REST."""

import json
from datetime import timedelta

import pytest

from opsportal.lib.times import utc_now
from security.models import RiskAcceptance
from tests.accounts.people import make_key, make_team
from tests.security.collecting import make_account
from tests.security.findings import CHECKS, audit, finding, make_acceptance, make_resource, states

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/security/"


@pytest.fixture(autouse=True)
def account(settings):
    settings.AUDITORS = CHECKS
    return make_account(team=make_team("cloud"))


@pytest.fixture
def row(account):
    found = make_resource(account, name="=1+1", issues=[["a", 6], ["b", 9]])
    audit(found)
    return found


class Api:
    def __init__(self, client, **options):
        _, secret = make_key("security:read", "security:write", **options)
        self._client, self._key = client, {"Authorization": f"Bearer {secret}"}

    def get(self, path, **params):
        return self._client.get(ROOT + path, params, headers=self._key)

    def post(self, path, **body):
        return self._client.post(
            ROOT + path, json.dumps(body), content_type="application/json", headers=self._key
        )

    def delete(self, path):
        return self._client.delete(ROOT + path, headers=self._key)


@pytest.fixture
def api(client):
    return Api(client)


def test_findings_are_listed_the_worst_first_and_paged(api, row, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        first = api.get("findings", limit=1).json()
    assert [found["subject"] for found in first["results"]] == ["b"]
    assert (first["results"][0]["check"], first["results"][0]["actor"]) == ("T-01", "alice")
    cursor = first["next"].partition("cursor=")[2].partition("&")[0]
    rest = api.get("findings", limit=1, cursor=cursor).json()
    assert ([found["subject"] for found in rest["results"]], rest["next"]) == (["a"], None)
    assert api.get("findings", status="sideways").status_code == 400


@pytest.mark.parametrize(
    ("params", "shown"),
    [({"min_score": 9}, ["b"]), ({"match": '{score>="9"}'}, ["b"]),
     ({"match": '{subject="a"}', "q": "open"}, ["a"]), ({"match": '{subject="a"}', "q": "b"}, [])],
)  # fmt: skip
def test_a_score_and_matchers_narrow_as_in_other_lists(api, row, params, shown):
    found = api.get("findings", **params).json()["results"]
    assert [one["subject"] for one in found] == shown


@pytest.mark.parametrize("params", [{"min_score": "abc"}, {"match": "score"}, {"q": "{x"}])
def test_what_cannot_be_understood_is_refused(api, row, params):
    assert api.get("findings", **params).status_code == 400


def test_a_finding_has_its_evidence_and_history(api, row):
    found = api.get(f"findings/{finding().pk}").json()
    assert (found["evidence"], found["history"][0]["status"]) == ({"rules": ["a"]}, "open")
    assert found["url"].endswith(f"/security/findings/{finding().pk}/")


def test_exports_are_what_is_listed(api, row):
    text = b"".join(api.get("findings.csv", score=7).streaming_content).decode()
    head, line = text.splitlines()
    assert head.startswith("id,check,label,status,score")
    assert "'=1+1" in line
    lines = b"".join(api.get("findings.jsonl").streaming_content).splitlines()
    assert [json.loads(found)["score"] for found in lines] == [9, 6]
    assert api.get("findings.csv", status="sideways").status_code == 400


def test_checks_tell_what_they_found(api, row):
    first = api.get("checks").json()[0]
    assert (first["id"], first["open"], first["passes"]) == ("T-01", 2, 0)


def soon():
    return {"reason": "proxy", "expires_at": (utc_now() + timedelta(days=9)).isoformat()}


def test_findings_are_accepted_and_ended(api, row):
    answer = api.post("acceptances", findings=[finding().pk], **soon())
    assert answer.status_code == 201, answer.content
    (made,) = answer.json()
    assert (made["max_score"], made["waiting"]) == (6, False)
    assert states()[0] == ("a", "accepted", 6)
    assert api.get("acceptances").json()["results"] == [made]
    assert api.get(f"acceptances/{made['id']}").json() == made
    assert api.delete(f"acceptances/{made['id']}?reason=mended").status_code == 204
    assert states()[0] == ("a", "open", 6)
    assert api.get("acceptances").json()["results"] == []
    assert api.get("acceptances", all="1").json()["results"][0]["ended_reason"] == "mended"
    assert api.delete(f"acceptances/{made['id']}").status_code == 409


def test_a_check_is_accepted_in_an_account(api, account, row):
    given = {"check": "T-01", "account": account.account_id, "max_score": 7, **soon()}
    assert api.post("acceptances", **given).status_code == 201
    assert states() == [("a", "accepted", 6), ("b", "open", 9)]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400), ({"findings": []}, 400), ({"findings": [999]}, 404), ({"findings": ["x"]}, 400),
        ({"findings": [2**70]}, 400), ({"check": "T-01"}, 400),
        ({"check": "T-01", "max_score": 3}, 400),
        ({"check": "T-01", "max_score": 3, "account": "123"}, 404),
        ({"check": "nope", "max_score": 3, "match": '{a="b"}'}, 400),
        ({"check": "T-01", "max_score": 3, "match": "{a"}, 400),
        ({"check": "T-01", "max_score": 3, "match": "a\0"}, 400),
        ({"check": "T-01", "max_score": 8, "match": '{a="b"}'}, 400),
        ({"check": "T-01", "max_score": 3, "resource": 2**62}, 404),
        ({"check": "T-01", "max_score": 3, "match": '{a="b"}', "expires_at": "2000-01-01"}, 400),
        ({"check": "T-01", "max_score": 3, "match": '{a="b"}', "reason": " "}, 400),
        ({"check": "T-01", "max_score": 99, "match": '{a="b"}'}, 400),
    ],
)  # fmt: skip
def test_what_is_not_right_is_refused_and_nothing_is_stored(api, row, given, status):
    assert api.post("acceptances", **{**soon(), **given}).status_code == status
    assert not RiskAcceptance.objects.exists()


def test_a_teams_key_accepts_its_own_risks_alone(client, account, row):
    mine, others = Api(client, team=account.team), Api(client, team=make_team("others"))
    given = {"findings": [finding().pk], **soon()}
    assert others.post("acceptances", **given).status_code == 403
    everywhere = {"check": "T-01", "match": '{a="b"}', "max_score": 3, **soon()}
    assert mine.post("acceptances", **everywhere).status_code == 403
    (made,) = mine.post("acceptances", **given).json()
    assert others.delete(f"acceptances/{made['id']}").status_code == 403


def test_a_key_approves_nothing(api, row):
    made = make_acceptance(finding("b"), approved_by="", expires_at=utc_now() + timedelta(days=9))
    answer = api.post(f"acceptances/{made.pk}/approve")
    assert (answer.status_code, "Only a person" in answer.content.decode()) == (409, True)


def test_ids_that_are_none_are_not_found(api):
    for text in ("x", "²", "9" * 30, "-1"):
        assert api.get(f"findings/{text}").status_code == 404
        assert api.get(f"acceptances/{text}").status_code == 404
