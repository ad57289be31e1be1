"""GitHub's webhooks: which events are changes, how reports fold, signatures, redelivery."""

import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256
from itertools import permutations
from urllib.parse import urlencode

import pytest
from django.test import Client

from alerts.change import save_signing_secret
from alerts.models import RawDelivery, SigningSecret
from alerts.replay import replay_delivery
from chronos.formats.github import GitHubFormat
from chronos.models import ChangeEvent
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.makers import JO
from tests.alerts.posting import fixture
from tests.alerts.posting import post as post_json
from tests.chronos.rubbish import BROKEN, lean, store_rubbish

DOOR, NOW = "/hooks/github", utc_now().replace(microsecond=0)
SECRET = "correct horse battery"
READ = {
    "deployment", "deployment_status", "repository", "sender", "id", "state", "creator", "login",
    "type", "environment", "target_url", "created_at", "sha", "ref", "task", "payload", "full_name",
    "name", "default_branch", "description", "action", "release", "tag_name", "published_at",
    "author", "html_url", "body", "workflow_run", "conclusion", "run_attempt", "head_branch",
    "updated_at", "registry_package", "package_version", "version", "package_url", "ref_type",
    "pull_request", "merged", "merged_by", "merged_at", "number", "base", "head", "title",
}  # fmt: skip


def load(name):
    return json.loads(fixture(f"github/{name}.json"))


def parse(name, payload=None):
    body = json.dumps(payload or load(name)).encode()
    return GitHubFormat().parse(Received(body, NOW, headers={"x-github-event": name}))


def change_of(name, payload=None):
    (change,) = parse(name, payload).changes
    return change


def status(state, second=0):
    payload = load("deployment_status")
    payload["deployment_status"] |= {"state": state, "created_at": f"2019-05-15T15:21:{second:02}Z"}
    # It moves when another deployment takes this one's place.
    payload["deployment"]["updated_at"] = "2019-06-01T00:00:00Z"
    return payload


def post(payload, text, event="deployment_status", **headers):
    return post_json(DOOR, payload, text, **{"X-GitHub-Event": event, **headers})


@pytest.fixture
def key(db):
    return make_key("events:write", name="repositories", short=True)


def test_a_deployment_of_github_is_one_of_ours():
    change = change_of("deployment_status")
    assert (change.kind, change.status, change.service) == (
        "deployment",
        "succeeded",
        "Hello-World",
    )
    assert (change.environment, change.version) == ("production", "f95f852bd8fc")
    assert change.commit == "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
    assert change.started_at == datetime(2019, 5, 15, 15, 20, 53, tzinfo=UTC)
    assert change.ended_at == datetime(2019, 5, 15, 15, 20, 55, tzinfo=UTC)
    assert (change.actor, change.actor_type) == ("Codertocat", "user")
    assert change.external_id == "Codertocat/Hello-World:deployment/145988746"


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        *((s, "started") for s in ("queued", "waiting", "pending", "in_progress")),
        ("success", "succeeded"),
        ("failure", "failed"),
        ("error", "failed"),
    ],
)
def test_states_of_a_deployment(state, ours):
    change = change_of("deployment_status", status(state))
    assert (change.status, change.ended_at is not None) == (ours, ours in {"succeeded", "failed"})


@pytest.mark.parametrize("state", ["inactive", "something new"])
def test_a_deployment_whose_place_another_took_has_neither_ended_nor_failed(state):
    parsed = parse("deployment_status", status(state))
    assert (parsed.changes, state in parsed.note) == ((), True)


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_reports_fold_in_any_order_and_the_first_final_status_is_the_end(key, order):
    states = [status("queued", 1), status("in_progress", 5), status("success", 20)]
    reports = [("deployment", load("deployment")), *(("deployment_status", s) for s in states)]
    for place in order:
        name, payload = reports[place]
        assert post(payload, key[1], name)[0] == 200
    assert post(status("inactive", 50), key[1])[2]["results"] == []
    event = ChangeEvent.objects.get()
    assert (event.status, event.reports) == ("succeeded", 4)
    assert event.started_at == datetime(2019, 5, 15, 15, 20, 53, tzinfo=UTC)
    assert event.ended_at == datetime(2019, 5, 15, 15, 21, 20, tzinfo=UTC)


