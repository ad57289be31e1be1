"""What cannot be read stays as it was; a new canonical form and a new spelling are no change."""

from dataclasses import replace

import pytest

from chronos.models import ChangeEvent
from opsportal.lib.aws import Unknown
from security.models import CloudResource, CollectorError, ConfigRevision, Scope
from tests.security.collecting import later, resource
from tests.security.things import DENIED, Things, account, sweep, work

pytestmark = pytest.mark.django_db
REFUSED = Unknown("AccessDenied", "not authorized to perform: test:GetRules", "test:GetRules")


def revisions(name):
    rows = ConfigRevision.objects.filter(resource__resource_id=name).order_by("number")
    return [(row.kind, row.attribution) for row in rows]


def test_a_facet_that_is_refused_keeps_its_value_and_makes_no_revision(sky):
    account()
    sky.there = {"a": {"size": 1, "rules": [{"port": 22, "peer": "10.0.0.0/8"}]}}
    sweep()
    sky.there["a"] = {"size": 1, "rules": REFUSED}
    sweep(later(minutes=5))
    row = resource("a")
    assert row.config["rules"] == [{"port": 22, "peer": "10.0.0.0/8"}]
    assert row.unknown["rules"]["action"] == "test:GetRules"
    assert revisions("a") == [("created", "baseline")]
    error = CollectorError.objects.get()
    assert (error.facet, error.code, error.action, error.resources, error.count) == (
        "rules", "AccessDenied", "test:GetRules", 1, 1,
    )  # fmt: skip
    assert Scope.objects.get().errors == 1
    # What changed meanwhile is a change of the time between.
    sky.there["a"] = {"size": 1, "rules": []}
    sweep(later(minutes=10))
    assert revisions("a") == [("created", "baseline"), ("changed", "pending")]
    error.refresh_from_db()
    assert error.cleared_at == later(minutes=10)
    assert Scope.objects.get().errors == 0


def test_what_becomes_readable_for_the_first_time_was_changed_by_nobody(sky):
    account()
    sky.there = {"a": {"size": 1, "rules": REFUSED}, "b": {"size": 1, "rules": REFUSED}}
    sweep()
    sky.there["a"] = {"size": 1, "rules": [{"port": 22, "peer": "0.0.0.0/0"}]}
    sky.there["b"] = {"size": 2, "rules": [{"port": 22, "peer": "0.0.0.0/0"}]}
    sweep(later(minutes=5))
    assert revisions("a") == [("created", "baseline"), ("changed", "baseline")]
    assert revisions("b") == [("created", "baseline"), ("changed", "pending")]
    (change,) = ConfigRevision.objects.get(resource__resource_id="b", number=2).changes
    assert change["path"] == "size"
    assert ChangeEvent.objects.count() == 1


def test_facets_that_fail_for_many_are_one_error(sky):
    account()
    for name in sky.fill(300):
        sky.there[name]["rules"] = REFUSED
    sweep()
    sweep(later(minutes=5))
    error = CollectorError.objects.get()
    assert (error.resources, error.count, error.resource_id) == (300, 2, "")


def test_an_error_of_one_resource_is_cleared_when_that_one_is_read(sky):
    account()
    names = sky.fill(20)
    sweep()
    sky.hidden = {names[0], names[1]}
    sky.fetch_fails = DENIED
    sweep(later(minutes=5))
    work(later(minutes=6))
    open_errors = CollectorError.objects.filter(cleared_at=None)
    assert sorted(open_errors.values_list("resource_id", "action")) == [
        (names[0], "test:ListThings"),
        (names[1], "test:ListThings"),
    ]
    sky.hidden, sky.fetch_fails = set(), None
    sweep(later(minutes=10))
    assert not open_errors.exists()


def new_form(monkeypatch, version=2, **fields):
    monkeypatch.setattr(Things, "shape", replace(Things.shape, version=version, **fields))


