"""Names that are likely one are found; those that only look alike are not."""

import pytest

from chronos.models import Alias, KnownName
from chronos.names import mention_names
from chronos.suggest import near, suggest_aliases
from tests.chronos.reports import NOW, ago

pytestmark = pytest.mark.django_db


def know(*names, field="service", since=NOW):
    KnownName.objects.bulk_create(
        KnownName(field=field, name=name, first_seen_at=since, last_seen_at=NOW) for name in names
    )


def suggested():
    return {(found.name, found.canonical) for found in suggest_aliases()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("billing-api", "Billing_API"),
        ("billing-api", "biling-api"),
        ("billing-api", "bililng-api"),
        ("payments", "paymentz"),
        ("eu-west-1", "eu_west_1"),
    ],
)
def test_near_names(one, other):
    assert near(one, other)
    assert near(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eu-west-1", "eu-west-2"),
        ("api1", "api2"),
        ("web", "wed"),
        ("billing", "shipping"),
        ("api", "api-gateway"),
        ("", "a"),
    ],
)
def test_names_that_are_not_near(one, other):
    assert not near(one, other)


def test_the_name_that_others_use_or_that_was_there_first_is_the_right_one():
    know("Billing", "Payments", since=ago(days=9))
    know("billing", "payments")
    mention_names("service", ["billing"], now=NOW)
    assert suggested() == {("Billing", "billing"), ("payments", "Payments")}


def test_environments_of_one_tier_are_likely_one():
    know("prod", field="environment", since=ago(days=9))
    know("production", "prod-eu", field="environment")
    know("production")  # a service
    assert suggested() == {("production", "prod")}


def test_what_is_decided_is_not_suggested_again():
    know("billing", since=ago(days=9))
    know("Billing")
    Alias.objects.create(field="service", name="Billing", canonical="Billing", created_at=NOW)
    assert suggested() == set()


def test_what_no_change_has_told_is_not_suggested_away():
    know("billing")
    mention_names("service", ["Billing"], now=NOW)
    assert suggested() == {("billing", "Billing")}


def test_thousands_of_names_take_two_queries(django_assert_num_queries):
    know(*(f"service-{number}-of-many" for number in range(3000)))
    with django_assert_num_queries(2):
        assert suggest_aliases() == []