def test_what_the_payload_of_a_deployment_says_counts():
    payload = status("success")
    payload["deployment"] |= {"payload": '{"app": "api", "version": "4.2"}', "task": "rollback"}
    change = change_of("deployment_status", payload)
    assert (change.kind, change.service, change.version) == ("rollback", "api", "4.2")
    payload["deployment"] |= {"payload": {}, "ref": "api-v1.2.3-rc1", "task": "deploy"}
    assert change_of("deployment_status", payload).version == "api-v1.2.3-rc1"


@pytest.mark.parametrize(
    ("name", "kind", "action", "title"),
    [
        ("release", "release", "published", "Release 0.0.1 of Hello-World"),
        ("workflow_run", "job", "", "test #163 of octo-repo on master"),
        ("create", "tag", "created", "Tag simple-tag of Hello-World created"),
        ("delete", "tag", "deleted", "Tag simple-tag of Hello-World deleted"),
        ("registry_package", "artifact", "published", "hello-world-npm sha256:3da19 published"),
    ],
)
def test_other_events(name, kind, action, title):
    change = change_of(name)
    assert (change.kind, change.action, change.title) == (kind, action, title)
    assert change.repository


def test_pushes_to_the_default_branch_and_merges_count():
    payload = load("push") | {
        "ref": "refs/heads/master", "deleted": False, "after": "b" * 40,
        "commits": [{"id": "b" * 40, "message": "Fix\n\nit", "timestamp": "2019-05-15T15:20:41Z"}],
        "head_commit": {"message": "Fix\n\nit", "timestamp": "2019-05-15T15:20:41Z"},
    }  # fmt: skip
    change = change_of("push", payload)
    assert change.title == "1 commit pushed to master of Hello-World: Fix"
    assert change.data["commits"][0]["timestamp"] == "2019-05-15T15:20:41Z"
    assert parse("push", payload | {"ref": "refs/heads/topic"}).changes == ()
    assert parse("push").note == "refs/tags/simple-tag is not the default branch."
    merged = load("pull_request")
    assert parse("pull_request", merged).changes == ()
    merged["pull_request"] |= {"merged": True, "merged_at": "2019-05-15T15:21:18Z"}
    change = change_of("pull_request", merged)
    assert (change.kind, change.action, change.subject) == ("code", "merged", "pull request 2")


@pytest.mark.parametrize("conclusion", ["success", "failure", "timed_out", "cancelled", "skipped"])
def test_a_workflow_run_ends_as_it_concludes(conclusion):
    payload = load("workflow_run")
    payload["workflow_run"]["conclusion"] = conclusion
    changes = parse("workflow_run", payload).changes
    ours = {"success": "succeeded", "cancelled": "cancelled", "skipped": ""}.get(
        conclusion, "failed"
    )
    assert [change.status for change in changes] == ([ours] if ours else [])


def test_a_ping_and_what_is_no_change_are_answered_and_kept(key):
    assert post(load("ping"), key[1], "ping")[::2] == (200, {"results": [], "note": "pong"})
    assert post({}, key[1], "star")[::2][0] == 200
    assert not ChangeEvent.objects.exists()
    assert set(RawDelivery.objects.values_list("verdict", flat=True)) == {"ignored"}


def test_both_content_types_are_read(key):
    payload = load("deployment_status")
    payload["deployment"]["payload"] = {"deploy_token": "s3cret"}
    body = urlencode({"payload": json.dumps(payload)})
    answer = Client().post(
        f"{DOOR}/{key[1]}",
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-GitHub-Event": "deployment_status"},
    )
    assert answer.status_code == 200
    assert ChangeEvent.objects.get().title == "Hello-World f95f852bd8fc to production"
    kept = RawDelivery.objects.get()
    assert "s3cret" not in kept.body
    again = GitHubFormat().parse(
        Received(kept.body.encode(), NOW, content_type=kept.content_type, headers=kept.headers)
    )
    assert again.changes[0].external_id == "Codertocat/Hello-World:deployment/145988746"
    wrong = Client().post(
        f"{DOOR}/{key[1]}",
        "payloads=1",
        content_type="application/x-www-form-urlencoded",
        headers={"X-GitHub-Event": "push"},
    )
    assert (wrong.status_code, "payload" in wrong.json()["message"]) == (400, True)


