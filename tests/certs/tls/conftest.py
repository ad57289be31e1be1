"""Chains that many tests serve."""

import pytest

from tests.certs.pki import Issued, intermediate


@pytest.fixture(scope="session")
def issuer() -> Issued:
    """An authority below a root."""
    return intermediate()


@pytest.fixture(scope="session")
def issued(issuer: Issued) -> Issued:
    """A chain of two."""
    return issuer.issue("a.test")
