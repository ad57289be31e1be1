"""Ranges of addresses, and choices, from the environment."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from opsportal.lib.env import env_choices, env_networks


def test_a_range_that_is_none_stops_the_start_and_names_the_variable(monkeypatch):
    monkeypatch.setenv("OPSPORTAL_OUTBOUND_ALLOW", "10.0.0.0/8, 10.0.0.0/99")
    with pytest.raises(ImproperlyConfigured, match=r"OPSPORTAL_OUTBOUND_ALLOW: '10.0.0.0/99'"):
        env_networks("OUTBOUND_ALLOW")
    monkeypatch.setenv("OPSPORTAL_OUTBOUND_ALLOW", "10.1.2.3/8,::1")
    assert env_networks("OUTBOUND_ALLOW") == ["10.1.2.3/8", "::1"]


def test_what_is_not_among_the_choices_stops_the_start_and_names_them(monkeypatch):
    known = ("discord", "tgram")
    monkeypatch.delenv("OPSPORTAL_APPRISE_SCHEMES", raising=False)
    assert env_choices("APPRISE_SCHEMES", known) == ["discord", "tgram"]
    monkeypatch.setenv("OPSPORTAL_APPRISE_SCHEMES", "tgram")
    assert env_choices("APPRISE_SCHEMES", known) == ["tgram"]
    monkeypatch.setenv("OPSPORTAL_APPRISE_SCHEMES", "tgram, json")
    with pytest.raises(ImproperlyConfigured, match=r"json cannot be chosen; known: discord, tgram"):
        env_choices("APPRISE_SCHEMES", known)
