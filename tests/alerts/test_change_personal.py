"""A person is reached by a channel of their own, made at first need and once."""

import threading
from typing import Any

import pytest
from django.db import connections, transaction

from alerts.change.personal import personal_channel
from alerts.models import Channel, PolicyVersion
from opsportal.accounts.models import AuditEntry, User
from tests.accounts.people import make_person
from tests.alerts.makers import NOW, make_channel


def person(**fields) -> User:
    return make_person(**{"email": "jo@example.org", "username": "jo"} | fields)


@pytest.mark.django_db
def test_the_first_own_channel_that_is_on_is_taken():
    jo = person()
    make_channel("off", user=jo, enabled=False)
    first = make_channel("first", user=jo)
    make_channel("second", user=jo)
    make_channel("ops")
    assert personal_channel(jo, now=NOW) == first


@pytest.mark.django_db
def test_without_one_a_channel_is_made_of_the_address_and_kept():
    jo = person()
    made = personal_channel(jo, now=NOW)
    assert made is not None
    assert (made.name, made.kind, made.user) == ("jo's e-mail", "email", jo)
    assert made.settings == {"to": ["jo@example.org"]}
    assert personal_channel(jo, now=NOW) == made
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.after["user"]) == ("create", "opsportal", "jo")
    assert PolicyVersion.objects.get().kind == "channel"


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"email": ""}, {"email": "nonsense"}, {"is_active": False}])
def test_who_has_no_usable_address_or_has_left_cannot_be_reached(fields):
    assert personal_channel(person(**fields), now=NOW) is None
    assert not Channel.objects.exists()


@pytest.mark.django_db
def test_a_switched_off_mail_channel_is_not_made_again():
    jo = person()
    Channel.objects.filter(pk=personal_channel(jo, now=NOW).pk).update(enabled=False)
    assert personal_channel(jo, now=NOW) is None
    assert Channel.objects.count() == 1


@pytest.mark.django_db
def test_long_names_fit_and_taken_names_are_stepped_around():
    long = person(username="j" * 150)
    assert personal_channel(long, now=NOW).name == "j" * 91 + "'s e-mail"
    jo = person()
    make_channel("jo's e-mail")
    assert personal_channel(jo, now=NOW).name == f"jo's e-mail ({jo.pk})"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_inside_their_transactions_make_one():
    jo = person()
    found: list[Any] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        try:
            with transaction.atomic():
                channel = personal_channel(jo, now=NOW)
                found.append(channel and channel.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Channel.objects.get().pk] * 8