def test_a_redelivery_changes_nothing(key):
    numbered = {"X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
    first = post(load("create"), key[1], "create", **numbered)
    again = post(load("create"), key[1], "create", **numbered)
    assert first[2] == again[2]
    assert again[1]["Idempotent-Replayed"] == "true"
    assert ChangeEvent.objects.count() == 1
    assert post(load("create"), key[1], "create", **{"X-GitHub-Delivery": "other"})[0] == 200
    assert ChangeEvent.objects.count() == 2


def recorded():
    """But for what the portal says of itself."""
    return ChangeEvent.objects.filter(source="github")


class TestSignatures:
    @pytest.fixture
    def signed(self, key):
        signing = SigningSecret(key=key[0], secret=SECRET, timestamp_header="X-Time")
        save_signing_secret(signing, actor=JO, now=utc_now())
        return key

    def sign(self, body, secret=SECRET):
        return f"sha256={hmac.new(secret.encode(), body, sha256).hexdigest()}"

    def test_githubs_header_is_looked_at_whatever_the_secret_names(self, signed):
        body = fixture("github/deployment_status.json")
        assert post(body, signed[1], **{"X-Hub-Signature-256": self.sign(body)})[0] == 200
        assert recorded().count() == 1

    @pytest.mark.parametrize("forged", ["", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "\u00e9"])
    def test_a_forged_one_stores_nothing_and_is_kept_as_refused(self, signed, forged):
        body = fixture("github/deployment_status.json")
        status, _, answer = post(body, signed[1], **{"X-Hub-Signature-256": forged})
        assert (status, answer["code"]) == (403, "forbidden")
        assert "X-Hub-Signature-256" in answer["message"]
        assert not recorded().exists()
        row = RawDelivery.objects.get()
        assert (row.verdict, row.replayable) == ("refused", False)

    def test_another_secret_or_body_does_not_fit(self, signed):
        body = fixture("github/deployment_status.json")
        for wrong in (self.sign(body, "another secret text"), self.sign(body + b" ")):
            assert post(body, signed[1], **{"X-Hub-Signature-256": wrong})[0] == 403


def test_25_megabytes_are_taken_and_more_refused(key, settings):
    settings.MAX_BODY_BYTES = 1024
    payload = fixture("github/deployment_status.json").rstrip()
    padding = b'"padding": "' + b"x" * (25 * 1024 * 1024 - len(payload) - 15) + b'",'
    large = b"{" + padding + payload[1:]
    assert len(large) <= 25 * 1024 * 1024
    assert post(large, key[1])[0] == 200
    status, _, answer = post(large + b" " * 100_000, key[1])
    assert (status, answer["code"]) == (413, "too_large")
    assert "25 MiB" in answer["message"]
    assert ChangeEvent.objects.count() == 1


def test_a_failed_delivery_is_replayed_with_its_event(key):
    payload = load("deployment_status")
    del payload["deployment"]["id"]
    status, _, answer = post(payload, key[1])
    assert (status, answer["errors"][0]["field"]) == (400, "deployment.id")
    row = RawDelivery.objects.get()
    RawDelivery.objects.update(body=fixture("github/deployment_status.json").decode())
    assert replay_delivery(row, actor=JO, now=utc_now()).verdict == "stored"
    assert ChangeEvent.objects.get().status == "succeeded"


def test_without_an_event_it_is_none_of_githubs(key):
    status, _, answer = post_json(DOOR, {}, key[1])
    assert (status, answer["errors"][0]["field"]) == (400, "X-GitHub-Event")


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_json_object_is_refused(body):
    received = Received(body, NOW, headers={"x-github-event": "push"})
    with pytest.raises(PayloadError):
        GitHubFormat().parse(received)


@pytest.mark.parametrize("name", ["deployment_status", "release", "workflow_run", "pull_request",
                                  "registry_package", "create"])  # fmt: skip
def test_rubbish_in_any_field_is_stored_or_refused(db, name):
    payload = lean(load(name), READ)
    if name == "pull_request":
        payload["pull_request"]["merged"] = True
    stored, refused = store_rubbish(DOOR, payload, NOW, headers={"x-github-event": name})
    assert stored > refused
