"""Guessing passwords."""

import pytest
import time_machine
from axes.models import AccessAttempt
from django.test import Client

from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import PASSWORD, make_person

pytestmark = pytest.mark.django_db


def _try(person, password: str, **extra):
    form = {"username": person.username, "password": password}
    return Client().post("/admin/login/", form, **extra)


def test_five_wrong_passwords_lock_the_name_for_that_address(settings):
    ann, bob = make_person("viewer"), make_person("viewer")
    answers = [_try(ann, "wrong").status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 429, 429]
    refused = _try(ann, PASSWORD)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "900"
    assert b"15m" in refused.content
    assert b"Too many attempts" in refused.content
    # Others, and the same name from elsewhere, are not shut out.
    assert _try(bob, PASSWORD).status_code == 302
    assert _try(ann, PASSWORD, REMOTE_ADDR="192.0.2.9").status_code == 302


def test_a_name_that_does_not_exist_is_locked_just_the_same():
    class Nobody:
        username = "nobody"

    answers = [_try(Nobody, "wrong").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]


def test_the_lock_ends_by_itself_and_success_forgets_the_failures():
    ann = make_person("viewer")
    with time_machine.travel(utc_now(), tick=False) as clock:
        for _ in range(6):
            _try(ann, "wrong")
        assert _try(ann, PASSWORD).status_code == 429
        clock.shift(15 * 60 + 1)
        assert _try(ann, PASSWORD).status_code == 302
        assert not AccessAttempt.objects.exists()


def test_four_failures_and_a_success_start_from_zero():
    ann = make_person("viewer")
    for _ in range(2):
        for _ in range(4):
            assert _try(ann, "wrong").status_code == 200
        assert _try(ann, PASSWORD).status_code == 302


def test_a_forwarded_address_does_not_get_around_the_lock():
    ann = make_person("viewer")
    for number in range(6):
        last = _try(ann, "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    assert last.status_code == 429


def test_behind_a_trusted_proxy_the_forwarded_address_counts(settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    ann = make_person("viewer")
    for _ in range(5):
        last = _try(ann, "wrong", HTTP_X_FORWARDED_FOR="192.0.2.1")
    assert last.status_code == 429
    assert _try(ann, PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.2").status_code == 302


def test_no_password_that_was_tried_is_kept():
    _try(make_person("viewer"), "hunter2-attempt")
    kept = str(AccessAttempt.objects.values().get())
    assert "hunter2-attempt" not in kept


def test_an_administrator_lifts_the_lock_on_the_record(client):
    ann = make_person("viewer")
    for _ in range(6):
        _try(ann, "wrong")
    client.force_login(make_person("administrator"))
    chosen = list(AccessAttempt.objects.values_list("pk", flat=True))
    action = {"action": "lift", "_selected_action": chosen}
    assert client.post("/admin/axes/accessattempt/", action).status_code == 302
    assert _try(ann, PASSWORD).status_code == 302
    assert AuditEntry.objects.get().action == "lift lock"
