"""Questions about freezes mean those that are set up."""

from datetime import timedelta

import pytest

from chronos.ask import Reference
from chronos.references import FreezeReference
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key
from tests.chronos.freezing import NOW, deployed, later, make_freeze

pytestmark = pytest.mark.django_db


def test_a_freeze_is_each_time_that_it_held_the_newest_first_and_not_what_comes():
    make_freeze(
        recurrence="FREQ=DAILY", duration=timedelta(hours=2), starts_at=later(days=-2),
        ends_at=None, match='environment="prod"',
    )  # fmt: skip
    make_freeze(name="later", starts_at=later(days=1), ends_at=later(days=2))
    found = FreezeReference().find(Reference("freeze"), now=later(hours=1))
    assert [one.start for one in found] == [NOW, later(days=-1), later(days=-2)]
    assert found[0].end == later(hours=2)
    asked = Reference("freeze", environment="staging")
    assert FreezeReference().find(asked, now=NOW) == []
    asked = Reference("freeze", service="api", environment="prod")
    assert len(FreezeReference().find(asked, now=later(hours=1))) == 3


def test_deploys_during_freeze_are_found_in_words(client):
    now = utc_now()
    make_freeze(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    deployed(1, now=now, started_at=now - timedelta(minutes=90), status="succeeded")
    deployed(2, now=now, started_at=now - timedelta(minutes=30), status="succeeded")
    key = make_key("events:read")[1]
    answer = client.get("/api/v1/ask", {"q": "deploys during freeze"}, headers=bearer(key))
    assert answer.status_code == 200
    assert "api 1" in answer.content.decode()
    assert "api 2" not in answer.content.decode()
