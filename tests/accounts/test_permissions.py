"""Roles and scopes."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from opsportal.accounts.keys import SCOPES
from opsportal.accounts.permissions import (
    can_administer,
    can_respond,
    can_view,
    is_administrator,
    request_can_respond,
    scoped,
)
from tests.accounts.people import make_key, make_person, make_team

pytestmark = pytest.mark.django_db
VIEW: Any = None


def _request() -> Any:
    return RequestFactory().get("/")


@pytest.mark.parametrize(
    ("role", "sees", "responds", "administers"),
    [
        ("", False, False, False),
        ("viewer", True, False, False),
        ("responder", True, True, False),
        ("team_admin", True, True, True),
        ("administrator", True, True, True),
    ],
)
def test_each_role_may_do_what_the_one_before_may(role, sees, responds, administers):
    team, other = make_team(), make_team()
    person = make_person(role, team)
    everywhere = role == "administrator"
    assert can_view(person) is sees
    assert can_respond(person, team.pk) is responds
    assert can_respond(person, None) is responds
    assert can_respond(person, other.pk) is everywhere
    assert can_administer(person, team.pk) is administers
    assert can_administer(person, other.pk) is everywhere
    assert can_administer(person, None) is everywhere
    assert is_administrator(person) is everywhere


@pytest.mark.parametrize("role", ["team_admin", "administrator"])
def test_who_is_not_active_may_nothing(role):
    team = make_team()
    person = make_person(role, team)
    person.is_active = False
    for answer in (can_view(person), can_respond(person, team.pk), can_administer(person, team.pk)):
        assert answer is False
    assert not person.has_perm("accounts.enter_portal")


def test_a_stranger_may_nothing():
    stranger = AnonymousUser()
    assert not (can_view(stranger))
    assert not (can_respond(stranger, None))
    assert not (is_administrator(stranger))


def test_roles_are_django_permissions():
    team, other = make_team(), make_team()
    person = make_person("team_admin", team)
    mine, theirs = (make_key("alerts:read", team=t)[0] for t in (team, other))
    assert person.has_perm("accounts.enter_portal")
    assert person.has_perm("alerts.view_alert")
    assert person.has_perm("accounts.change_apikey")
    assert person.has_perm("accounts.change_apikey", mine)
    assert not person.has_perm("accounts.change_apikey", theirs)
    assert not person.has_perm("accounts.change_user")
    assert not person.has_perm("axes.view_accessattempt")
    assert not make_person("viewer").has_perm("accounts.change_apikey")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_lets_in_the_keys_that_have_it(scope):
    permission = scoped(scope)()
    for granted in SCOPES:
        request = _request()
        request.auth = make_key(granted)[0]
        request.user = AnonymousUser()
        assert permission.has_permission(request, VIEW) is (granted == scope)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", ["", "viewer", "responder", "team_admin", "administrator"])
def test_a_scope_lets_in_the_people_whose_role_matches(scope, role):
    request = _request()
    request.auth, request.user = None, make_person(role)
    reads = scope.endswith(":read") or scope == "subscriptions:write"  # of their own
    expected = role not in {"", "viewer"} or (reads and role == "viewer")
    assert scoped(scope)().has_permission(request, VIEW) is expected


def test_a_scope_nobody_knows_stops_the_start():
    with pytest.raises(LookupError):
        scoped("alerts:everything")


def test_a_teams_key_responds_as_its_team_would():
    team, other = make_team(), make_team()
    request = _request()
    request.auth, _ = make_key("alerts:respond", team=team)
    assert request_can_respond(request, team.pk)
    assert request_can_respond(request, None)
    assert not request_can_respond(request, other.pk)
    request.auth, _ = make_key("alerts:respond")
    assert request_can_respond(request, other.pk)
    request.auth, _ = make_key("alerts:read")
    assert not request_can_respond(request, None)
