"""Sentry's releases and deploys: sentry-cli against the portal, and what becomes of them."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from chronos.formats.sentry import SentryReleaseFormat
from chronos.models import ChangeEvent
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.posting import post
from tests.chronos.rubbish import BROKEN, store_rubbish

CLIENT = Path(sys.executable).parent / "sentry-cli"
RELEASES = "/api/0/organizations/acme/releases/"
NOW = utc_now().replace(microsecond=0)


def at(seconds, fraction=""):
    """So long before now, as Sentry's clients write it."""
    return f"{NOW - timedelta(days=6, seconds=-seconds):%Y-%m-%dT%H:%M:%S}{fraction}Z"


RELEASE = {
    "version": "api@1.2.3",
    "projects": ["api"],
    "dateStarted": at(399, ".992019042"),
    "dateReleased": None,
    "url": "https://ci.example.org/1",
    "refs": [{"repository": "acme/api", "commit": "a" * 40, "previousCommit": "b" * 40}],
    "commits": [{"id": "a" * 40, "timestamp": at(0), "author_name": "Ann",
                 "message": "Fix\n\nit", "patch_set": [{"path": "a.py", "type": "M"}]}],
}  # fmt: skip
DEPLOY = {
    "environment": "prod",
    "name": "nightly",
    "url": "https://ci.example.org/1",
    "dateStarted": at(280, ".292441162"),
    "dateFinished": at(400, ".292441162"),
    "projects": ["api", "worker"],
}


@pytest.fixture
def key(db):
    return make_key("events:write", "events:read", name="pipeline")


