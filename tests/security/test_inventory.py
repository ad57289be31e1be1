"""What there was at a time, and what the search box means."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from opsportal.lib.errors import PayloadError
from security.history import inventory_matching, read_inventory, revision_at, with_revisions
from security.models import CloudResource, ConfigRevision
from tests.security.collecting import NOW, later, make_account
from tests.security.revising import group_of, make_resource, revise, rule

pytestmark = pytest.mark.django_db


def found(**params):
    query = read_inventory({name: [text] for name, text in params.items()}, now=NOW)
    rows = inventory_matching(query)
    if query.at is None:
        return [row.resource_id for row in rows]
    return [f"{row.resource_id}#{revision.number}" for row, revision in with_revisions(rows)]


def at(**span):
    return f"{later(**span):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def groups(account):
    """sg-1 changes after two hours and goes after four; sg-2 comes after three."""
    one = make_resource(account, "sg-1", group_of(rule()), tags={"env": "dev"}, arn="arn:aws:sg/1")
    one.tags = {"env": "prod", "a.b/c": "x y"}
    revise(one, group_of(rule("0.0.0.0/0")), at=later(hours=2))
    revise(one, group_of(rule("0.0.0.0/0")), at=later(hours=4), kind="deleted")
    two = make_resource(
        account, "sg-2", group_of(rule(description="jump host"), name="db"), at=later(hours=3),
        tags={"env": "prod"},
    )  # fmt: skip
    return one, two


@pytest.mark.parametrize(
    ("span", "there"),
    [
        ({"hours": -1}, []),
        ({}, ["sg-1#1"]),
        ({"hours": 2}, ["sg-1#2"]),
        ({"hours": 3}, ["sg-1#2", "sg-2#1"]),
        ({"hours": 4}, ["sg-2#1"]),
    ],
)
def test_the_inventory_at_a_time_has_the_revisions_that_held(groups, span, there):
    assert found(at=at(**span)) == there


def test_what_came_back_is_there_again(groups):
    one = CloudResource.objects.get(resource_id="sg-1")
    revise(one, group_of(rule()), at=later(hours=5), kind="restored")
    assert found(at=at(hours=5)) == ["sg-1#4", "sg-2#1"]
    assert found(at=at(hours=4)) == ["sg-2#1"]


def test_tags_at_a_time_are_those_of_then(groups):
    assert found(at=at(), match='{env="prod"}') == []
    assert found(at=at(hours=3), match='{env="prod"}') == ["sg-1#2", "sg-2#1"]


def test_the_revision_at_a_time_says_that_it_was_deleted(groups):
    one, _ = groups
    assert revision_at(one, later(hours=-1)) is None
    assert revision_at(one, later(hours=9)).kind == "deleted"


def test_what_is_deleted_is_shown_when_asked_for(groups):
    assert found() == ["sg-2"]
    assert found(state="deleted") == ["sg-1"]
    assert found(state="active,missing,deleted", match='{name="web"}') == ["sg-1"]


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("sg-1", ["sg-1"]),
        ("arn:aws:sg/1", ["sg-1"]),
        ("db", ["sg-2"]),
        ("env=prod", ["sg-1", "sg-2"]),
        ("a.b/c=x y", ["sg-1"]),
        ("env=pro", []),
        ("jump", ["sg-2"]),
        ("host jump", ["sg-2"]),
        ('"host jump"', []),
        ("0.0.0.0/0", ["sg-1"]),
        ("nothing", []),
        ('"', []),
        ("=", []),
        ("' OR 1=1 --", []),
        ("{", []),
        ("\\", []),
    ],
)
def test_the_search_box(groups, text, there):
    assert found(q=text, state="active,deleted") == there


def test_words_follow_the_configuration(groups):
    _, two = groups
    revise(two, group_of(rule(description="bastion")), at=later(hours=5))
    assert found(q="jump") == []
    assert found(q="bastion") == ["sg-2"]


@pytest.mark.parametrize(
    "params",
    [
        {"state": "odd"}, {"match": "{"}, {"at": "someday"}, {"q": "a\0b"},
        {"at": "1h", "state": "active"}, {"at": "1h", "match": "{score>3}"}, {"q": "x" * 2001},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(params):
    with pytest.raises(PayloadError):
        read_inventory({name: [text] for name, text in params.items()}, now=NOW)


def test_as_of_takes_two_statements_however_much_there_is(account):
    for number in range(20):
        make_resource(account, f"sg-{number}", group_of(rule()))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(found(at=at())) == 20
    assert len(queries) == 2


@pytest.mark.parametrize("column", ["config", "changes", "captured_at", "number", "complete_hash"])
def test_no_code_can_change_a_revision(groups, column):
    row = ConfigRevision.objects.first()
    value = {"config": {}, "changes": [], "captured_at": NOW - timedelta(1), "number": 9}
    with pytest.raises(Exception, match="a revision is never changed"):
        ConfigRevision.objects.filter(pk=row.pk).update(**{column: value.get(column, "x")})


def test_what_becomes_known_of_a_revision_later_is_kept(groups):
    ConfigRevision.objects.update(actor="ann", attribution="exact", score_change=3)
    assert ConfigRevision.objects.filter(actor="ann").count() == 4
