"""The page of coverage and its API: seen by all, decided on by administrators."""

import pytest
from django.urls import reverse

from chronos.models import Alias, ChangeEvent, KnownName
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person

pytestmark = pytest.mark.django_db
PAGE, ALIAS = "/changes/coverage/", "/changes/coverage/aliases/"


@pytest.fixture
def names():
    now = utc_now()
    KnownName.objects.bulk_create(
        KnownName(field="service", name=name, first_seen_at=now, last_seen_at=now)
        for name in ("billing", "Billing")
    )


def enter(client, role):
    client.force_login(make_person(role))


def post(client, **fields):
    given = {"field": "service", "name": "billing", "canonical": "Billing", **fields}
    return client.post(ALIAS, given, follow=True)


@pytest.mark.parametrize("role", ["viewer", "team_admin"])
def test_who_is_no_administrator_sees_and_decides_nothing(client, names, role):
    enter(client, role)
    page = client.get(PAGE).content.decode()
    assert "Billing" in page
    assert "Make them one" not in page
    assert post(client).status_code == 403
    assert not Alias.objects.exists()


def test_one_click_makes_two_names_one(client, names):
    enter(client, "administrator")
    assert "Make them one" in client.get(PAGE).content.decode()
    page = post(client).content.decode()
    assert "billing is Billing from now on" in page
    assert "earlier changes follow" in page
    assert AuditEntry.objects.filter(action="create", target_type="chronos.alias").count() == 1
    assert ChangeEvent.objects.get().what == "alias.created"
    post(client, remove="1")
    assert not Alias.objects.exists()


def test_names_that_differ_are_left_in_peace(client, names):
    enter(client, "administrator")
    page = post(client, differs="1").content.decode()
    assert "is right as it is" in page
    assert "Make them one" not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "title"},
        {"canonical": ""},
        {"name": ""},
        {"name": "a\0b"},
        {"name": "x" * 5000},
        {"field": "\0"},
        {"remove": "1", "name": "nobody"},
    ],
)
def test_nonsense_is_told_so_and_stores_nothing(client, names, wrong):
    enter(client, "administrator")
    assert post(client, **wrong).status_code == 200
    assert not Alias.objects.exists()


def test_the_page_costs_the_same_for_few_and_many(client, django_assert_max_num_queries):
    enter(client, "administrator")
    now = utc_now()
    for count in (3, 60):
        KnownName.objects.bulk_create(
            KnownName(field=field, name=f"{count}-{n}", first_seen_at=now, last_seen_at=now)
            for n in range(count)
            for field in ("source", "service")
        )
        with django_assert_max_num_queries(15):
            assert client.get(PAGE).status_code == 200


def test_text_of_senders_is_text_on_the_page(client):
    now = utc_now()
    KnownName.objects.create(
        field="source", name="<script>x</script>", first_seen_at=now, last_seen_at=now
    )
    enter(client, "viewer")
    assert "<script>x" not in client.get(PAGE).content.decode()


def test_machines_read_the_same(client, names):
    enter(client, "viewer")
    found = client.get("/api/v1/coverage").json()
    assert found["suggestions"][0] | {"why": ""} == {
        "field": "service",
        "name": "billing",
        "canonical": "Billing",
        "why": "",
    }
    Alias.objects.create(field="service", name="a", canonical="b", created_at=utc_now())
    [alias] = client.get("/api/v1/aliases").json()["results"]
    assert (alias["name"], alias["canonical"]) == ("a", "b")


def test_an_administrator_edits_aliases_in_the_admin_too(client):
    enter(client, "administrator")
    client.post(
        reverse("admin:chronos_alias_add"), {"field": "service", "name": "a", "canonical": "b"}
    )
    assert Alias.objects.get().canonical == "b"
    assert AuditEntry.objects.filter(target_type="chronos.alias").count() == 1
