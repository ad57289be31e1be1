"""Grafana's annotations API: what is read, changed and withdrawn, and by grafana-client."""

import json
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaUnauthorizedError

from alerts.models import SigningSecret
from chronos.models import ChangeEvent, Running
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.accounts.models import ApiKey, AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key

DOOR = "/api/annotations"
NOW = utc_now().replace(microsecond=0)


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def ms(minutes):
    return int(at(minutes).timestamp() * 1000)


def record(*changes):
    return [found.event_id for found in record_changes(changes, now=NOW)]


def change(title, start, end=None, **facts):
    given = {"kind": "deployment", "source": "ci", "actor": "jo", **facts}
    return Change(title=title, started_at=at(start), ended_at=at(end or start), **given)


@pytest.fixture
def key(db):
    return make_key("events:read", "events:write")[1]


@pytest.fixture
def ask(client, key):
    """Calls it with the key: (status, decoded body)."""

    def call(method, path="", body=None, text=""):
        send = getattr(client, method)
        headers = bearer(text or key)
        if method == "get":
            reply = send(DOOR + path, headers=headers)
        else:
            reply = send(DOOR + path, json.dumps(body), "application/json", headers=headers)
        return reply.status_code, reply.json()

    return call


@pytest.fixture
def titles(ask):
    def find(query=""):
        status, found = ask("get", f"?{query}")
        assert status == 200
        return [row["text"] for row in found]

    return find


def test_a_change_is_drawn_with_its_fields_as_tags(ask):
    (pk,) = record(
        change("api 1.2", -20, -10, service="api", environment="prod", version="1.2", tags=("hot",))
    )
    (row,) = ask("get")[1]
    assert (row["id"], row["text"], row["time"], row["timeEnd"]) == (
        pk,
        "api 1.2",
        ms(-20),
        ms(-10),
    )
    assert row["tags"] == ["hot", "deployment", "app:api", "env:prod", "version:1.2"]
    assert (row["userName"], row["alertId"], row["panelId"], row["data"]) == ("jo", 0, 0, {})
    assert ask("get", f"/{pk}")[1] == row
    assert ask("get", "/999999") == (404, {"message": "Annotation not found"})
    assert ask("get", f"/{10**20}")[0] == 404


def test_bounds_count_only_together_and_take_what_overlaps(titles):
    record(change("long", -200, -50), change("point", -60), change("late", -5))
    assert titles(f"from={ms(-70)}&to={ms(-40)}") == ["long", "point"]
    assert titles(f"from={ms(-60)}&to={ms(-60)}") == ["long", "point"]
    assert titles(f"from={ms(-49)}&to={ms(-6)}") == []
    everything = ["late", "long", "point"]
    assert (
        titles(f"from={ms(-1)}") == titles(f"to={ms(-300)}") == titles("from=x&to=y") == everything
    )
    assert titles(f"from=1&to={10**18}&limit=2") == everything[:2]


def test_what_is_under_way_lasts_until_now(ask):
    record(Change(kind="job", title="run", started_at=at(-300), status="started", actor="jo"))
    (row,) = ask("get", f"?from={ms(-10)}&to={ms(10)}")[1]
    assert row["timeEnd"] >= ms(0)
    assert "status:started" in row["tags"]


def test_tags_are_all_there_or_any_of_them(titles):
    record(
        change("a", -1, tags=("x", "y z"), service="api"),
        change("b", -2, tags=("x", 'quo"te')),
        change("c", -3, kind="alert", environment="prod", tags=("10%",)),
    )
    assert titles("tags=x") == ["a", "b"]
    assert titles("tags=x&tags=y%20z") == titles("tags=app:api") == ["a"]
    assert titles("tags=y%20z&tags=env:prod&matchAny=true") == ["a", "c"]
    assert titles("tags=quo%22te") == ["b"]
    assert titles("tags=10%25") == titles("type=alert") == ["c"]
    assert titles("type=annotation&tags=deployment") == ["a", "b"]
    assert (
        titles("tags=%00")
        == titles("dashboardUID=%00")
        == titles("tags=1")
        == titles("alertId=3")
        == []
    )


