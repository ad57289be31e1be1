"""Where a request comes from."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from opsportal.lib.addresses import client_address


def _address(peer: str, forwarded: str = "") -> str | None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


@pytest.mark.parametrize("forwarded", ["", "203.0.113.9", "203.0.113.9, 10.0.0.2"])
def test_nobody_is_believed_unless_settings_say_so(forwarded):
    assert _address("198.51.100.1", forwarded) == "198.51.100.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        # What the client itself wrote stands further left and is not believed.
        ("10.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.7", "10.0.0.7"),
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "203.0.113.9", None),
    ],
)
def test_a_trusted_proxy_is_believed_one_hop_at_a_time(settings, peer, forwarded, expected):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert _address(peer, forwarded) == expected


def test_a_bad_network_names_the_setting(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/99"]
    with pytest.raises(ImproperlyConfigured, match="OPSPORTAL_TRUSTED_PROXIES"):
        _address("10.0.0.1")