def test_a_new_canonical_form_of_the_same_is_no_revision(sky, monkeypatch):
    account()
    for name in sky.fill(30):
        sky.there[name] |= {"labels": ["b", "a"], "password": "secret"}
    sweep()
    before = resource("t-0000")
    assert before.config["password"].startswith("hmac-sha256:")
    new_form(monkeypatch, sets=("rules", "labels"))
    sweep(later(minutes=5))
    row = resource("t-0000")
    assert (row.normaliser_version, row.config["labels"]) == (2, ["a", "b"])
    assert row.config["password"] == before.config["password"]
    assert ConfigRevision.objects.count() == 30
    # Nor is it different from then on.
    sweep(later(minutes=10))
    assert CloudResource.objects.filter(captured_at=later(minutes=10)).count() == 0


def test_a_new_form_that_changes_everything_is_no_storm(sky, monkeypatch):
    account()
    names = sky.fill(30)
    sweep()
    new_form(monkeypatch)
    for name in names:
        sky.there[name] = {"size": {"bytes": 1}}
    sweep(later(minutes=5))
    assert revisions(names[0]) == [("created", "baseline"), ("changed", "baseline")]
    assert ChangeEvent.objects.count() == 0


def test_a_new_form_hides_no_real_change_and_a_new_facet_is_none(sky, monkeypatch):
    account()
    names = sky.fill(30)
    sweep()
    new_form(monkeypatch)
    for name in names:
        sky.there[name]["colour"] = "red"
    sky.there[names[0]]["size"] = 2
    sweep(later(minutes=5))
    assert revisions(names[1]) == [("created", "baseline"), ("changed", "baseline")]
    assert revisions(names[0])[1] == ("changed", "baseline")


def policy(principal):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:*"}
    return {"Statement": [statement]}


def test_a_principal_shown_by_its_unique_id_is_the_same_principal(sky):
    account()
    arn = "arn:aws:iam::123456789012:role/reader"
    unique = "AROAEXAMPLEEXAMPLE12"
    sky.there = {"role": {"size": 1}, "bucket": {"policy": policy(arn)}}
    sky.about["role"] = {"arn": arn, "unique_id": unique}
    sweep()
    sky.there["bucket"] = {"policy": policy(unique)}
    sweep(later(minutes=5))
    assert revisions("bucket") == [("created", "baseline")]
    # Of a role that is gone, the id is all that is left.
    del sky.there["role"]
    for minutes in (10, 15, 20):
        sweep(later(minutes=minutes))
    assert revisions("bucket")[1:] == [("changed", "pending")]
    assert unique in str(resource("bucket").config)


def test_a_principal_that_becomes_known_later_is_nobodys_change(sky):
    account()
    arn = "arn:aws:iam::123456789012:role/reader"
    unique = "AROAEXAMPLEEXAMPLE12"
    sky.there = {"role": {"size": 1}, "bucket": {"policy": policy(unique)}}
    sky.about["role"] = {"arn": arn, "unique_id": unique}
    sky.hidden = {"role"}
    sweep()
    sky.hidden = set()
    sweep(later(minutes=5))
    sweep(later(minutes=10))
    assert revisions("bucket") == [("created", "baseline")]
    assert arn in str(resource("bucket").config)
    sky.there["bucket"] = {"policy": policy("*")}
    sweep(later(minutes=15))
    changed = ConfigRevision.objects.get(resource__resource_id="bucket", number=2)
    assert unique not in str(changed.changes)


def test_what_changes_by_itself_and_what_is_only_reordered_is_no_revision(sky):
    account()
    rules = [{"port": 22, "peer": "10.0.0.0/8"}, {"port": 80, "peer": "10.0.0.0/8"}]
    sky.there = {"a": {"seen": 1, "rules": rules}}
    sweep()
    sky.there["a"] = {"seen": 2, "rules": rules[::-1]}
    sweep(later(minutes=5))
    assert revisions("a") == [("created", "baseline")]
    assert resource("a").config["seen"] == 2