def test_tags_are_counted(ask):
    record(change("a", -1, tags=("x",), service="api"), change("b", -2, tags=("x",)))
    assert ask("get", "/tags?tag=A")[1] == {"result": {"tags": [{"tag": "app:api", "count": 1}]}}
    listed = ask("get", "/tags?limit=2")[1]["result"]["tags"]
    assert [row["tag"] for row in listed] == ["app:api", "deployment"]


def test_a_list_takes_as_many_queries_whatever_its_length(ask, django_assert_max_num_queries):
    record(*(change(f"c{number}", -number) for number in range(1, 40)))
    with django_assert_max_num_queries(5):
        assert len(ask("get", f"?from={ms(-60)}&to={ms(0)}")[1]) == 39


def made(ask, **annotation):
    status, answer = ask("post", "", {"text": "Deployed", "time": ms(-9), **annotation})
    assert (status, answer["message"]) == (200, "Annotation added")
    return answer["id"]


def test_what_is_null_or_zero_is_kept(ask):
    pk = made(ask, timeEnd=ms(-5), tags=["a"], dashboardUID="d1", panelId=4)
    nothing = {"text": None, "tags": None, "time": None, "timeEnd": 0}
    assert ask("patch", f"/{pk}", nothing) == (200, {"message": "Annotation patched"})
    assert ask("put", f"/{pk}", {}) == (200, {"message": "Annotation updated"})
    (row,) = ask("get", "?dashboardUID=d1&panelId=4")[1]
    assert (row["text"], row["time"], row["timeEnd"]) == ("Deployed", ms(-9), ms(-5))
    assert row["tags"] == ["a", "note"]
    assert ask("get", "?dashboardUID=d2")[1] == []


def test_what_is_told_is_changed_and_leaves_a_trail(ask):
    pk = made(ask, tags=["a"])
    change = {"text": "<b>Rolled</b> back", "tags": [], "time": ms(-3)}
    assert ask("put", f"/{pk}", change)[0] == 200
    assert ask("patch", f"/{pk}", {"timeEnd": ms(-7)})[0] == 200
    row = ask("get", f"/{pk}")[1]
    assert (row["text"], row["time"], row["timeEnd"]) == ("<b>Rolled</b> back", ms(-7), ms(-3))
    assert row["tags"] == ["note"]
    entry = AuditEntry.objects.filter(action="change").earliest("id")
    assert (entry.actor, entry.before["title"], entry.after["title"]) == (
        "key sender", "Deployed", "Rolled back",
    )  # fmt: skip


def test_what_is_withdrawn_stays_on_the_timeline_and_leaves_grafana(ask, titles):
    pk = made(ask)
    assert ask("delete", f"/{pk}") == (200, {"message": "Annotation deleted"})
    assert ChangeEvent.objects.get(pk=pk).status == "cancelled"
    assert AuditEntry.objects.filter(action="withdraw").exists()
    for method in ("get", "delete", "put"):
        assert ask(method, f"/{pk}", {})[0] == 404
    assert titles() == []
    assert made(ask) != pk


def test_a_deployment_that_is_withdrawn_runs_nowhere(ask):
    place = ["app:api", "env:prod"]
    made(ask, time=ms(-20), tags=["version:1", *place])
    pk = made(ask, tags=["version:2", *place])
    assert Running.objects.get().version == "2"
    ask("patch", f"/{pk}", {"time": ms(-30)})
    assert Running.objects.get().version == "1"
    ask("patch", f"/{pk}", {"time": ms(-3)})
    assert Running.objects.get().version == "2"
    ask("delete", f"/{pk}")
    assert Running.objects.get().version == "1"


def test_only_the_key_that_made_it_here_may_change_it(ask):
    pk = made(ask)
    other = make_key("events:read", "events:write")[1]
    (foreign,) = record(change("not here", -1, data={"annotation": {"key": 1}}))
    for method in ("put", "patch", "delete"):
        assert ask(method, f"/{pk}", {"text": "mine"}, text=other)[0] == 403
        assert ask(method, f"/{foreign}", {"text": "mine"})[0] == 403
    assert ChangeEvent.objects.get(pk=pk).title == "Deployed"
    assert ask("get", f"/{pk}", text=other)[0] == 200


