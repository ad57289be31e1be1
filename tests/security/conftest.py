"""A cloud on this machine, and accounts in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsportal.lib.aws.access import forget_clients
from opsportal.lib.aws.pace import forget_pace
from security.collectors import iam_credentials
from security.collectors.sharing import forget_sharing
from tests.alerts.moto import CREDENTIALS, Cloud, moto_cloud
from tests.security.things import THINGS, Sky, Things


@pytest.fixture(scope="session")
def _moto() -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch, moto_cloud() as cloud:
        # Each account would own some 1,300 snapshots, one for each image of Amazon's.
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        yield cloud


@pytest.fixture
def cloud(_moto: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The cloud, empty, and the portal's environment pointing at it."""
    _moto.reset()
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": _moto.url}.items():
        monkeypatch.setenv(name, value)
    # moto's report is made while one asks for it.
    monkeypatch.setattr(iam_credentials, "WAITS", (0, 0, 0))
    forget_clients()
    forget_pace()
    forget_sharing()
    return _moto


@pytest.fixture
def sky(settings: Any) -> Sky:
    """A cloud of the test's own, of which things are the only technology."""
    settings.COLLECTORS = [THINGS]
    settings.AUDITORS = []
    forget_clients()
    Things.sky = Sky()
    return Things.sky
