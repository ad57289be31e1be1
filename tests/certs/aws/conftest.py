"""A cloud on this machine."""

from collections.abc import Iterator

import pytest

from opsportal.lib.aws.access import forget_clients
from opsportal.lib.aws.pace import forget_pace
from tests.alerts.moto import CREDENTIALS, Cloud, moto_cloud


@pytest.fixture(scope="session")
def _moto() -> Iterator[Cloud]:
    with moto_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(_moto: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud, empty, and the portal's environment pointing at it."""
    _moto.reset()
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": _moto.url}.items():
        monkeypatch.setenv(name, value)
    forget_clients()
    forget_pace()
    yield _moto
    forget_clients()
