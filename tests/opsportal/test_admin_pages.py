"""Every page of every registered model: it opens, for whom it should, with few queries."""

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from opsportal.lib.admin import ReadOnlyAdmin, site
from tests.accounts.people import make_person
from tests.opsportal.rows import make_rows

pytestmark = pytest.mark.django_db

REGISTERED = dict(sorted((m._meta.label_lower, (m, a)) for m, a in site._registry.items()))
# A page's own queries, and the session, the person and the person's roles.
CEILING = 18
every_model = pytest.mark.parametrize("label", REGISTERED)


def _url(label: str, page: str, *args: object) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def _queries(client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(url)
    assert response.status_code == 200, url
    assert response.content
    return len(queries)


@every_model
def test_a_list_takes_as_many_queries_for_20_rows_as_for_3(client, label):
    model, _ = REGISTERED[label]
    client.force_login(make_person("administrator"))
    make_rows(model, 3)
    few = _queries(client, _url(label, "changelist"))
    make_rows(model, 17)
    many = _queries(client, _url(label, "changelist"))
    assert many <= few <= CEILING


@every_model
def test_a_list_names_what_it_joins(label):
    assert REGISTERED[label][1].list_select_related is not True


@every_model
def test_a_row_opens_with_few_queries_however_many_rows_there_are(client, label):
    model, _ = REGISTERED[label]
    client.force_login(make_person("administrator"))
    row = make_rows(model, 3)[0]
    few = _queries(client, _url(label, "change", row.pk))
    make_rows(model, 17)
    many = _queries(client, _url(label, "change", row.pk))
    assert many <= few <= CEILING


@every_model
def test_a_list_can_be_searched(client, label):
    model, admin = REGISTERED[label]
    client.force_login(make_person("administrator"))
    make_rows(model, 3)
    if admin.search_fields:
        assert (
            client.get(_url(label, "changelist"), {"q": "no such \x01 thing%_'\""}).status_code
            == 200
        )


@every_model
def test_only_what_may_be_added_has_a_page_for_it(client, label):
    _, admin = REGISTERED[label]
    client.force_login(make_person("administrator"))
    expected = 403 if isinstance(admin, ReadOnlyAdmin) else 200
    assert client.get(_url(label, "add")).status_code == expected


@every_model
def test_ledgers_are_read_only_for_administrators_too(client, label):
    model, admin = REGISTERED[label]
    if not isinstance(admin, ReadOnlyAdmin):
        pytest.skip("not a ledger")
    client.force_login(make_person("administrator"))
    row = make_rows(model, 1)[0]
    assert client.post(_url(label, "change", row.pk), {}).status_code == 403
    assert client.post(_url(label, "delete", row.pk), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    client.post(_url(label, "changelist"), action)
    assert model._default_manager.filter(pk=row.pk).exists()


@every_model
@pytest.mark.parametrize("role", ["viewer", "responder", "team_admin"])
def test_members_see_and_only_team_admins_edit_what_teams_own(client, label, role):
    model, _ = REGISTERED[label]
    row = make_rows(model, 1)[0]
    client.force_login(make_person(role))
    hidden = model._meta.app_label in settings.ADMINISTRATORS_ONLY
    seen = 403 if hidden else 200
    assert client.get(_url(label, "changelist")).status_code == seen
    assert client.get(_url(label, "change", row.pk)).status_code == seen
    adds = role == "team_admin" and label in settings.TEAM_OWNED
    adds = adds or (role in ("responder", "team_admin") and label in settings.RESPONDER_OWNED)
    assert client.get(_url(label, "add")).status_code == (200 if adds else 403)
    # The row is another team's, or none's.
    assert client.post(_url(label, "change", row.pk), {"name": "mine"}).status_code == 403
    assert client.post(_url(label, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


@every_model
@pytest.mark.parametrize("role", ["", "anonymous"])
def test_outsiders_and_strangers_are_sent_to_the_login_page(client, label, role):
    if role != "anonymous":
        client.force_login(make_person(role))
    for page in ("changelist", "add"):
        response = client.get(_url(label, page))
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


def test_a_row_that_is_not_there_leads_back_to_the_index(client):
    client.force_login(make_person("administrator"))
    response = client.get(_url("accounts.team", "change", 999_999))
    assert (response.status_code, response["Location"]) == (302, "/admin/")
