"""GitLab's webhooks: events, their times, the key in the webhook's token."""

import json
from datetime import UTC, datetime

import pytest

from chronos.formats.gitlab import GitLabFormat
from chronos.models import ChangeEvent
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.posting import fixture
from tests.alerts.posting import post as post_json
from tests.chronos.rubbish import BROKEN, store_rubbish

DOOR, NOW = "/hooks/gitlab", utc_now().replace(microsecond=0)


def load(name):
    return json.loads(fixture(f"gitlab/{name}.json"))


def parse(payload):
    return GitLabFormat().parse(Received(json.dumps(payload).encode(), NOW))


def change_of(payload):
    (change,) = parse(payload).changes
    return change


def merged():
    payload = load("merge_request")
    payload["object_attributes"] |= {"action": "merge", "state": "merged"}
    return payload


def test_a_deployments_time_has_its_offset():
    change = change_of(load("deployment"))
    assert (change.kind, change.status, change.version) == ("deployment", "succeeded", "279484c0")
    assert change.ended_at == datetime(2021, 4, 28, 19, 50, tzinfo=UTC)
    assert (change.environment, change.commit) == (
        "staging",
        "279484c09fbe69ededfced8c1bb6e6d24616b468",
    )
    assert (change.actor, change.actor_type) == ("root", "user")
    assert [link["text"] for link in change.links] == ["environment", "job", "commit"]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2021-04-28 21:50:00 +0200", 19),
        ("2021-04-28 21:50:00 -0330", 1),
        ("2021-04-28 21:50:00 UTC", 21),
        ("2021-04-28T21:50:00Z", 21),
        ("2021-04-28T21:50:00.000+02:00", 19),
    ],
)
def test_every_way_of_writing_a_time(text, hour):
    payload = load("deployment") | {"status_changed_at": text}
    assert change_of(payload).ended_at.hour == hour


@pytest.mark.parametrize(
    ("state", "ours"),
    [("created", "planned"), ("running", "started"), ("success", "succeeded"),
     ("failed", "failed"), ("canceled", "cancelled"), ("approved", None)],
)  # fmt: skip
def test_states_of_a_deployment(state, ours):
    changes = parse(load("deployment") | {"status": state}).changes
    assert [change.status for change in changes] == ([ours] if ours else [])


def test_start_and_end_fold_into_one(db):
    _, text = make_key("events:write")
    running = load("deployment") | {
        "status": "running",
        "status_changed_at": "2021-04-28 21:40:00 +0200",
    }
    for payload in (load("deployment"), running):
        assert post_json(DOOR, payload, **{"X-Gitlab-Token": text})[0] == 200
    event = ChangeEvent.objects.get()
    assert (event.status, event.started_at.minute, event.ended_at.minute) == ("succeeded", 40, 50)


@pytest.mark.parametrize(
    ("payload", "kind", "action", "title"),
    [
        (load("push"), "code", "pushed", "4 commits pushed to master of diaspora: fixed readme"),
        (load("tag_push"), "tag", "created", "Tag v1.0.0 of example created"),
        (load("release"), "release", "published", "Release v1.1 of release-webhook-example"),
        (load("pipeline"), "job", "", "Pipeline for branch: master of gitlab-test on master"),
        (merged(), "code", "merged", "!1 merged into master of gitlab-test: MS-Viewport"),
        (
            load("feature_flag"),
            "flag",
            "enabled",
            "Flag test-feature-flag of gitlab-test is on",
        ),
    ],
    ids=["push", "tag", "release", "pipeline", "merge", "flag"],
)
def test_other_events(payload, kind, action, title):
    change = change_of(payload)
    assert (change.kind, change.action, change.title) == (kind, action, title)


def test_what_is_no_change_is_noted():
    nothing = "0" * 40
    for payload in (
        load("merge_request"),
        load("push") | {"ref": "refs/heads/topic"},
        load("push") | {"after": nothing},
        load("release") | {"action": "update"},
        {"object_kind": "note"},
    ):
        parsed = parse(payload)
        assert (parsed.changes, bool(parsed.note)) == ((), True)
    assert change_of(load("tag_push") | {"after": nothing}).action == "deleted"


def test_a_flag_says_what_it_was_and_is():
    change = change_of(load("feature_flag"))
    assert (change.before, change.after) == ({"active": False}, {"active": True})


def test_a_retry_changes_nothing_but_a_hook_that_a_hook_set_off_does(db):
    _, text = make_key("events:write")
    uuid = {"X-Gitlab-Token": text, "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e"}
    for name, count in (("feature_flag", 1), ("feature_flag", 1), ("tag_push", 2)):
        assert post_json(DOOR, load(name), **uuid)[0] == 200
        assert ChangeEvent.objects.count() == count
    numbered = {"X-Gitlab-Token": text, "Idempotency-Key": "f5e57ee5"}
    first, again = (post_json(f"{DOOR}/{text}", load("tag_push"), **numbered) for _ in range(2))
    assert first[2] == again[2]
    assert ChangeEvent.objects.count() == 3


def test_a_hidden_address_is_no_address():
    payload = load("deployment")
    payload["user"]["email"] = "[REDACTED]"
    assert change_of(payload).actor_email == ""
    payload["user"]["username"] = "project_30_bot_abc"
    assert change_of(payload).actor_type == "automation"


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(PayloadError):
        GitLabFormat().parse(Received(body, NOW))


@pytest.mark.parametrize("name", ["deployment", "push", "release", "pipeline", "feature_flag"])
def test_rubbish_in_any_field_is_stored_or_refused(db, name):
    stored, refused = store_rubbish(DOOR, load(name), NOW)
    assert stored > refused
    store_rubbish(DOOR, merged(), NOW)