@pytest.mark.parametrize(
    "body", [[], 5, {"text": 5}, {"time": 10**30}, {"tags": "x"}, {"time": -1}]
)
def test_what_cannot_be_read_changes_nothing(ask, body):
    pk = made(ask)
    status, answer = ask("patch", f"/{pk}", body)
    assert (status, list(answer)) == (400, ["message"])
    assert ChangeEvent.objects.get(pk=pk).title == "Deployed"


def test_errors_are_grafanas(client, ask):
    assert ask("post", "", {"text": ""}) == (400, {"message": "text field should not be empty"})
    reply = client.get(DOOR, headers={"Authorization": "Bearer ops_none"})
    assert (reply.status_code, list(reply.json())) == (401, ["message"])


@pytest.mark.parametrize("prefix", ["", "grafana/"])
def test_grafana_client_finds_what_it_expects(transactional_db, live_server, prefix):
    _, text = make_key("events:read", "events:write")
    for auth in (text, ("any", text)):
        with annotating(live_server, auth, prefix) as annotations:
            _round(annotations)
    with (
        annotating(live_server, "none", prefix) as annotations,
        pytest.raises(GrafanaUnauthorizedError),
    ):
        annotations.get_annotation()


@contextmanager
def annotating(live, auth, prefix):
    place = urlsplit(live.url)
    api = GrafanaApi(
        auth, host=place.hostname, port=place.port, protocol="http", url_path_prefix=prefix
    )
    # What the client leaves open keeps the server's thread, and that the database.
    with api.client.s:
        yield api.annotations


def _round(annotations):
    """Add, find, change, withdraw."""
    added = annotations.add_annotation(
        time_from=ms(-30), time_to=ms(-20), tags=["deploy", "app:api"], text="Deployed api"
    )
    assert added["message"] == "Annotation added"
    (found,) = annotations.get_annotation(time_from=ms(-40), time_to=ms(-25), tags=["app:api"])
    assert (found["id"], found["time"], found["timeEnd"]) == (added["id"], ms(-30), ms(-20))
    graphite = annotations.add_annotation_graphite(what="Backup", tags=["db"], when=ms(-1) // 1000)
    assert graphite["message"] == "Graphite annotation added"
    assert annotations.partial_update_annotation(
        annotations_id=added["id"], tags=["tag1"], text="Test"
    ) == {"message": "Annotation patched"}
    assert annotations.update_annotation(annotations_id=added["id"], text="Again", tags=["t"]) == {
        "message": "Annotation updated"
    }
    (found,) = annotations.get_annotation(tags=["t"])
    assert (found["text"], found["time"], found["timeEnd"]) == ("Again", ms(-30), ms(-20))
    for made_ in (added, graphite):
        assert annotations.delete_annotations_by_id(made_["id"]) == {
            "message": "Annotation deleted"
        }
    assert annotations.get_annotation() == []
    with pytest.raises(GrafanaClientError):
        annotations.delete_annotations_by_id(added["id"])


def test_what_another_door_says_of_its_dashboard_cannot_spoil_the_list(ask):
    mark = {"dashboardId": {"x": 1}, "panelId": "7", "dashboardUID": 5}
    record(change("forged", -5, source="grafana", data={"annotation": mark}))
    (shown,) = ask("get")[1]
    assert (shown["dashboardId"], shown["panelId"], shown["dashboardUID"]) == (0, 0, None)


def test_a_key_whose_requests_must_be_signed_cannot_change_what_it_made(ask):
    made = ask("post", body={"text": "mine"})[1]["id"]
    SigningSecret.objects.create(key=ApiKey.objects.get(), secret="hush")
    assert [ask(method, f"/{made}", {"text": "x"})[0] for method in ("put", "patch", "delete")] == [
        403, 403, 403,
    ]  # fmt: skip
    assert ChangeEvent.objects.get().title == "mine"
