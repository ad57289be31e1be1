"""A client of Alerta, for every test here."""

import pytest

from tests.alerts.alerta.client import Alerta


@pytest.fixture
def alerta():
    return Alerta()
