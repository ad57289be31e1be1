"""A cloud on this machine."""

from collections.abc import Iterator

import pytest

from opsportal.lib.aws import access as clients
from opsportal.lib.aws.pace import forget_pace
from tests.alerts.moto import CREDENTIALS, Cloud, moto_cloud


@pytest.fixture(scope="session")
def _moto() -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch, moto_cloud() as cloud:
        # As in tests/security/conftest.py.
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        yield cloud


@pytest.fixture
def cloud(_moto: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud, empty, and the portal's environment pointing at it."""
    _moto.reset()
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": _moto.url}.items():
        monkeypatch.setenv(name, value)
    forget()
    forget_pace()
    yield _moto
    forget()


def forget() -> None:
    """Clients and credentials; the session stays, which takes long to read what services can do."""
    clients._clients.clear()
    clients._credentials.clear()
