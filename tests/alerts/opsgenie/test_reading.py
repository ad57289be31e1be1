"""What Opsgenie's API answers to who asks: alerts and requests."""

import pytest

from alerts.models import Alert
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import make_alert
from tests.alerts.posting import post

pytestmark = pytest.mark.django_db
DOOR = "/v2/alerts"
SCOPES = ("alerts:write", "alerts:read", "alerts:respond")


@pytest.fixture
def text():
    return make_key(*SCOPES)[1]


@pytest.fixture
def ask(client, text):
    def call(path, text=text, **query):
        answer = client.get(DOOR + path, query, headers={"Authorization": f"GenieKey {text}"})
        return answer.status_code, answer.json()

    return call


def create(text, **fields):
    payload = {"message": "Disk is full", "alias": "disk"} | fields
    return post(DOOR, payload, text, scheme="GenieKey")[2]


def test_an_alert_by_alias_and_by_id(ask, text):
    create(text, priority="P2", tags=["a", "b"], details={"host": "h1"}, entity="h1")
    create(text, priority="P2", tags=["a", "b"], details={"host": "h1"}, entity="h1")
    status, answer = ask("/disk", identifierType="alias")
    assert status == 200
    assert set(answer) == {"data", "took", "requestId"}
    alert = answer["data"]
    assert (alert["message"], alert["status"], alert["count"]) == ("Disk is full", "open", 2)
    assert (alert["priority"], alert["tags"]) == ("P2", ["a", "b"])
    assert (alert["details"], alert["entity"]) == ({"host": "h1"}, "h1")
    assert (alert["acknowledged"], alert["snoozed"]) == (False, False)
    number = Alert.objects.get().pk
    assert (alert["id"], alert["alias"]) == (str(number), "disk")
    assert ask(f"/{number}")[1]["data"] == alert


def test_a_closed_one_is_still_found_by_its_alias(ask, text):
    create(text)
    post(f"{DOOR}/disk/acknowledge", {}, text, query="identifierType=alias")
    assert ask("/disk", identifierType="alias")[1]["data"]["acknowledged"] is True
    post(f"{DOOR}/disk/close", {}, text, query="identifierType=alias")
    assert ask("/disk", identifierType="alias")[1]["data"]["status"] == "closed"


def test_only_what_came_in_here_from_ones_own_team_is_found(ask, text):
    create(text)
    number, native = Alert.objects.get().pk, make_alert()
    theirs = make_key(*SCOPES, team=make_team())[1]
    for path, key in (
        (f"/{native.pk}", text), ("/x", text), ("/0", text), ("/" + "9" * 40, text),
        (f"/{number}", theirs),
    ):  # fmt: skip
        status, answer = ask(path, key)
        assert (status, answer["message"]) == (404, "Alert does not exist."), path
    assert ask("/disk", theirs, identifierType="alias")[0] == 404
    assert ask("/a%00b", identifierType="alias")[0] == 404


def test_what_became_of_a_request(ask, text):
    created = create(text)
    status, answer = ask(f"/requests/{created['requestId']}")
    assert status == 200
    found = answer["data"]
    assert (found["success"], found["isSuccess"], found["action"]) == (True, True, "Create")
    assert (found["alias"], found["alertId"]) == ("disk", str(Alert.objects.get().pk))
    acknowledged = post(f"{DOOR}/disk/acknowledge", {}, text, query="identifierType=alias")[2]
    done = ask(f"/requests/{acknowledged['requestId']}")[1]["data"]
    assert (done["success"], done["action"]) == (True, "Acknowledge")
    closed = post(f"{DOOR}/nothing/close", {}, text, query="identifierType=alias")[2]
    failed = ask(f"/requests/{closed['requestId']}")[1]["data"]
    assert (failed["success"], failed["status"]) == (False, "Alert does not exist")


def test_a_request_may_have_a_number_of_its_senders(ask, text):
    sent = {"Idempotency-Key": "mine"}
    created = post(DOOR, {"message": "Full"}, text, **sent)[2]
    assert created["requestId"] == "mine"
    assert ask("/requests/mine")[1]["data"]["action"] == "Create"


@pytest.mark.parametrize("path", ["/alertmanager/api/v2/alerts", "/api/v1/alerts"])
def test_what_the_key_sent_elsewhere_is_no_request_of_this_contract(ask, text, path):
    assert post(path, [], text, **{"Idempotency-Key": "mine"})[0] == 200
    assert ask("/requests/mine")[0] == 404


def test_requests_of_other_keys_are_not_found(ask, text):
    created = create(text)
    other = make_key(*SCOPES)[1]
    for path, key in ((created["requestId"], other), ("1-2", text), ("a%00b", text)):
        status, answer = ask(f"/requests/{path}", key)
        assert status == 404
        assert answer["message"].startswith("Request not found.")


@pytest.mark.parametrize("prefix", ["/v2/alerts", "/opsgenie/v2/alerts"])
def test_what_is_not_there_is_told_in_opsgenies_shape(client, text, prefix):
    headers = {"Authorization": f"GenieKey {text}"}
    answer = client.post(f"{prefix}/disk/tags", {}, "application/json", headers=headers)
    assert answer.status_code == 405
    assert set(answer.json()) == {"message", "took", "requestId"}
    assert client.get(f"{prefix}/disk").status_code == 401
