"""The allowance of a key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from opsportal.accounts.models import KeyUse
from opsportal.accounts.throttle import spend
from opsportal.lib.errors import RateLimitedError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key

START = utc_now().replace(second=20, microsecond=0)


@pytest.mark.django_db
def test_a_key_without_a_limit_is_not_counted():
    key, _ = make_key("alerts:write")
    spend(key, START)
    assert not KeyUse.objects.exists()


@pytest.mark.django_db
def test_the_allowance_is_of_one_minute_and_retry_after_says_when_the_next_begins():
    key, _ = make_key("alerts:write", rate_limit=2)
    spend(key, START)
    spend(key, START)
    with pytest.raises(RateLimitedError) as refused:
        spend(key, START)
    assert refused.value.retry_after == 40
    spend(key, START + timedelta(seconds=40))


@pytest.mark.django_db
def test_refusals_are_not_counted():
    key, _ = make_key("alerts:write", rate_limit=1)
    spend(key, START)
    for _ in range(3):
        with pytest.raises(RateLimitedError):
            spend(key, START)
    assert KeyUse.objects.get().count == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_do_not_exceed_the_allowance():
    key, _ = make_key("alerts:write", rate_limit=10)

    def attempt(_: int) -> bool:
        try:
            spend(key, START)
        except RateLimitedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(30))) == 10
