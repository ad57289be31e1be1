"""The pages of what belongs to a sender's key: which keys they offer, what they say when empty."""

import pytest
from django.urls import reverse

from tests.accounts.people import make_key, make_person, make_team

pytestmark = pytest.mark.django_db
OF_KEYS = ("snstopic", "signingsecret")


@pytest.mark.parametrize("page", OF_KEYS)
def test_only_keys_that_may_send_are_offered(client, page):
    team = make_team()
    ours, readers = make_key("alerts:write", team=team)[0], make_key("alerts:read", team=team)[0]
    theirs = make_key("alerts:write")[0]
    url = reverse(f"admin:alerts_{page}_add")
    client.force_login(make_person("administrator"))
    shown = client.get(url).text
    assert (ours.prefix in shown, theirs.prefix in shown, readers.prefix in shown) == (
        True, True, False,
    )  # fmt: skip
    client.force_login(make_person("team_admin", team))
    shown = client.get(url).text
    assert (ours.prefix in shown, theirs.prefix in shown) == (True, False)


@pytest.mark.parametrize("page", [*OF_KEYS, "sender", "rawdelivery", "mapping"])
def test_an_empty_list_says_how_it_fills(client, page):
    client.force_login(make_person("administrator"))
    url = reverse(f"admin:alerts_{page}_changelist")
    assert "Nothing here yet" in client.get(url).text
    searched = client.get(url, {"q": "nothing"}).text
    assert ("Nothing found" in searched, "Nothing here yet" in searched) == (True, False)
