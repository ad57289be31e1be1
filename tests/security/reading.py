"""Collectors asked without a database."""

from typing import Any

from opsportal.lib.aws import open_access
from opsportal.lib.aws.access import Access
from security.collectors import Collector
from security.models import CloudAccount
from security.normalise import Found, Settled, settle
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.collecting import NOW


def access(region: str = REGION) -> Access:
    """The tests' account, in a region (empty: global)."""
    return open_access(CloudAccount(account_id=ACCOUNT, regions=[REGION]), region, now=NOW)


def listed(collector: type[Collector]) -> dict[str, Found]:
    """Resource id -> what the listing has of it."""
    where = access(REGION if collector.regional else "")
    return {found.resource_id: found for page in collector.pages(where) for found in page}


def settled(found: Found, collector: type[Collector]) -> Settled:
    """In canonical form; every list is declared."""
    result = settle(found.config, collector.shape, secret=b"test")
    assert result.undeclared == frozenset()
    return result


def config_of(collector: type[Collector], resource_id: str) -> dict[str, Any]:
    """The configuration in canonical form: the listing and a single look say the same."""
    one = settled(listed(collector)[resource_id], collector)
    where = access(REGION if collector.regional else "")
    assert settled(collector.fetch(where, resource_id), collector) == one
    return one.config
