"""Ranges of addresses from the environment."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from opsportal.lib.env import env_networks


def test_a_range_that_is_none_stops_the_start_and_names_the_variable(monkeypatch):
    monkeypatch.setenv("OPSPORTAL_OUTBOUND_ALLOW", "10.0.0.0/8, 10.0.0.0/99")
    with pytest.raises(ImproperlyConfigured, match=r"OPSPORTAL_OUTBOUND_ALLOW: '10.0.0.0/99'"):
        env_networks("OUTBOUND_ALLOW")
    monkeypatch.setenv("OPSPORTAL_OUTBOUND_ALLOW", "10.1.2.3/8,::1")
    assert env_networks("OUTBOUND_ALLOW") == ["10.1.2.3/8", "::1"]
