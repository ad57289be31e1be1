"""What every test runs with: real parts, and nothing beyond this machine."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.signals import setting_changed
from django.db import connection
from hypothesis import settings as hypothesis_settings

from alerts.intake import doors
from alerts.keep import forget_failures
from alerts.policy import forget_policy
from alerts.submit import shared_commits
from chronos.names import forget_names
from chronos.partitions import forget_partitions
from chronos.unify import forget_aliases
from opsportal.lib.registry import plugins
from tests.portal import Portal, running_portal
from tests.postgres import PostgresServer, find_binaries, new_database

# A busy machine is slow, and no fault of the code.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")
# Playwright keeps an event loop running in the thread of the tests that use it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _check(sock: socket.socket, address: object) -> None:
    if sock.family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return
    host = str(address[0])
    try:
        local = ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise AssertionError(f"a test reached out to {address}")


def _local_connect(self: socket.socket, address: object) -> None:
    _check(self, address)
    _connect(self, address)  # type: ignore[arg-type]


def _local_connect_ex(self: socket.socket, address: object) -> int:
    _check(self, address)
    return _connect_ex(self, address)  # type: ignore[arg-type]


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _local_connect)
    patch.setattr(socket.socket, "connect_ex", _local_connect_ex)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()
    # What a test has stored is rolled back, and its ids come again.
    forget_policy()
    forget_failures()
    forget_names()
    forget_aliases()
    forget_partitions()


@pytest.fixture(autouse=True)
def _fresh_registry(settings: object) -> Iterator[None]:
    """A test that changes a plug-in setting sees its own plug-ins, the next one does not."""

    def forget(**_: object) -> None:
        plugins.cache_clear()
        doors.cache_clear()

    forget()  # the last test's settings were put back after this had ended
    setting_changed.connect(forget)
    yield
    setting_changed.disconnect(forget)


@pytest.fixture(scope="session")
def postgres_binaries() -> Path:
    """Where PostgreSQL's programs are; the test is skipped where there are none."""
    found = find_binaries()
    if found is None:
        pytest.skip("no PostgreSQL is installed")
    return found


@pytest.fixture
def postgres_server(postgres_binaries: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server of the test's own, to stop and start."""
    server = PostgresServer(postgres_binaries)
    yield server
    server.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Before the database goes, the thread that writes for intake leaves it."""
    yield
    shared_commits.close()


@pytest.fixture
def database_env() -> Iterator[dict[str, str]]:
    """A portal of its own on what the suite runs on: SQLite, or PostgreSQL and Redis."""
    if connection.vendor == "sqlite":
        yield {}
        return
    redis = os.environ.get("OPSPORTAL_REDIS_URL", "")
    with new_database(os.environ["OPSPORTAL_DATABASE_URL"]) as url:
        yield {"OPSPORTAL_DATABASE_URL": url, "OPSPORTAL_REDIS_URL": redis}


@pytest.fixture
def portal(tmp_path: Path, database_env: dict[str, str]) -> Iterator[Portal]:
    """The real portal, in processes of its own."""
    with running_portal(tmp_path, database_env) as running:
        yield running
