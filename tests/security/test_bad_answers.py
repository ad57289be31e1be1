"""Whatever AWS answers, or a collector makes of it, harms nothing but itself."""

import pytest
from botocore.parsers import ResponseParserError

from security.models import AddressUse, CloudResource, CollectorError, Relation, Scope
from tests.security.collecting import later, resource
from tests.security.things import account, sweep

pytestmark = pytest.mark.django_db


def test_names_with_control_characters_are_kept_as_the_database_can(sky):
    account()
    sky.there = {"a\0b": {"name\0": "x\0y", "list": ["\ud800"]}, "c\nd\x1b": {"size": 1}}
    sky.about["a\0b"] = {
        "name": "n\0" * 600, "arn": "a" * 3000, "tags": {"k\0": "v\0"}, "unique_id": "U" * 100,
    }  # fmt: skip
    (row,) = sweep()
    assert (row.outcome, row.created) == ("complete", 2)
    (row,) = sweep(later(minutes=5))
    assert (row.created, row.changed, row.missing) == (0, 0, 0)
    assert resource("a␀b").tags == {"k␀": "v␀"}
    assert len(resource("a␀b").name) == 500


def nested(levels):
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [101, 400, 700, 100_000])
def test_one_that_cannot_be_written_down_is_an_error_and_the_others_are_stored(sky, levels):
    account()
    sky.fill(3)
    sweep()
    config = {"deep": nested(levels)}
    sky.there["t-0001"], sky.there["bad"] = config, config
    sky.there["t-0002"] = {"size": 2}
    (row,) = sweep(later(minutes=5))
    assert row.outcome == "complete"
    assert set(CollectorError.objects.values_list("resource_id", flat=True)) == {"bad", "t-0001"}
    assert resource("t-0001").config == {"size": 1}
    assert resource("t-0001").state == "active"
    assert resource("t-0002").config == {"size": 2}
    assert not CloudResource.objects.filter(resource_id="bad").exists()


def test_huge_numbers_and_nesting_within_reason_are_stored(sky):
    account()
    sky.there = {"a": {"big": 2**80, "odd": float("inf"), "deep": nested(90)}}
    sky.there["b"] = {"policy": '{"Version": 123456789012345678901234567890, "Statement": []}'}
    assert sweep()[0].created == 2
    assert sweep(later(minutes=5))[0].changed == 0
    sky.there["a"] |= {"deep": nested(91)}
    assert sweep(later(minutes=10))[0].changed == 1


def test_an_id_that_is_too_long_is_an_error(sky):
    account()
    sky.there = {"x" * 1001: {"size": 1}, "y": {"size": 1}}
    sweep()
    assert CollectorError.objects.get().code == "IdTooLong"
    assert CloudResource.objects.get().resource_id == "y"


def test_five_megabytes_of_policy_are_stored_and_told_in_short(sky):
    account()
    sky.there = {"a": {"policy": {"Statement": []}}}
    sweep()
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": ["r" * 5_000_000]}
    sky.there["a"] = {"policy": {"Statement": [statement]}}
    (row,) = sweep(later(minutes=5))
    assert (row.outcome, row.changed) == ("complete", 1)
    assert len(str(resource("a").config)) > 5_000_000


def test_html_in_place_of_an_answer_is_a_failure(sky):
    account()
    sky.fill(3)
    sky.fails[0] = ResponseParserError("Unable to parse response, invalid XML: <html>")
    (row,) = sweep()
    assert (row.outcome, row.error_code) == ("failed", "ResponseParserError")
    assert CollectorError.objects.get().code == "ResponseParserError"
    assert Scope.objects.get().complete_at is None


def test_listed_twice_is_one_and_the_later_sight_counts(sky):
    account()
    sky.fill(5)
    sky.page = 2
    sky.before_page = lambda page: page == 2 and sky.there.update({"t-0004": {"size": 9}})
    (row,) = sweep()
    assert row.created == 5
    assert resource("t-0004").config == {"size": 9}


def test_links_and_networks_are_kept_in_step_and_nonsense_is_left_out(sky):
    account()
    rules = [{"port": 22, "peer": "10.0.0.0/8"}, {"port": 80, "peer": "fe80::/10"}]
    sky.there = {"a": {"friends": ["b", "b", "x" * 2000, ""], "rules": rules}}
    sweep()
    assert list(Relation.objects.values_list("target", flat=True)) == ["b"]
    sky.there["a"] = {"friends": ["c"], "rules": [rules[0], {"port": 1, "peer": "nonsense"}]}
    sweep(later(minutes=5))
    assert list(Relation.objects.values_list("target", flat=True)) == ["c"]
    uses = AddressUse.objects.order_by("id").values_list("cidr", "until")
    assert list(uses) == [("10.0.0.0/8", None), ("fe80::/10", later(minutes=5))]
    # A configuration that the collector itself does not understand.
    sky.there["a"] = {"friends": 7, "rules": [{}]}
    (row,) = sweep(later(minutes=10))
    assert (row.outcome, row.changed) == ("complete", 1)
    assert not Relation.objects.exists()
