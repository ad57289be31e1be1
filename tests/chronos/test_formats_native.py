"""The native contract of changes: what is understood, what is refused, and how it says so."""

import json
from datetime import UTC, datetime

import pytest

from chronos.formats.native import NativeFormat
from chronos.formats.native_fields import read_named
from chronos.normalise import ChangeReceipt
from chronos.record import record_changes
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.alerts.posting import rubbish_in

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FULL = {
    "kind": "deployment", "title": "api 412", "action": "deployed", "status": "succeeded",
    "body": "b", "service": "api", "environment": "prod", "region": "eu", "version": "412",
    "previous_version": "411", "team": "web", "actor": {"name": "jo", "type": "user", "email": "j"},
    "source": "ci", "external_id": "builds/7", "subject": "s", "severity": 3, "artifact": "pkg:a",
    "commit": "c", "repository": "r", "correlation_id": "x", "causation_id": "y",
    "scope": '{service="api"}', "started_at": "2026-03-04T05:00:00+01:00",
    "ended_at": "2026-03-04T04:05:00Z", "expected_end_at": 1772599800, "tags": ["a"],
    "labels": {"a": "b", "n": 1}, "links": [{"href": "https://x", "text": "run", "rel": "log"}],
    "before": {"v": 1}, "after": [2], "data": {"k": None},
}  # fmt: skip


def parse(payload, *, raw=False):
    body = payload if raw else json.dumps(payload).encode()
    return NativeFormat().parse(Received(body, NOW))


def one(**fields):
    return parse({"kind": "config", "title": "t", **fields}).changes[0]


def complaints(payload, *, raw=False):
    with pytest.raises(PayloadError) as caught:
        parse(payload, raw=raw)
    return {error.field: error.message for error in caught.value.errors}


def test_kind_and_title_are_enough():
    change = one()
    assert (change.kind, change.title, change.status, change.source) == ("config", "t", "", "")


def test_every_field_is_taken():
    change = parse(FULL).changes[0]
    assert (change.actor, change.actor_type, change.actor_email) == ("jo", "user", "j")
    assert change.started_at == datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
    assert (change.expected_end_at.minute, change.labels) == (50, {"a": "b", "n": "1"})
    assert (change.before, change.after, change.data) == ({"v": 1}, [2], {"k": None})
    same = FULL.keys() - {
        "actor",
        "started_at",
        "ended_at",
        "expected_end_at",
        "tags",
        "labels",
        "links",
    }
    assert {name: getattr(change, name) for name in same} == {name: FULL[name] for name in same}


def test_app_and_env_are_other_words_for_service_and_environment():
    assert (one(app="api").service, one(env="prod").environment) == ("api", "prod")
    assert one(app="api", service="api").service == "api"
    assert "another word" in complaints({**FULL, "app": "web"})["app"]


def test_what_is_no_field_of_ours_is_kept_in_data():
    change = one(name="n", data={"summary": "mine"}, summary="s")
    assert change.data == {"name": "n", "summary": "mine"}


def test_values_with_names_of_secrets_do_not_stay():
    secret = {"db_password": "hush", "pool": 5}
    change = one(before=secret, after=[secret], labels={"token": "hush"}, data=secret, more=secret)
    clean = {"db_password": "[redacted]", "pool": 5}
    assert (change.before, change.after) == (clean, [clean])
    assert (change.labels, change.data) == ({"token": "[redacted]"}, {**clean, "more": clean})


def test_null_is_absent():
    assert one(**dict.fromkeys(FULL.keys() - {"kind", "title"})) == one()


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"kind": "a b"}, "kind", "matching regex"),
        ({"kind": ""}, "kind", "matching regex"),
        ({"title": ""}, "title", "length >= 1"),
        ({"title": "t" * 501}, "title", "length <= 500"),
        ({"status": "done"}, "status", "planned, started, succeeded, failed, cancelled, unknown"),
        ({"started_at": "2026-03-04T05:00:00"}, "started_at", "timezone"),
        ({"started_at": "yesterday"}, "started_at", "RFC3339"),
        ({"started_at": 1e300}, "started_at", "range"),
        ({"started_at": "9999-12-31T00:00:00Z"}, "started_at", "must lie between"),
        ({"ended_at": "2026-03-04T03:59:59Z"}, "ended_at", "before started_at"),
        ({"expected_end_at": "2026-03-04T03:59:59Z"}, "expected_end_at", "before started_at"),
        ({"status": "started"}, "ended_at", "started"),
        ({"links": [{"href": "javascript:alert(1)"}]}, "links[0].href", "https://"),
        ({"links": [{"text": "x"}]}, "links[0]", "required"),
        ({"actor": {"name": "jo", "type": "robot"}}, "actor.type", "user or automation"),
        ({"severity": 6}, "severity", "<= 5"),
        ({"severity": "high"}, "severity", "int"),
        ({"scope": "service=="}, "scope", ""),
        ({"source": "opsportal"}, "source", "the portal's own"),
        ({"tags": "a,b"}, "tags", "array"),
        ({"labels": {"a": {}}}, "labels[...]", "object"),
        ({"data": []}, "data", "object"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(wrong, field, says):
    found = complaints({**FULL, **wrong})
    assert list(found) == [field]
    assert says in found[field]


def test_what_is_nested_too_deep_is_refused():
    nested = json.loads("[" * 40 + "]" * 40)
    assert list(complaints({**FULL, "before": nested})) == ["before"]
    body = b'{"kind":"a","title":"t","after":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert complaints(body, raw=True) is not None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'"\\ud800"', b"NaN", b"5", b"null", b"[1]", b"[{}]",
     b'{"kind": "a", "title": "\\ud800"}', b'{"kind": "a", "title": "\xff"}'],
)  # fmt: skip
def test_what_is_no_change_is_refused(body):
    complaints(body, raw=True)


def test_the_good_members_of_an_array_are_kept_and_told_apart():
    parsed = parse([FULL, {"title": 5}, 7, FULL])
    assert [rejection.index for rejection in parsed.rejected] == [1, 2]
    receipts = [ChangeReceipt(1, "recorded", "a"), ChangeReceipt(1, "repeated", "a")]
    reply = NativeFormat().answer(parsed, receipts)
    answer = json.loads(reply.body)
    assert (reply.status, answer["accepted"], answer["duplicates"]) == (200, 1, 1)
    assert answer["results"][0]["url"].endswith("/changes/1/")


def test_an_array_is_bounded_and_may_be_empty():
    assert not parse([]).changes
    with pytest.raises(PayloadError, match="at most 10000"):
        parse([1] * 10_001)


@pytest.mark.django_db
def test_rubbish_in_any_field_is_refused_or_stored():
    taken = []
    for body in rubbish_in(FULL):
        try:
            taken += parse(body, raw=True).changes
        except PayloadError as error:
            assert NativeFormat().refuse(error).status == 400
    assert len(taken) > 50
    for start in range(0, len(taken), 200):
        record_changes(taken[start : start + 200], now=NOW)


def test_a_put_names_what_it_sets():
    actor = {"name": "jo", "type": "user"}
    given = {"kind": "a", "title": "t", "app": None, "actor": actor, "ended_at": None, "x": 1}
    change, named = read_named(json.dumps(given).encode())
    assert named == {"kind", "title", "service", "actor", "actor_type", "data"}
    assert change.data == {"x": 1}