@pytest.fixture
def sentry(live_server, key, tmp_path):
    """Runs sentry-cli with the portal for a Sentry; what it says."""

    def run(*arguments, text=key[1], code=0):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "SENTRY_URL": live_server.url,
            "SENTRY_AUTH_TOKEN": text,
            "SENTRY_ORG": "acme",
            "SENTRY_PROJECT": "api",
        }
        done = subprocess.run(
            [CLIENT, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_sentry_cli_creates_finalizes_and_deploys_a_release(sentry):
    assert "Created release api@1.2.3" in sentry("releases", "new", "api@1.2.3")
    event = ChangeEvent.objects.get()
    assert (event.kind, event.status, event.version) == ("release", "started", "1.2.3")
    assert "Finalized release" in sentry("releases", "finalize", "api@1.2.3")
    event.refresh_from_db()
    assert (event.status, event.service) == ("succeeded", "api")
    assert event.ended_at - event.started_at < timedelta(minutes=2)
    link = ("-n", "nightly", "-u", "https://ci.example.org/1", "-t", "120")
    sentry("deploys", "new", "-r", "api@1.2.3", "-e", "prod", *link)
    deploy = ChangeEvent.objects.get(kind="deployment")
    assert (deploy.service, deploy.environment, deploy.version) == ("api", "prod", "1.2.3")
    assert deploy.ended_at - deploy.started_at == timedelta(seconds=120)
    assert deploy.links[0]["href"] == "https://ci.example.org/1"


def test_sentry_cli_reads_back_what_it_wrote(sentry):
    sentry("releases", "new", "api@1.2.3", "--finalize")
    sentry("deploys", "new", "-r", "api@1.2.3", "-e", "prod", "-n", "nightly")
    assert "1.2.3" in sentry("releases", "list")
    assert "api@1.2.3" in sentry("releases", "info", "api@1.2.3")
    assert "prod" in sentry("deploys", "list", "-r", "api@1.2.3")
    assert "Sentry Server" in sentry("info")


def test_sentry_cli_sends_commits(sentry, tmp_path):
    for command in (
        "init -q",
        "commit -q --allow-empty -m First",
        "commit -q --allow-empty -m Fix",
    ):
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        subprocess.run(["git", *who, *command.split()], cwd=tmp_path, check=True)
    sentry("releases", "new", "api@2")
    sentry("releases", "set-commits", "api@2", "--local")
    commits = ChangeEvent.objects.get().data["commits"]
    assert [commit["message"] for commit in commits] == ["Fix", "First"]


def test_sentry_cli_says_why_it_was_refused(sentry):
    assert "401" in sentry("releases", "new", "api@1", text="nonsense", code=1)
    _, other = make_key("alerts:write")
    assert "403" in sentry("releases", "new", "api@1", text=other, code=1)
    assert not ChangeEvent.objects.exists()


def test_a_release_may_be_told_in_any_order(key):
    finalized = {"projects": ["api"], "dateReleased": at(600)}
    assert post(f"{RELEASES}api@1.2.3/", finalized, key[1], method="PUT")[0] == 201
    assert post(RELEASES, RELEASE, key[1])[0] == 200
    event = ChangeEvent.objects.get()
    assert (event.status, event.reports, event.repository) == ("succeeded", 2, "acme/api")
    assert (event.ended_at - event.started_at).seconds == 200
    assert "patch_set" not in str(event.data)


def test_a_deploy_is_one_of_each_project_and_a_repeat_is_one(key):
    path = f"/sentry{RELEASES}api@1.2.3/deploys/"
    for _ in range(2):
        status, _, answer = post(path, DEPLOY, key[1])
        assert (status, answer["environment"], answer["name"]) == (201, "prod", "nightly")
    events = ChangeEvent.objects.order_by("service")
    assert [event.service for event in events] == ["api", "worker"]
    assert {event.reports for event in events} == {2}


def test_other_organizations_have_other_releases(key):
    assert post(RELEASES, RELEASE, key[1])[0] == 201
    other = RELEASES.replace("acme", "other")
    assert post(f"{other}api@1.2.3/", b"", key[1], method="GET")[0] == 404
    assert post(other, b"", key[1], method="GET")[2] == []
    assert len(post(RELEASES, b"", key[1], method="GET")[2]) == 1


def test_whatever_stands_in_the_path_is_text(key):
    for version in ("\0", "a\0b@1", "\u00e9", "x" * 1000, "@", "..", "%"):
        path = f"{RELEASES}{version}/"
        assert post(f"{path}deploys/", DEPLOY, key[1])[0] == 201
        assert post(path, {"projects": []}, key[1], method="PUT")[0] == 201
        assert post(path, b"", key[1], method="GET")[0] == 200


def test_a_list_costs_the_same_for_few_and_many(key, django_assert_num_queries):
    for count in (2, 20):
        for number in range(count):
            release = RELEASE | {"version": f"api@{count}.{number}"}
            post(RELEASES, release, key[1])
            post(f"{RELEASES}api@1.2.3/deploys/", DEPLOY | {"environment": f"e{number}"}, key[1])
        post(RELEASES, RELEASE, key[1])
        with django_assert_num_queries(2):  # key, releases
            assert len(post(RELEASES, b"", key[1], method="GET")[2]) > count
        with django_assert_num_queries(4):  # and the release by its key
            listed = post(f"{RELEASES}api@1.2.3/deploys/", b"", key[1], method="GET")[2]
            assert len(listed) >= count


def test_archiving_is_no_change(key):
    archived = {"version": "api@1", "projects": [], "status": "archived"}
    status, _, answer = post(RELEASES, archived, key[1])
    assert (status, answer["version"]) == (200, "api@1")
    assert not ChangeEvent.objects.exists()


@pytest.mark.parametrize(
    ("path", "payload", "field"),
    [(RELEASES, {}, "version"), (f"{RELEASES}1/deploys/", {"name": "x"}, "environment")],
)
def test_what_is_missing_is_said_in_sentrys_shape(key, path, payload, field):
    status, _, answer = post(path, payload, key[1])
    assert (status, answer[field], "missing" in answer["detail"]) == (400, ["is required"], True)


def test_nothing_answers_what_nobody_asks(key):
    assert post(f"{RELEASES}api@1/", b"", key[1], method="DELETE")[0] == 405


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(PayloadError):
        SentryReleaseFormat().parse(Received(body, NOW, path=RELEASES))


@pytest.mark.parametrize(
    ("path", "payload"),
    [(RELEASES, RELEASE), (f"{RELEASES}api@1/", RELEASE), (f"{RELEASES}api@1/deploys/", DEPLOY)],
)
def test_rubbish_in_any_field_is_stored_or_refused(db, path, payload):
    stored, refused = store_rubbish(path, payload, NOW)
    assert stored > refused
