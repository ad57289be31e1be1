"""Lamps."""

import pytest

from tests.safety.executors import Lamp, arm


@pytest.fixture
def lamp(db, settings):
    """The executor, with its locks closed."""
    settings.REMEDIATIONS = ["tests.safety.executors.Lamp"]
    Lamp.forget()
    return Lamp


@pytest.fixture
def armed(lamp):
    """The executor, with its locks open."""
    arm()
    return lamp


@pytest.fixture
def data_dir(settings, tmp_path):
    """A data directory of the test's own, for the file."""
    settings.DATA_DIR = tmp_path
    return tmp_path
