"""What people do in the admin, and the trail it leaves."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin import site as default_site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from opsportal.accounts.keys import resolve_key
from opsportal.accounts.models import ApiKey, AuditEntry, Membership, Team, User
from opsportal.accounts.site import AccountsSite
from opsportal.lib.admin import site
from opsportal.lib.errors import NotAuthenticatedError
from opsportal.lib.times import utc_now
from tests.accounts.people import PASSWORD, make_key, make_person, make_team

pytestmark = pytest.mark.django_db
_KEYS = "/admin/accounts/apikey/"


@pytest.fixture
def administrator(client: Client) -> User:
    person = make_person("administrator")
    client.force_login(person)
    return person


def _inlines(
    prefix: str = "memberships", rows: Sequence[dict[str, Any]] = (), initial: int = 0
) -> Any:
    form: dict[str, Any] = {
        f"{prefix}-TOTAL_FORMS": len(rows),
        f"{prefix}-INITIAL_FORMS": initial,
        f"{prefix}-MIN_NUM_FORMS": 0,
        f"{prefix}-MAX_NUM_FORMS": 1000,
    }
    for number, row in enumerate(rows):
        form |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return form


def _trail() -> list[tuple[str, str]]:
    return [(e.action, e.target_type) for e in AuditEntry.objects.order_by("id")]


def test_third_party_registrations_land_on_the_portals_site():
    assert site.__class__ is AccountsSite
    assert default_site is site


def test_members_log_in_and_outsiders_do_not(client):
    member, outsider = make_person("viewer"), make_person()
    for person, status in ((outsider, 200), (member, 302)):
        form = {"username": person.username, "password": PASSWORD}
        answer = client.post("/admin/login/", form)
        assert answer.status_code == status
    assert client.get(answer["Location"]).status_code == 200
    assert client.get("/admin/").status_code == 200


def test_who_loses_the_last_role_is_out_at_once(client):
    member = make_person("viewer")
    client.force_login(member)
    assert client.get("/admin/").status_code == 200
    member.memberships.all().delete()
    assert client.get("/admin/").status_code == 302


def test_a_team_with_its_people_is_made_changed_and_deleted_on_the_record(client, administrator):
    ann = make_person()
    row = {"user": ann.pk, "role": "viewer", "id": "", "team": ""}
    form = {"name": "payments", "description": "", **_inlines(rows=[row])}
    assert client.post("/admin/accounts/team/add/", form).status_code == 302
    team = Team.objects.get()
    membership = Membership.objects.get()
    row |= {"id": membership.pk, "team": team.pk, "role": "responder"}
    form = {"name": "billing", "description": "", **_inlines(rows=[row], initial=1)}
    url = f"/admin/accounts/team/{team.pk}/change/"
    assert client.post(url, form).status_code == 302
    assert client.post(url, form).status_code == 302  # nothing changes, nothing is noted
    row["DELETE"] = "on"
    form = {"name": "billing", "description": "", **_inlines(rows=[row], initial=1)}
    assert client.post(url, form).status_code == 302
    action = {"action": "delete_selected", "_selected_action": [team.pk], "post": "yes"}
    assert client.post("/admin/accounts/team/", action).status_code == 302
    assert not Team.objects.exists()
    assert _trail() == [
        ("create", "accounts.team"),
        ("create", "accounts.membership"),
        ("change", "accounts.team"),
        ("change", "accounts.membership"),
        ("delete", "accounts.membership"),
        ("delete", "accounts.team"),
    ]
    change = AuditEntry.objects.get(action="change", target_type="accounts.team")
    assert (change.before, change.after) == ({"name": "payments"}, {"name": "billing"})
    assert (change.user, change.address) == (administrator, "127.0.0.1")
    assert change.request_id
    gone = AuditEntry.objects.get(action="delete", target_type="accounts.membership")
    assert gone.before
    assert gone.before["role"] == "responder"
    assert gone.target_id == str(membership.pk)


def test_a_persons_page_reads_the_teams_once_for_all_memberships(client, administrator):
    def queries(number: int) -> int:
        person = make_person()
        for _ in range(number):
            Membership.objects.create(user=person, team=make_team(), role="viewer")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/admin/accounts/user/{person.pk}/change/").status_code == 200
        return len(seen)

    queries(1)  # what is read once per process
    few = queries(2)
    assert queries(20) <= few


def test_a_person_is_added_and_given_another_password(client, administrator):
    form = {
        "username": "ann",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert client.post("/admin/accounts/user/add/", form).status_code == 302
    ann = User.objects.get(username="ann")
    assert ann.check_password(PASSWORD)
    page = client.get(f"/admin/accounts/user/{ann.pk}/password/")
    assert page.status_code == 200
    form = {"usable_password": "true", "password1": "other-" + PASSWORD, "password2": "no"}
    assert client.post(f"/admin/accounts/user/{ann.pk}/password/", form).status_code == 200
    form["password2"] = form["password1"]
    assert client.post(f"/admin/accounts/user/{ann.pk}/password/", form).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password("other-" + PASSWORD)
    assert _trail() == [("create", "accounts.user"), ("change password", "accounts.user")]
    assert ann.password not in str(list(AuditEntry.objects.values("before", "after")))


def test_one_changes_the_own_password_and_logs_out(client):
    ann = make_person("viewer")
    client.force_login(ann)
    assert client.get("/admin/password_change/").status_code == 200
    new = "new-" + PASSWORD
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post("/admin/password_change/", form)
    assert (response.status_code, response["Location"]) == (302, "/admin/password_change/done/")
    assert client.get("/admin/password_change/done/").status_code == 200
    assert AuditEntry.objects.get().action == "change password"
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/admin/").status_code == 302
    assert client.login(username=ann.username, password=new, request=_request())


def _request():
    return Client().request().wsgi_request


def test_a_persons_hash_is_for_administrators_only_and_masked(client):
    ann = make_person("viewer")
    client.force_login(ann)
    page = client.get(f"/admin/accounts/user/{ann.pk}/change/").content.decode()
    assert "md5" not in page
    assert ann.password not in page


def test_a_key_is_shown_once(client, administrator):
    form = {"name": "prometheus", "scopes": ["alerts:write"], "rate_limit": 10}
    response = client.post(_KEYS + "add/", form)
    key = ApiKey.objects.get()
    assert response["Location"] == f"{_KEYS}{key.pk}/shown/"
    page = client.get(response["Location"])
    assert "no-store" in page["Cache-Control"]
    [text] = re.findall(r'id="api-key">(ops_[^<]+)<', page.content.decode())
    assert resolve_key(text, utc_now()).pk == key.pk
    again = client.get(response["Location"]).content.decode()
    change = client.get(f"{_KEYS}{key.pk}/change/").content.decode()
    for later in (again, change):
        assert text.split("_", 2)[2] not in later
        assert key.key_hash not in later
    assert key.created_by == administrator
    assert key.key_hash not in str(AuditEntry.objects.get().after)


def test_a_keys_secret_is_not_readable_in_the_session_store(client, administrator):
    client.post(_KEYS + "add/", {"name": "x", "scopes": ["alerts:write"]})
    kept = str(dict(client.session.items()))
    assert ApiKey.objects.get().prefix not in kept


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["nope"]}, {"rate_limit": 0}, {"expires_at_0": "2001-01-01"}],
)
def test_a_key_that_makes_no_sense_is_refused(client, administrator, wrong):
    form = {"name": "x", "scopes": ["alerts:write"], "expires_at_1": "00:00:00", **wrong}
    if "expires_at_0" not in form:
        del form["expires_at_1"]
    response = client.post(_KEYS + "add/", form)
    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_a_keys_scopes_change_and_it_is_revoked_but_never_deleted(client, administrator):
    key, text = make_key("alerts:write")
    form = {"name": "sender", "scopes": ["alerts:read"]}
    assert client.post(f"{_KEYS}{key.pk}/change/", form).status_code == 302
    assert resolve_key(text, utc_now()).scopes == ["alerts:read"]
    assert client.post(f"{_KEYS}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    action = {"action": "revoke", "_selected_action": [key.pk]}
    assert client.post(_KEYS, action).status_code == 302
    with pytest.raises(NotAuthenticatedError, match="revoked"):
        resolve_key(text, utc_now())
    assert _trail() == [(deed, "accounts.apikey") for deed in ("create", "change", "revoke")]


def test_a_team_admin_makes_and_revokes_keys_of_the_own_team_only(client):
    mine, other = make_team(), make_team()
    client.force_login(make_person("team_admin", mine))
    for team in ("", other.pk):
        form = {"name": "x", "scopes": ["alerts:write"], "team": team}
        assert client.post(_KEYS + "add/", form).status_code == 200
    assert not ApiKey.objects.exists()
    form = {"name": "x", "scopes": ["alerts:write"], "team": mine.pk}
    assert client.post(_KEYS + "add/", form).status_code == 302
    key = ApiKey.objects.get()
    theirs, _ = make_key("alerts:write", team=other)
    form["team"] = other.pk
    assert client.post(f"{_KEYS}{key.pk}/change/", form).status_code == 200
    assert client.post(f"{_KEYS}{theirs.pk}/change/", form).status_code == 403
    both = {"action": "revoke", "_selected_action": [key.pk, theirs.pk]}
    assert client.post(_KEYS, both).status_code == 403
    assert not ApiKey.objects.exclude(revoked_at=None).exists()
    assert client.post(_KEYS, {**both, "_selected_action": [key.pk]}).status_code == 302
    assert ApiKey.objects.exclude(revoked_at=None).get() == key


def test_the_list_of_keys_tells_their_state(client, administrator):
    make_key("alerts:write", name="good")
    make_key("alerts:write", name="soon", expires_at=utc_now() + timedelta(hours=1))
    ApiKey.objects.filter(name="soon").update(expires_at=utc_now())
    page = client.get(_KEYS).content.decode()
    assert "valid" in page
    assert "expired" in page


def test_the_history_of_a_row_is_its_audit_trail(client, administrator):
    team = make_team("payments")
    response = client.get(f"/admin/accounts/team/{team.pk}/history/", follow=True)
    assert response.status_code == 200
    assert response.request["PATH_INFO"] == reverse("admin:accounts_auditentry_changelist")


@pytest.mark.parametrize(
    "query",
    [
        {"id__in": "9" * 30},
        {"target_id": "a\0b"},
        {"at__gte": "9999-12-31T23:59:59-23:59"},
    ],
    ids=["number", "nul", "time"],
)
@pytest.mark.django_db(transaction=True)
def test_a_filter_that_no_database_takes_is_no_error(client, administrator, query):
    response = client.get("/admin/accounts/auditentry/", query, follow=True)
    assert response.status_code == 200


def test_nul_in_a_lookup_is_a_bad_request(client, administrator):
    field = {"app_label": "accounts", "model_name": "membership", "field_name": "user"}
    assert client.get("/admin/autocomplete/", {**field, "term": "a\0"}).status_code == 400


def test_a_username_longer_than_any_is_refused_before_it_is_noted(client, db):
    form = {"username": "a" * 5000, "password": "x"}
    assert client.post("/admin/login/", form).status_code == 200
    assert not AccessAttempt.objects.exists()


@pytest.mark.parametrize("text", ["x", "\0", "9999-12-31", "9" * 30, "-1", "\u00b2"])
def test_an_address_that_fills_in_rubbish_still_shows_the_form(client, administrator, text):
    answer = client.get("/admin/accounts/membership/add/", {"team": text, "user": text})
    assert answer.status_code == 200


def test_who_is_in_no_team_is_told_so_and_not_that_the_password_is_wrong(client, db):
    person = make_person()
    form = {"username": person.username, "password": PASSWORD}
    assert "You are in no team yet." in client.post("/admin/login/", form).text
    wrong = client.post("/admin/login/", {**form, "password": "x"}).text
    assert "correct username and password" in wrong
