"""What people do to a certificate on its page."""

import pytest

from tests.accounts.people import make_person, make_team
from tests.certs.inventory import make_inventory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows():
    return make_inventory()


def test_who_responds_for_it_retires_it_and_takes_it_back(client, rows):
    row, team = rows["api"], rows["api"].team
    path = f"{row.get_absolute_url()}retire/"
    client.force_login(make_person("responder"))
    assert client.post(path, {"reason": "x"}).status_code == 403
    person = make_person("responder", team)
    client.force_login(person)
    assert client.get(path).status_code == 405
    for reason in ("", "\0", "x" * 1001):
        assert client.post(path, {"reason": reason}).status_code == 302
        row.refresh_from_db()
        assert row.retired_at is None
    client.post(path, {"reason": "moved <b>away</b>"})
    row.refresh_from_db()
    assert (row.retired_by, row.retired_reason) == (person.username, "moved <b>away</b>")
    text = client.get(row.get_absolute_url()).content.decode()
    assert "Take back" in text
    assert "<b>away</b>" not in text
    client.post(path, {"back": "1"})
    row.refresh_from_db()
    assert row.retired_at is None


def test_who_responds_for_it_says_whose_it_is(client, rows):
    path = f"{rows['shop'].get_absolute_url()}own/"
    client.force_login(make_person("responder", make_team("payments")))
    for team in ("", "nobody like that", "a\0"):
        assert client.post(path, {"team": team}).status_code == 302
    client.post(path, {"team": "web", "environment": "test", "service": "shop\0"})
    rows["shop"].refresh_from_db()
    assert rows["shop"].team is None
    client.post(path, {"team": "web", "environment": "test", "service": "shop"})
    rows["shop"].refresh_from_db()
    assert (str(rows["shop"].team), rows["shop"].environment) == ("web", "test")
    assert rows["shop"].owner_pinned
    client.force_login(make_person("administrator"))
    client.post(path, {"back": "1"})
    rows["shop"].refresh_from_db()
    assert not rows["shop"].owner_pinned
